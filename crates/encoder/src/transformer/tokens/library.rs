//! Vocabularies that are no BERT word pieces, by the crate `tokenizers`: byte-level BPE (`RoBERTa`), Unigram
//! (`XLM-RoBERTa`, `CamemBERT`), and word pieces with rules of their own.
#![forbid(unsafe_code)]

use std::collections::HashSet;

use serde_json::Value;

use super::{LoadError, json::Document};

/// A token of a text stands for so many of its characters at most when a text is counted, so that what a
/// vocabulary lacks does not pass for a handful of tokens. Long words of English are one token.
const CHARS_PER_TOKEN_MAX: usize = 16;

/// How much of a text is looked at first for a token that the model knows.
const SAMPLE_CHARS: usize = 64;

/// What separates the parts of a text whose counts are added up.
const SEPARATORS: [&str; 2] = ["\n", "\n\n"];

#[derive(Debug)]
pub(super) struct Library {
    tokenizer: tokenizers::Tokenizer,
    /// Ids that say nothing of a text: the unknown token, and white space alone.
    empty: HashSet<u32>,
    /// Tokens that a separator has by itself.
    separator: usize,
}

impl Library {
    /// Errors: the crate does not take the file, an id is `size` or more, or ids would differ from call to call.
    pub(super) fn read(document: Document, size: usize) -> Result<Self, LoadError> {
        if document.get("model")["dropout"].as_f64().is_some_and(|share| share > 0.0) {
            return Err(document.unexpected("model", "no dropout: ids must not be left to chance"));
        }
        let path = document.path().to_owned();
        let tokenizer = tokenizer(document.into_value())
            .map_err(|reason| LoadError::Tokenizer { path: path.clone(), reason })?;
        let most = ids(&tokenizer).max().unwrap_or(0);
        if most as usize >= size {
            let reason = format!("it has the id {most}, vocab_size of config.json is {size}");
            return Err(LoadError::Tokenizer { path, reason });
        }
        let mut library = Self { tokenizer, empty: HashSet::new(), separator: 0 };
        // A private-use character is in no vocabulary: what this does not fail at, no text fails at.
        let unknown = library.try_encode("\u{10fffd}");
        let unknown = unknown.map_err(|reason| LoadError::Tokenizer { path, reason })?;
        library.empty = library.empty_ids(unknown);
        library.separator = library.separator_tokens();
        Ok(library)
    }

    /// The tokens of the text, and what it may cost besides where it stands inside a longer one: its first word
    /// may have more tokens after a space than at the beginning, and the separator before it may have its own.
    pub(super) fn count(&self, text: &str) -> usize {
        let body = text.trim();
        let word = body.split_whitespace().next().unwrap_or_default();
        let more = self.len(&format!(" {word}")).saturating_sub(self.len(word));
        let behind = text.len() - text.trim_end().len();
        // One space goes with the next word.
        let between = if behind == 0 { self.separator } else { self.separator.min(behind - 1) };
        let least = body.chars().count() / CHARS_PER_TOKEN_MAX;
        if body.is_empty() { 0 } else { (self.len(text) + more + between).max(least) }
    }

    /// Appends the ids of both, read as one text. None if `text` holds nothing that the model knows.
    pub(super) fn encode(&self, (prompt, text): (&str, &str), into: &mut Vec<u32>) -> Option<()> {
        if !self.is_known(text) {
            return None;
        }
        if prompt.is_empty() {
            into.extend(self.ids(text));
        } else {
            into.extend(self.ids(&format!("{prompt}{text}")));
        }
        Some(())
    }

    fn is_known(&self, text: &str) -> bool {
        let says = |text: &str| self.ids(text).iter().any(|id| !self.empty.contains(id));
        let body = text.trim_start();
        let sample = body.char_indices().nth(SAMPLE_CHARS).map_or(body.len(), |(at, _)| at);
        let (sample, rest) = body.split_at(sample);
        body.chars().any(|c| !c.is_whitespace() && !c.is_control())
            && (says(sample) || (!rest.is_empty() && says(body)))
    }

    fn len(&self, text: &str) -> usize {
        self.ids(text).len()
    }

    fn ids(&self, text: &str) -> Vec<u32> {
        // The load has shown that unknown characters are encoded, and nothing else can fail.
        self.try_encode(text).unwrap_or_default()
    }

    fn try_encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.tokenizer.encode_fast(text, false);
        encoding.map(|encoding| encoding.get_ids().to_vec()).map_err(|error| error.to_string())
    }

    /// Byte-level vocabularies have no unknown token: what they make of a strange character is its bytes.
    fn empty_ids(&self, unknown: Vec<u32>) -> HashSet<u32> {
        let space = self.try_encode(" ").unwrap_or_default();
        let unknown = if unknown.len() > 2 { Vec::new() } else { unknown };
        unknown.into_iter().chain(space).collect()
    }

    fn separator_tokens(&self) -> usize {
        let apart = self.len("a") + self.len(" a");
        let together = SEPARATORS.map(|separator| self.len(&format!("a{separator}a")));
        together.into_iter().max().unwrap_or(0).saturating_sub(apart)
    }
}

/// The part of the file that makes ids. Marks are put by us, so that a text cannot forge them, and texts are
/// neither padded nor cut.
fn tokenizer(mut file: Value) -> Result<tokenizers::Tokenizer, String> {
    for key in ["truncation", "padding", "post_processor", "decoder"] {
        file[key] = Value::Null;
    }
    hide_special_tokens(&mut file);
    serde_json::from_value(file).map_err(|error| error.to_string())
}

/// Special tokens are found in texts by nobody: neither as themselves nor, in Unigram, as the pieces that they are
/// listed as. The pieces keep their ids under names that no text has.
fn hide_special_tokens(file: &mut Value) {
    let mut special = HashSet::new();
    if let Some(added) = file.get_mut("added_tokens").and_then(Value::as_array_mut) {
        added.retain(|token| {
            if token["special"] != true {
                return true;
            }
            special.extend(token["content"].as_str().map(str::to_owned));
            false
        });
    }
    if file["model"]["type"] != "Unigram" {
        return;
    }
    let pieces = file["model"]["vocab"].as_array_mut();
    for (id, piece) in pieces.into_iter().flatten().enumerate() {
        if piece[0].as_str().is_some_and(|text| special.contains(text)) {
            piece[0] = format!("\u{10fffe}{id}\u{10fffe}").into();
        }
    }
}

/// All ids that a text can get.
fn ids(tokenizer: &tokenizers::Tokenizer) -> impl Iterator<Item = u32> {
    tokenizer.get_vocab(true).into_values()
}
