//! An item document from a JSON object: its text, its labels, and the rest as metadata.

use super::capped::{Capped, hash_id};
use super::flat;
use super::width;
use crate::outlet::{Outlet, metadata_text};
use crate::stop::Step;
use crate::text::plain;
use serde_json::{Map, Value};
use types::block::{Block, Item, TextKind};
use types::document::OwnLabel;
use types::failure::{Failure, FailureClass};

/// Fields that hold the text, the first one that is there.
pub(super) const TEXT_FIELDS: [&str; 3] = ["content", "text", "body"];
/// Vectors of other programs and of our own files: they are made anew.
const VECTOR_FIELDS: [&str; 3] = ["embedding", "embeddings", "vector"];
/// A longer identifier would make a name that no list can show.
const ID_BYTES_MAX: usize = 512;

/// Pushes a record as an item, or as one that fails alone. `outer`: labels of the file, for items without their own.
pub(super) fn push(record: &Capped, outer: &OwnLabel, outlet: &mut Outlet<'_>) -> Step {
    let parsed = record.whole().and_then(|bytes| {
        width::check(bytes)?;
        serde_json::from_slice::<Value>(bytes).map_err(|error| malformed(&error))
    });
    match parsed {
        Ok(Value::Object(fields)) => push_fields(fields, record, outer, outlet),
        Ok(_) => bad(record, not_an_object(), outlet),
        Err(failure) => bad(record, failure, outlet),
    }
}

/// The item fails alone, under the hash of its bytes.
pub(super) fn bad(record: &Capped, failure: Failure, outlet: &mut Outlet<'_>) -> Step {
    outlet.block(Block::BadItem { id: hash_id(&record.content()), failure })
}

fn push_fields(
    mut fields: Map<String, Value>,
    record: &Capped,
    outer: &OwnLabel,
    outlet: &mut Outlet<'_>,
) -> Step {
    let content = record.content();
    let id = take_word(&mut fields, "id").filter(|id| id.len() <= ID_BYTES_MAX);
    let id = id.unwrap_or_else(|| hash_id(&content));
    let text = match take_text(&mut fields) {
        Ok(text) => text,
        Err(failure) => return outlet.block(Block::BadItem { id, failure }),
    };
    let label = OwnLabel {
        domain: take_word(&mut fields, "domain").or_else(|| outer.domain.clone()),
        category: take_word(&mut fields, "category").or_else(|| outer.category.clone()),
    };
    let title = take_word(&mut fields, "title").or_else(|| word(fields.get("source_book")?));
    let section = fields.get("source_chapter").and_then(word);
    let page = fields.get("page").and_then(Value::as_u64).and_then(|page| u32::try_from(page).ok());
    for field in VECTOR_FIELDS {
        fields.shift_remove(field);
    }
    let lines = if text.is_none() { flat::lines(&fields) } else { String::new() };
    let metadata = metadata_text(&merged(fields));
    outlet.block(Block::Item(Item { id, title, label, metadata, content }))?;
    if let Some(page) = page.filter(|page| *page > 0) {
        outlet.page(page)?;
    }
    if let Some(section) = section {
        outlet.heading(1, &section, record.span())?;
    }
    match text {
        Some(text) => plain::paragraphs(&text, record.span(), outlet),
        None => outlet.text(TextKind::Paragraph, &lines, record.span()),
    }
}

/// The text; `None` when the item has no field for it, and all its fields are the text.
fn take_text(fields: &mut Map<String, Value>) -> Result<Option<String>, Failure> {
    let Some(field) = TEXT_FIELDS.into_iter().find(|field| fields.contains_key(*field)) else {
        let empty = fields.iter().all(|(_, value)| value.is_null());
        return if empty { Err(empty_item("fields")) } else { Ok(None) };
    };
    match fields.shift_remove(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(Value::String(_) | Value::Null) | None => Err(empty_item(field)),
        Some(_) => Err(Failure::new(
            FailureClass::BadItem,
            format!("field {field} of the item is not a text"),
            "write the item's text as one string",
        )),
    }
}

fn take_word(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    let word = word(fields.get(key)?)?;
    fields.shift_remove(key);
    Some(word)
}

/// One value on one line, whatever its type.
fn word(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => crate::outlet::one_line(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// An object called `metadata` is metadata already; the other fields go beside its own.
fn merged(mut fields: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(mut metadata)) = fields.get("metadata").cloned() else { return fields };
    fields.shift_remove("metadata");
    for (key, value) in fields {
        if !value.is_null() {
            metadata.entry(key).or_insert(value);
        }
    }
    metadata
}

fn malformed(error: &serde_json::Error) -> Failure {
    Failure::new(
        FailureClass::BadItem,
        format!("item is not valid JSON (line {}, column {} of it)", error.line(), error.column()),
        "mend the item in its file",
    )
}

fn not_an_object() -> Failure {
    Failure::new(
        FailureClass::BadItem,
        "item is not a JSON object",
        "write each item as {\"text\": ...}",
    )
}

fn empty_item(field: &str) -> Failure {
    Failure::new(
        FailureClass::BadItem,
        format!("item has nothing in its {field}"),
        "give the item a text, or remove it",
    )
}
