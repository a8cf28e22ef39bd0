//! What a parser pushes: the structure of a document in reading order.

use crate::document::OwnLabel;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// Byte offsets `start..end`. In text formats they point into the source's bytes as stored on disk;
/// in formats whose text is extracted (PDF, office, HTML, EPUB) into the extracted text of the document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: u64,
    pub end: u64,
}

/// How a piece of text may be cut and joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextKind {
    Paragraph,
    ListItem,
    /// One row or a few rows of a table, cells separated by ` | `.
    TableRow,
    /// Source code or preformatted text: cut at line ends only, white space kept.
    Code,
}

/// One step of a document. A parser pushes them in reading order; no block needs a whole document in
/// memory, and a parser cuts a text of more than [`TEXT_BYTES_MAX`] bytes into several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Block {
    /// A document of its own inside the file begins (an item of JSON, JSON Lines, CSV).
    Item(Item),
    /// One item of the file cannot be read; it fails alone, as the document `FILE#id`, and the rest goes on.
    BadItem {
        id: String,
        failure: Failure,
    },
    /// The title of the document, from its metadata or its front matter.
    Title(String),
    /// Labels and further fields that the document itself carries (front matter, meta tags).
    Front {
        label: OwnLabel,
        metadata: Metadata,
    },
    /// `level` 1 is the outermost.
    Heading {
        level: u8,
        text: String,
        span: Span,
    },
    Text {
        kind: TextKind,
        text: String,
        span: Span,
    },
    /// What follows stands on this page (slide, sheet), counted from 1.
    Page(u32),
    /// Text with its own labels, as custom parsers write it; never joined with its neighbours.
    Record(Labelled),
    /// Something inside is damaged; the rest goes on. Shown to the user, without document text.
    Warning(String),
}

/// No text block is longer; longer ones are cut at white space, or at a character boundary without any.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A JSON object as text; empty when there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata(pub String);

impl Metadata {
    /// The object's text, `{}` when there is nothing.
    pub fn as_json(&self) -> &str {
        if self.0.is_empty() { "{}" } else { &self.0 }
    }
}

/// Head of an item document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its `id` field, else a hash of the record: never a line number.
    pub id: String,
    pub title: Option<String>,
    pub label: OwnLabel,
    pub metadata: Metadata,
    /// BLAKE3 of the record as it stands in the file.
    pub content: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    pub text: String,
    pub label: OwnLabel,
    pub section: Option<String>,
    pub page: Option<u32>,
    pub metadata: Metadata,
}
