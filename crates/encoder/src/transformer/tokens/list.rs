//! Folders from before `tokenizer.json`: a vocabulary as a list, its settings in `tokenizer_config.json`.
//!
//! What a folder leaves out is as in the classes `BertTokenizer`, `MPNetTokenizer` and `RobertaTokenizer` of
//! transformers, which such folders were written by.
#![forbid(unsafe_code)]

use std::path::Path;

use serde_json::{Value, json};

use super::{Identified, LoadError, Marks, Tokenizer, Vocabulary, json as files, pieces};
use crate::transformer::json::Document;
use crate::wordpiece::{Letters, WordPiece};

pub(super) const WORD_PIECES: &str = "vocab.txt";
pub(super) const MERGES: &str = "merges.txt";
const SETTINGS: &str = "tokenizer_config.json";

/// `vocab.txt`: one word piece a line.
pub(super) fn word_pieces(folder: &Path, size: usize) -> Result<Identified, LoadError> {
    let path = folder.join(WORD_PIECES);
    let text = text(&path)?;
    let settings = Document::read_if_there(folder.join(SETTINGS))?;
    let setting = |key: &str| settings.as_ref().map_or(&Value::Null, |settings| settings.get(key));
    if setting("tokenize_chinese_chars") == false {
        let settings = settings.as_ref().expect("it has the key");
        return Err(settings.unexpected("tokenize_chinese_chars", "true"));
    }
    let letters = pieces::letters(setting("do_lower_case")).unwrap_or(Letters::Lower);
    let rules = pieces::rules_of(letters, setting("strip_accents").as_bool());
    let name = |key, usual: &str| named(setting(key)).unwrap_or_else(|| usual.to_owned());
    let broken = |source| LoadError::Vocabulary { path: path.clone(), source };
    let pieces = WordPiece::new_with(&text, &name("unk_token", "[UNK]")).map_err(broken)?;
    let wrong = |reason: String| LoadError::Tokenizer { path: path.clone(), reason };
    let lines = text.lines().count();
    if lines > size {
        return Err(wrong(format!("it has {lines} lines, vocab_size of config.json is {size}")));
    }
    let id = |name: String| {
        let line = text.lines().position(|line| line == name);
        line.map(|line| line as u32).ok_or_else(|| wrong(format!("it has no {name}")))
    };
    // A list of another family has other marks, and says so in its settings.
    let marks = Marks {
        before: vec![id(name("cls_token", "[CLS]"))?],
        after: vec![id(name("sep_token", "[SEP]"))?],
    };
    let identity = format!("{rules:?} {marks:?}\n{text}").into_bytes();
    let vocabulary = Vocabulary::Pieces(Box::new(pieces.with_rules(rules)));
    Ok((Tokenizer { vocabulary, marks }, identity))
}

/// `vocab.json` and `merges.txt`: pairs of bytes, as the `tokenizer.json` that `RoBERTa`'s would be.
pub(super) fn byte_pairs(folder: &Path, size: usize) -> Result<Identified, LoadError> {
    let vocabulary = Document::read(folder.join("vocab.json"))?;
    let path = folder.join(MERGES);
    let merges: Vec<String> = text(&path)?
        .lines()
        .filter(|line| !line.starts_with("#version") && !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let settings = Document::read_if_there(folder.join(SETTINGS))?;
    let setting = |key: &str| settings.as_ref().map_or(&Value::Null, |settings| settings.get(key));
    let mark = |key, usual: &str| {
        let name = named(setting(key)).unwrap_or_else(|| usual.to_owned());
        match vocabulary.get(&name) {
            Value::Null => Err(LoadError::Tokenizer {
                path: vocabulary.path().to_owned(),
                reason: format!("it has no {name}"),
            }),
            id => Ok(json!([name, id])),
        }
    };
    let prefix = setting("add_prefix_space").as_bool().unwrap_or(false);
    let value = json!({
        "version": "1.0",
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": true
        },
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": mark("sep_token", "</s>")?,
            "cls": mark("cls_token", "<s>")?,
            "trim_offsets": true,
            "add_prefix_space": prefix,
        },
        "model": { "type": "BPE", "vocab": vocabulary.value(), "merges": merges },
    });
    let identity = value.to_string().into_bytes();
    Ok((Tokenizer::of(Document::of(path, value), size)?, identity))
}

/// The text of a special token, which is a string or an object with it.
fn named(token: &Value) -> Option<String> {
    token.as_str().or_else(|| token["content"].as_str()).map(str::to_owned)
}

fn text(path: &Path) -> Result<String, LoadError> {
    String::from_utf8(files::bytes(path)?).map_err(|_| LoadError::Tokenizer {
        path: path.to_owned(),
        reason: "it is not UTF-8".to_owned(),
    })
}
