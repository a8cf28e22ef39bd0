//! Looks through a JSON text once to see where its items are.

use super::{field, is_key};
use crate::stop::Step;
use crate::structured::capped::Capped;
use crate::structured::item::TEXT_FIELDS;
use crate::structured::scan::{Broken, First, Next, Scanner};
use std::io::BufRead;
use types::document::OwnLabel;

/// Fields of an object that may hold a list of items.
const LIST_FIELDS: [&str; 5] = ["items", "documents", "entries", "data", "records"];
/// A list none of whose first values is an item is no list of items.
const LOOKED_AT_MAX: usize = 100;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[item, ...]`
    List,
    /// `{"domain": ..., "entries": [item, ...]}`; the labels hold for all items.
    Around { key: String, label: OwnLabel },
    /// `item item ...`, as in JSON Lines, or one item.
    Sequence,
    /// No items: any JSON.
    Flat,
}

pub(super) fn survey(scanner: &mut Scanner<impl BufRead>) -> Step<Shape> {
    let shape = match scanner.peek()? {
        Some(b'[') => {
            scanner.take();
            holds_items(scanner).map(|found| if found { Shape::List } else { Shape::Flat })
        }
        Some(b'{') => {
            scanner.take();
            object(scanner)
        }
        _ => Ok(Shape::Flat),
    };
    match shape {
        Ok(shape) => Ok(shape),
        // Whatever is wrong, the flat reading says it with its place.
        Err(Broken::Ended | Broken::Unexpected { .. }) => Ok(Shape::Flat),
        Err(Broken::Unreadable(error)) => Err(error.into()),
    }
}

fn object(scanner: &mut Scanner<impl BufRead>) -> Result<Shape, Broken> {
    let mut label = OwnLabel::default();
    let (mut list, mut is_item) = (None, false);
    loop {
        let name = match field(scanner) {
            Ok(Some(name)) => name,
            Ok(None) => break,
            Err(broken) => return found_so_far(list, label, broken),
        };
        let name: String = serde_json::from_slice(name.held()).unwrap_or_default();
        let is_list = LIST_FIELDS.contains(&name.as_str()) && scanner.peek()? == Some(b'[');
        if is_list && list.is_none() {
            scanner.take();
            match holds_items(scanner) {
                Ok(true) => list = Some(name),
                Ok(false) => continue,
                Err(broken) => return Err(broken),
            }
            // The rest of the list.
            if let Err(broken) = skip_list(scanner) {
                return found_so_far(list, label, broken);
            }
            continue;
        }
        let value = match scanner.value() {
            Ok(value) => value,
            Err(ended) => return found_so_far(list, label, ended.why),
        };
        match name.as_str() {
            "domain" => label.domain = word(&value),
            "category" => label.category = word(&value),
            name if TEXT_FIELDS.contains(&name) => is_item |= word(&value).is_some(),
            _ => {}
        }
    }
    Ok(match list {
        Some(key) => Shape::Around { key, label },
        None if is_item => Shape::Sequence,
        None => Shape::Flat,
    })
}

/// A damaged end does not undo a list that was found before it.
fn found_so_far(list: Option<String>, label: OwnLabel, broken: Broken) -> Result<Shape, Broken> {
    match list {
        Some(key) => Ok(Shape::Around { key, label }),
        None => Err(broken),
    }
}

/// Whether one of the first values of a list, whose bracket is read, is an item. Stops behind that one; a list
/// without any is read to its end.
fn holds_items(scanner: &mut Scanner<impl BufRead>) -> Result<bool, Broken> {
    let mut first = First::Yes;
    for _ in 0..LOOKED_AT_MAX {
        if scanner.next(first, b']')? == Next::End {
            return Ok(false);
        }
        first = First::No;
        let value = scanner.value().map_err(|ended| ended.why)?;
        if is_item(&value) {
            return Ok(true);
        }
    }
    skip_list(scanner)?;
    Ok(false)
}

/// The rest of a list of which some values are read.
fn skip_list(scanner: &mut Scanner<impl BufRead>) -> Result<(), Broken> {
    while scanner.next(First::No, b']')? == Next::Value {
        scanner.value().map_err(|ended| ended.why)?;
    }
    Ok(())
}

/// An object with a text; only looked through, since it may be of any size.
fn is_item(value: &Capped) -> bool {
    let mut scanner = Scanner::new(value.held(), 0);
    let is_object = matches!(scanner.peek(), Ok(Some(b'{')));
    scanner.take();
    is_object && has_text(&mut scanner)
}

/// Whether one of the fields of an object, whose bracket is read, is a text.
fn has_text(scanner: &mut Scanner<impl BufRead>) -> bool {
    while let Ok(Some(name)) = field(scanner) {
        let is_text = TEXT_FIELDS.iter().any(|text| is_key(&name, text));
        if is_text && matches!(scanner.peek(), Ok(Some(b'"'))) {
            return true;
        }
        if scanner.value().is_err() {
            return false;
        }
    }
    false
}

fn word(value: &Capped) -> Option<String> {
    let text: String = serde_json::from_slice(value.held()).ok()?;
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}
