//! How an entry of a consolidated file is put together, whatever store its parts lie in.

use serde_json::{Map, Value};

/// What the entries of one document share.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) name: String,
    /// Its title, else the stem of its name.
    pub(crate) title: String,
    metadata: Map<String, Value>,
}

/// Metadata that is no JSON object: damage.
#[derive(Debug)]
pub(crate) struct NoObject;

impl Book {
    pub(crate) fn new(
        name: String,
        title: Option<String>,
        metadata: &str,
    ) -> Result<Self, NoObject> {
        let title = title.unwrap_or_else(|| stem(&name).to_owned());
        Ok(Self { name, title, metadata: object(metadata)? })
    }

    /// The document's fields, then the chunk's; where both say something the chunk wins.
    pub(crate) fn merged(&self, own: &str) -> Result<String, NoObject> {
        let mut whole = self.metadata.clone();
        whole.extend(object(own)?);
        Ok(Value::Object(whole).to_string())
    }
}

fn object(json: &str) -> Result<Map<String, Value>, NoObject> {
    if json.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(json).map_err(|_| NoObject)
}

/// Last part of the path without its ending.
fn stem(name: &str) -> &str {
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    match last.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn the_stem_is_the_last_part_without_its_ending() {
        for (name, expected) in [
            ("books/a.md", "a"),
            ("a", "a"),
            (".hidden", ".hidden"),
            ("x.y/a.tar.gz", "a.tar"),
            ("items.jsonl#7", "items"),
            ("", ""),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
