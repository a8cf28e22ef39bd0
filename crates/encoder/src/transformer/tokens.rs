//! Text into the ids of a model, with the marks that it wants around them.
#![forbid(unsafe_code)]

use std::path::Path;

use serde_json::Value;

use super::{LoadError, json::Document};
use crate::wordpiece::WordPiece;

/// The tokenizer of a folder.
#[derive(Debug)]
pub(super) struct Tokenizer {
    pieces: WordPiece,
    before: Vec<u32>,
    after: Vec<u32>,
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
    /// Reads `tokenizer.json`; its settings for padding and truncation are not the model's, and are not used.
    pub(super) fn read(folder: &Path, vocabulary: usize) -> Result<Self, LoadError> {
        let path = folder.join("tokenizer.json");
        let document = Document::read(path.clone())?;
        check(&document)?;
        let model = document.get("model");
        let unknown = model["unk_token"].as_str().unwrap_or_default();
        let entries = model["vocab"].as_object();
        let fits = |id: &Value| id.as_u64().is_some_and(|id| id < vocabulary as u64);
        let entries = entries.filter(|entries| entries.values().all(fits)).ok_or_else(|| {
            document.unexpected("model", format!("a vocabulary with ids below {vocabulary}"))
        })?;
        let entries = entries.iter().filter_map(|(piece, id)| Some((piece, self::id(id)?)));
        let pieces = WordPiece::from_pieces(entries, unknown)
            .map_err(|source| LoadError::Vocabulary { path, source })?;
        let (before, after) = marks(&document)
            .filter(|(before, after)| {
                before.iter().chain(after).all(|&id| (id as usize) < vocabulary)
            })
            .ok_or_else(|| {
                document.unexpected("post_processor", "marks before and after one text")
            })?;
        Ok(Self { pieces, before, after })
    }

    /// At least the number of tokens that the text has in this model, marks not counted.
    pub(super) fn count(&self, text: &str) -> usize {
        self.pieces.count(text)
    }

    /// Tokens that every sequence has besides those of its text.
    pub(super) fn marks(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// None if the text has no token that the model knows: all such texts would have one vector.
    pub(super) fn encode(&self, (prompt, text): (&str, &str), most: usize) -> Option<Tokens> {
        let mut ids = self.before.clone();
        self.pieces.encode(prompt, &mut ids);
        let start = ids.len();
        self.pieces.encode(text, &mut ids);
        if ids[start..].iter().all(|&id| id == self.pieces.unknown()) {
            return None;
        }
        let room = most - self.after.len();
        let cut = ids.len().saturating_sub(room);
        ids.truncate(room);
        ids.extend(&self.after);
        Some(Tokens { ids, cut })
    }
}

/// The one kind of tokenizer that [`WordPiece`] is; anything else would give other ids.
fn check(document: &Document) -> Result<(), LoadError> {
    let model = document.get("model");
    let expected = [
        ("type", "WordPiece".into()),
        ("continuing_subword_prefix", "##".into()),
        ("max_input_chars_per_word", 100.into()),
    ];
    if expected.iter().any(|(key, value): &(_, Value)| model[key] != *value) {
        return Err(
            document.unexpected("model", "WordPiece with prefix ## and words of 100 characters")
        );
    }
    let normalizer = document.get("normalizer");
    let uncased = normalizer["type"] == "BertNormalizer"
        && normalizer["lowercase"] == true
        && normalizer["clean_text"] == true
        && normalizer["handle_chinese_chars"] == true
        && normalizer["strip_accents"] != false;
    if !uncased {
        return Err(document.unexpected("normalizer", "BertNormalizer with lower case"));
    }
    if document.get("pre_tokenizer")["type"] != "BertPreTokenizer" {
        return Err(document.unexpected("pre_tokenizer", "BertPreTokenizer"));
    }
    Ok(())
}

/// Ids before and after a text.
fn marks(document: &Document) -> Option<(Vec<u32>, Vec<u32>)> {
    let processor = document.get("post_processor");
    match processor["type"].as_str()? {
        "BertProcessing" | "RobertaProcessing" => {
            Some((vec![id(&processor["cls"][1])?], vec![id(&processor["sep"][1])?]))
        }
        "TemplateProcessing" => {
            let (mut before, mut after, mut seen) = (Vec::new(), Vec::new(), false);
            for part in processor["single"].as_array()? {
                if part["Sequence"].is_object() {
                    if std::mem::replace(&mut seen, true) {
                        return None;
                    }
                    continue;
                }
                let name = part["SpecialToken"]["id"].as_str()?;
                for value in processor["special_tokens"][name]["ids"].as_array()? {
                    if seen { &mut after } else { &mut before }.push(id(value)?);
                }
            }
            seen.then_some((before, after))
        }
        _ => None,
    }
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}
