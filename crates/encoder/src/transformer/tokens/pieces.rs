//! Which `tokenizer.json` our own [`WordPiece`] gives the ids of.
#![forbid(unsafe_code)]

use serde_json::Value;

use super::{LoadError, id, json::Document};
use crate::wordpiece::{Accents, Letters, Rules, WordPiece};

/// None if the file describes another kind of tokenizer.
pub(super) fn read(document: &Document, size: usize) -> Result<Option<WordPiece>, LoadError> {
    let Some(rules) = rules(document) else { return Ok(None) };
    let model = document.get("model");
    let unknown = model["unk_token"].as_str().unwrap_or_default();
    let fits = |id: &Value| id.as_u64().is_some_and(|id| id < size as u64);
    let entries = model["vocab"].as_object();
    let entries = entries.filter(|entries| entries.values().all(fits)).ok_or_else(|| {
        document.unexpected("model", format!("a vocabulary with ids below {size}"))
    })?;
    let entries = entries.iter().filter_map(|(piece, number)| Some((piece, id(number)?)));
    let pieces = WordPiece::from_pieces(entries, unknown)
        .map_err(|source| LoadError::Vocabulary { path: document.path().to_owned(), source })?;
    Ok(Some(pieces.with_rules(rules)))
}

/// How BERT's normaliser treats letters, if everything else is as BERT does it.
fn rules(document: &Document) -> Option<Rules> {
    let model = document.get("model");
    let expected: [(&str, Value); 3] = [
        ("type", "WordPiece".into()),
        ("continuing_subword_prefix", "##".into()),
        ("max_input_chars_per_word", 100.into()),
    ];
    let normalizer = document.get("normalizer");
    let ours = expected.iter().all(|(key, value)| model[key] == *value)
        && document.get("pre_tokenizer")["type"] == "BertPreTokenizer"
        && normalizer["type"] == "BertNormalizer"
        && normalizer["clean_text"] == true
        && normalizer["handle_chinese_chars"] == true
        && !has_words_of_its_own(document);
    let letters = letters(&normalizer["lowercase"]).filter(|_| ours)?;
    Some(rules_of(letters, normalizer["strip_accents"].as_bool()))
}

/// What is not said of accents follows the letters: BERT's uncased models know neither.
pub(super) fn rules_of(letters: Letters, strip_accents: Option<bool>) -> Rules {
    let strip = strip_accents.unwrap_or(letters == Letters::Lower);
    let accents = if strip { Accents::Stripped } else { Accents::Kept };
    Rules { letters, accents }
}

/// BERT's setting of this name.
pub(super) fn letters(lower_case: &Value) -> Option<Letters> {
    lower_case.as_bool().map(|lower| if lower { Letters::Lower } else { Letters::Kept })
}

/// Words that were added to the vocabulary later and are found before a text is cut.
fn has_words_of_its_own(document: &Document) -> bool {
    let added = document.get("added_tokens").as_array();
    added.is_some_and(|tokens| tokens.iter().any(|token| token["special"] == false))
}
