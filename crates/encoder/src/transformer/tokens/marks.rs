//! The ids that stand before and after every text.
#![forbid(unsafe_code)]

use serde_json::Value;

use super::{LoadError, id, json::Document};

#[derive(Debug)]
pub(super) struct Marks {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

impl Marks {
    /// As `post_processor` of a `tokenizer.json` has them for one text.
    pub(super) fn of(document: &Document, size: usize) -> Result<Self, LoadError> {
        marks(document.get("post_processor"))
            .map(|(before, after)| Self { before, after })
            .filter(|marks| marks.before.iter().chain(&marks.after).all(|&id| (id as usize) < size))
            .ok_or_else(|| document.unexpected("post_processor", "marks before and after one text"))
    }
}

type Both = (Vec<u32>, Vec<u32>);

fn marks(processor: &Value) -> Option<Both> {
    match processor["type"].as_str()? {
        "BertProcessing" | "RobertaProcessing" => {
            Some((vec![id(&processor["cls"][1])?], vec![id(&processor["sep"][1])?]))
        }
        "TemplateProcessing" => template(processor),
        // One of several steps; the others move offsets, which are not used.
        "Sequence" => processor["processors"].as_array()?.iter().find_map(marks),
        _ => None,
    }
}

fn template(processor: &Value) -> Option<Both> {
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
