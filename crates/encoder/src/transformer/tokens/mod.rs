//! Text into the ids of a model, with the marks that it wants around them.
#![forbid(unsafe_code)]

mod pieces;
mod list;
#[cfg(feature = "tokenizers")]
mod library;
mod marks;

use std::path::Path;

use serde_json::Value;

use super::{LoadError, json, json::Document};
use crate::wordpiece::WordPiece;
use marks::Marks;

/// The tokenizer of a folder.
#[derive(Debug)]
pub(super) struct Tokenizer {
    vocabulary: Vocabulary,
    marks: Marks,
}

/// A tokenizer, and all that its ids depend on, for the model's fingerprint.
pub(super) type Identified = (Tokenizer, Vec<u8>);

/// Who cuts a text.
#[derive(Debug)]
enum Vocabulary {
    /// BERT's word pieces, by our own code.
    Pieces(Box<WordPiece>),
    /// Everything else, by the crate `tokenizers`.
    #[cfg(feature = "tokenizers")]
    Library(Box<library::Library>),
}

/// A text, ready to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
    /// Tokens at the end of the text for which the model had no room.
    cut: usize,
}

impl Tokens {
    /// Length of the sequence, marks included: what it costs.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The ids of the sequence, marks included.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Never true: a text without a token has no [`Tokens`].
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Tokens at the end of the text that were left out.
    pub fn cut(&self) -> usize {
        self.cut
    }
}

impl Tokenizer {
    /// Reads `tokenizer.json`, else the lists that older folders have instead: `vocab.txt`, or `vocab.json` with
    /// `merges.txt`. Settings for padding and truncation are not the model's, and are not used.
    pub(super) fn read(folder: &Path, vocabulary: usize) -> Result<Identified, LoadError> {
        let path = folder.join("tokenizer.json");
        if !path.exists() {
            if folder.join(list::WORD_PIECES).exists() {
                return list::word_pieces(folder, vocabulary);
            }
            if folder.join(list::MERGES).exists() {
                return list::byte_pairs(folder, vocabulary);
            }
        }
        let bytes = json::bytes(&path)?;
        let tokenizer = Self::of(Document::parse(path, &bytes)?, vocabulary)?;
        Ok((tokenizer, bytes))
    }

    fn of(document: Document, size: usize) -> Result<Self, LoadError> {
        let marks = Marks::of(&document, size)?;
        let vocabulary = match pieces::read(&document, size)? {
            Some(pieces) => Vocabulary::Pieces(Box::new(pieces)),
            None => other(document, size)?,
        };
        Ok(Self { vocabulary, marks })
    }

    /// At least the number of tokens that the text has in this model, marks not counted.
    pub(super) fn count(&self, text: &str) -> usize {
        match &self.vocabulary {
            Vocabulary::Pieces(pieces) => pieces.count(text),
            #[cfg(feature = "tokenizers")]
            Vocabulary::Library(library) => library.count(text),
        }
    }

    /// Tokens that every sequence has besides those of its text.
    pub(super) fn marks(&self) -> usize {
        self.marks.before.len() + self.marks.after.len()
    }

    /// None if the text has no token that the model knows: all such texts would have one vector.
    pub(super) fn encode(&self, (prompt, text): (&str, &str), most: usize) -> Option<Tokens> {
        let mut ids = self.marks.before.clone();
        match &self.vocabulary {
            Vocabulary::Pieces(pieces) => {
                pieces.encode(prompt, &mut ids);
                let start = ids.len();
                pieces.encode(text, &mut ids);
                if ids[start..].iter().all(|&id| id == pieces.unknown()) {
                    return None;
                }
            }
            #[cfg(feature = "tokenizers")]
            Vocabulary::Library(library) => library.encode((prompt, text), &mut ids)?,
        }
        let room = most - self.marks.after.len();
        let cut = ids.len().saturating_sub(room);
        ids.truncate(room);
        ids.extend(&self.marks.after);
        Some(Tokens { ids, cut })
    }
}

#[cfg(feature = "tokenizers")]
fn other(document: Document, size: usize) -> Result<Vocabulary, LoadError> {
    Ok(Vocabulary::Library(Box::new(library::Library::read(document, size)?)))
}

#[cfg(not(feature = "tokenizers"))]
#[expect(clippy::needless_pass_by_value, reason = "the other build takes the document apart")]
fn other(document: Document, _: usize) -> Result<Vocabulary, LoadError> {
    let expected =
        "the word pieces of BERT (this program was built without the feature `tokenizers`)";
    Err(document.unexpected("model", expected))
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}
