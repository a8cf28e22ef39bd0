//! Passages of sources that no training text came from, and queries with the passages that answer them.
#![forbid(unsafe_code)]

use std::{collections::BTreeSet, error::Error, fs::File, path::Path};

use flate2::read::GzDecoder;
use serde_json::Value;

/// A section's heading, a glossary's definition, the first sentence of a passage: each in search of its
/// passages.
pub(crate) const TASKS: [&str; 3] = ["head", "gloss", "ict"];

pub(crate) struct Evaluation {
    pub(crate) passages: Vec<Passage>,
    pub(crate) queries: Vec<Query>,
}

pub(crate) struct Passage {
    pub(crate) source: String,
    pub(crate) text: String,
}

pub(crate) struct Query {
    pub(crate) task: String,
    pub(crate) source: String,
    pub(crate) text: String,
    /// Indices of passages, at least one.
    pub(crate) relevant: Vec<usize>,
    /// What stands for the relevant passage, when the query was cut out of it.
    pub(crate) rest: Option<String>,
}

impl Evaluation {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let json: Value = serde_json::from_reader(GzDecoder::new(file))?;
        Ok(Self { passages: list(&json, "pool", passage)?, queries: list(&json, "q", query)? })
    }

    pub(crate) fn sources(&self) -> usize {
        self.passages.iter().map(|passage| &passage.source).collect::<BTreeSet<_>>().len()
    }
}

fn list<T>(json: &Value, key: &str, item: fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    let items = json[key].as_array().ok_or_else(|| format!("no list {key}"))?;
    items
        .iter()
        .map(item)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("a malformed item in {key}"))
}

fn passage(json: &Value) -> Option<Passage> {
    Some(Passage { source: text(json, "src")?, text: text(json, "text")? })
}

fn query(json: &Value) -> Option<Query> {
    let relevant = json["rel"].as_array()?.iter().map(|index| index.as_u64()?.try_into().ok());
    Some(Query {
        task: text(json, "task")?,
        source: text(json, "src")?,
        text: text(json, "q")?,
        relevant: relevant.collect::<Option<Vec<_>>>().filter(|relevant| !relevant.is_empty())?,
        rest: text(json, "rest"),
    })
}

fn text(json: &Value, key: &str) -> Option<String> {
    Some(json.get(key)?.as_str()?.to_owned())
}
