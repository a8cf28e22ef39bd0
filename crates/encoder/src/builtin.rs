//! The built-in model: a text's vector is the weighted sum of the vectors of its word pieces.
//!
//! It knows no word order, is English first, and is worth most beside a lexical search: what it scores is in
//! `models/builtin/README.md`. Words outside Latin script, for which the vocabulary has little more than
//! letters, get vectors made of their character n-grams instead (`ngrams.rs`): likeness, not meaning.
#![forbid(unsafe_code)]

mod foreign;
mod ngrams;
mod tally;

#[cfg(test)]
mod tests;

use foreign::Foreign;
use tally::Tally;

use crate::{
    kernels::Kernels,
    table::{Table, TableError},
    wordpiece::{VocabularyError, WordPiece},
};

const VOCABULARY: &str = include_str!("../data/vocab.txt");
const TABLE: &[u8] = include_bytes!("../data/table256.safetensors");

/// Weight of a word's n-gram vector beside a word piece's. Measured on six languages: 0.5 and 1 are equally
/// good on the average, and 0.5 disturbs mixed texts less.
const FOREIGN_WEIGHT: f32 = 0.5;

/// Embeds texts. Needs no network, no file and no lock: share one among threads, give each a [`Scratch`].
#[derive(Debug)]
pub struct Builtin {
    words: WordPiece,
    table: Table,
    kernels: Kernels,
}

/// Memory that a thread uses again for every text. What was in it never changes a result.
#[derive(Debug, Default)]
pub struct Scratch {
    ids: Vec<u32>,
    tally: Tally,
    foreign: Foreign,
    grams: ngrams::Counters,
}

/// Why a vocabulary and a table make no model.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ModelError {
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the table has {rows} rows, the vocabulary {pieces} pieces")]
    Pieces { rows: usize, pieces: usize },
}

impl Builtin {
    /// Length of a vector.
    pub const DIMENSIONS: usize = 256;

    /// Names the model in a store. Vectors of one revision are equal to the bit wherever they were made; it
    /// changes with the table, the vocabulary (their checksum is its end) and with the rule of pooling (the
    /// number before it).
    pub const REVISION: &str = "static256-1-07fa87b63077ae8b";

    /// The model that comes with the program. Takes some milliseconds and 8 MB.
    pub fn load() -> Self {
        Self::read(VOCABULARY, TABLE)
            .expect("the files in the program are those that its tests have read")
    }

    /// A model from other files: one line a piece, and a table as [`Table`] describes it.
    pub fn read(vocabulary: &str, table: &[u8]) -> Result<Self, ModelError> {
        let (words, table) = (WordPiece::new(vocabulary)?, Table::read(table)?);
        if words.pieces() != table.rows() {
            return Err(ModelError::Pieces { rows: table.rows(), pieces: words.pieces() });
        }
        Ok(Self { words, table, kernels: Kernels::detected() })
    }

    /// The same model on another instruction set; its vectors are the same.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    pub fn dimensions(&self) -> usize {
        self.table.dimensions()
    }

    /// The instruction set in use.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// What cuts text into pieces, and counts them.
    pub fn words(&self) -> &WordPiece {
        &self.words
    }

    /// The size of `text` in tokens, see [`WordPiece::count`].
    pub fn count(&self, text: &str) -> usize {
        self.words.count(text)
    }

    /// The vector of `text`, of length 1. None if the text has neither a letter nor a digit nor anything else
    /// that the vocabulary knows: it is never a zero vector, nor one that all such texts share.
    pub fn embed(&self, text: &str, scratch: &mut Scratch) -> Option<Vec<f32>> {
        let Scratch { ids, tally, foreign, grams } = scratch;
        ids.clear();
        self.words.encode(foreign.set_apart(text), ids);
        let picks = tally.picks(ids, self.words.unknown(), &self.table);
        if picks.is_empty() && foreign.is_empty() {
            foreign.set_apart_all(text);
        }
        let mut sum = vec![0.0; self.dimensions()];
        self.kernels.weighted_sum(self.table.values(), picks, &mut sum);
        for (word, times) in foreign.words() {
            grams.add(word, FOREIGN_WEIGHT * tally::log_weight(times), &mut sum);
        }
        self.normalise(sum)
    }

    fn normalise(&self, mut sum: Vec<f32>) -> Option<Vec<f32>> {
        let square = self.kernels.dot_f32(&sum, &sum);
        // Below this a square has lost digits, and the length would not be 1.
        if square <= f32::MIN_POSITIVE {
            return None;
        }
        let scale = square.sqrt().recip();
        for value in &mut sum {
            *value *= scale;
        }
        Some(sum)
    }
}
