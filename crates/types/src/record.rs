//! A chunk, and a chunk with what became of its embedding.

use crate::block::{Metadata, Span};
use crate::document::OwnLabel;
use crate::embedding::Embedding;
use crate::failure::Failure;
use crate::seam::ModelNumber;

/// A passage of a document: what is embedded, stored and found.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Position in its document, from 0 without gaps.
    pub seq: u32,
    /// UUID version 8, a function of document, place, text and chunk settings.
    pub id: [u8; 16],
    /// Headings included; the vector is of exactly this text.
    pub text: String,
    /// First 16 bytes of the BLAKE3 of `text`.
    pub text_hash: [u8; 16],
    /// In the embedder's count.
    pub tokens: u32,
    /// Set only where the record itself says it.
    pub label: OwnLabel,
    /// Outermost heading above the chunk.
    pub chapter: Option<String>,
    /// All headings above the chunk, joined with ` > `.
    pub section: Option<String>,
    /// From 1.
    pub page: Option<u32>,
    pub span: Span,
    pub weight: f32,
    pub metadata: Metadata,
}

/// What became of a chunk's embedding.
#[derive(Debug, Clone, PartialEq)]
pub enum Vector {
    /// Made or recalled for exactly this text.
    Present(Embedding),
    /// The same, by a routed model of the store.
    Routed(ModelNumber, Embedding),
    /// The model knows nothing in the text: stored, found by keywords only.
    Absent,
    /// The model refuses the text: not stored, becomes a dead letter of its own.
    Refused(Failure),
}

/// A chunk on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub chunk: Chunk,
    pub vector: Vector,
}

impl Record {
    /// Bytes that the record holds, for the memory budget.
    pub fn bytes(&self) -> usize {
        let vector = match &self.vector {
            Vector::Present(e) | Vector::Routed(_, e) => e.values().len() * 4,
            Vector::Absent | Vector::Refused(_) => 0,
        };
        self.chunk.bytes() + vector
    }
}

impl Chunk {
    /// Bytes that the chunk holds, for the memory budget.
    pub fn bytes(&self) -> usize {
        let words =
            [&self.chapter, &self.section].into_iter().flatten().map(String::len).sum::<usize>();
        size_of::<Self>() + self.text.len() + self.metadata.0.len() + words
    }
}
