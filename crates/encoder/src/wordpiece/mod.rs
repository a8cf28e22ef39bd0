//! BERT's `WordPiece`: the same ids as the crate `tokenizers` gives, at about thirty times its speed.
//!
//! Equal to its `BertNormalizer` (clean text, Chinese characters, accents and letters by [`Rules`]), its
//! `BertPreTokenizer` and its `WordPiece` model with at most 100 characters a word. Not equal on purpose: the
//! special tokens are added by nobody and found nowhere, so the text `[CLS]` is a bracket, a word, a bracket.
#![forbid(unsafe_code)]

mod pieces;
mod split;
mod unicode8;

#[cfg(test)]
mod tests;

use pieces::Pieces;
use split::Word;

pub use split::{Accents, Letters, Rules};

/// Words longer than this become one `[UNK]` (`max_input_chars_per_word` of the model).
const WORD_CHARS_MAX: usize = 100;

/// An unknown word counts as one token for so many of its characters: about what English words cost.
const CHARS_PER_TOKEN: usize = 4;

const UNKNOWN: &str = "[UNK]";

/// A vocabulary, ready to cut text into ids.
#[derive(Debug)]
pub struct WordPiece {
    starts: Pieces,
    continuations: Pieces,
    unknown: u32,
    pieces: usize,
    rules: Rules,
}

/// Why a text is no vocabulary.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VocabularyError {
    #[error("the vocabulary has no piece for unknown words, such as [UNK]")]
    NoUnknown,
    #[error("the vocabulary lists the piece of line {line} twice")]
    Twice { line: usize },
    #[error("the vocabulary has {lines} lines, more than ids of 32 bits")]
    TooLong { lines: usize },
}

impl WordPiece {
    /// Reads a `vocab.txt`: one piece per line, its id is the line's number from 0. `[UNK]` is among them.
    pub fn new(vocabulary: &str) -> Result<Self, VocabularyError> {
        Self::new_with(vocabulary, UNKNOWN)
    }

    /// As [`Self::new`], with another piece that stands for what has no pieces.
    pub fn new_with(vocabulary: &str, unknown: &str) -> Result<Self, VocabularyError> {
        let lines = vocabulary.lines().count();
        let ids = 0..u32::try_from(lines).map_err(|_| VocabularyError::TooLong { lines })?;
        Self::from_pieces(vocabulary.lines().zip(ids), unknown)
    }

    /// Takes pieces with their ids, among them the one that stands for what has no pieces.
    pub fn from_pieces(
        vocabulary: impl IntoIterator<Item = (impl AsRef<str>, u32)>,
        unknown: &str,
    ) -> Result<Self, VocabularyError> {
        let (mut starts, mut continuations) = (Pieces::default(), Pieces::default());
        let (mut unknown_id, mut pieces) = (None, 0);
        for (piece, id) in vocabulary {
            let piece = piece.as_ref();
            let earlier = match piece.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => continuations.insert(rest, id),
                _ => starts.insert(piece, id),
            };
            if earlier.is_some() {
                return Err(VocabularyError::Twice { line: pieces + 1 });
            }
            if piece == unknown {
                unknown_id = Some(id);
            }
            pieces += 1;
        }
        let unknown = unknown_id.ok_or(VocabularyError::NoUnknown)?;
        Ok(Self { starts, continuations, unknown, pieces, rules: Rules::UNCASED })
    }

    /// The same pieces for texts that are read by other rules than [`Rules::UNCASED`].
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Number of pieces; ids are below it.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// The id that stands for a word which cannot be put together from pieces.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// Appends the ids of `text`, without `[CLS]` and `[SEP]`.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        split::for_each_word(text, self.rules, |word| {
            let before = ids.len();
            if !self.cut(word, |id| ids.push(id)) {
                ids.truncate(before);
                ids.push(self.unknown);
            }
        });
    }

    /// The size of `text` in tokens: one per piece, and for a word that becomes `[UNK]` one per four
    /// characters, at least one. So a text with a letter never counts nothing, and a paragraph in a script
    /// that the vocabulary lacks does not pass for a handful of tokens.
    pub fn count(&self, text: &str) -> usize {
        let mut tokens = 0;
        split::for_each_word(text, self.rules, |word| {
            let mut pieces = 0;
            let known = self.cut(word, |_| pieces += 1);
            tokens += if known { pieces } else { (word.chars / CHARS_PER_TOKEN).max(1) };
        });
        tokens
    }

    /// Cuts a word into its longest pieces from the left. False if a rest has no piece.
    fn cut(&self, word: Word<'_>, mut piece: impl FnMut(u32)) -> bool {
        if word.chars > WORD_CHARS_MAX {
            return false;
        }
        let (mut rest, mut pieces) = (word.bytes, &self.starts);
        while !rest.is_empty() {
            let Some((length, id)) = pieces.longest_prefix(rest) else { return false };
            piece(id);
            rest = &rest[length..];
            pieces = &self.continuations;
        }
        true
    }
}
