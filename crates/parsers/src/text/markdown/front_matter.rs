//! Front matter of Markdown files: YAML between `---`, TOML between `+++`.

use super::window::Window;
use super::yaml;
use crate::outlet::Outlet;
use crate::stop::Step;
use serde_json::{Map, Value};
use types::document::OwnLabel;

/// Front matter longer than this is none.
const BYTES_MAX: usize = 64 * 1024;

/// Reads the front matter, if the window begins with one, and skips it. True when it gives a title.
pub(super) fn take(window: &mut Window, outlet: &mut Outlet<'_>) -> Step<bool> {
    let Some((fence, inner, length)) = split(window.text()) else { return Ok(false) };
    let (mut fields, warning) = match fence {
        Fence::Yaml => match yaml::read(inner) {
            Some(read) => read,
            None => return Ok(false),
        },
        Fence::Toml => of_toml(inner),
    };
    window.skip(length);
    if let Some(warning) = warning {
        outlet.warning(warning)?;
    }
    let title = take_text(&mut fields, "title");
    let label = OwnLabel {
        domain: take_text(&mut fields, "domain"),
        category: take_text(&mut fields, "category"),
    };
    if let Some(title) = &title {
        outlet.title(title)?;
    }
    outlet.front(label, &fields)?;
    Ok(title.is_some())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    Yaml,
    Toml,
}

/// The kind, the lines between the fences, and the length with the fences.
fn split(text: &str) -> Option<(Fence, &str, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    let (fence, ends): (_, &[&str]) = match first.trim_end() {
        "---" => (Fence::Yaml, &["---", "..."]),
        "+++" => (Fence::Toml, &["+++"]),
        _ => return None,
    };
    let mut at = first.len();
    for line in lines {
        if ends.contains(&line.trim_end()) {
            return Some((fence, text.get(first.len()..at)?, at + line.len()));
        }
        at += line.len();
        if at > BYTES_MAX {
            return None;
        }
    }
    None
}

fn of_toml(inner: &str) -> (Map<String, Value>, Option<String>) {
    match inner.parse::<toml::Table>() {
        Ok(table) => (table.into_iter().map(|(key, value)| (key, json(value))).collect(), None),
        Err(error) => {
            let line = error.span().map_or(1, |span| {
                inner.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 2
            });
            (Map::new(), Some(format!("front matter is not TOML (line {line}); ignored")))
        }
    }
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

/// Removes a field that holds one value, whatever its type.
fn take_text(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = match fields.get(key)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        _ => return None,
    };
    fields.shift_remove(key);
    (!text.is_empty()).then_some(text)
}
