//! The resources of a page, without those that its content does not name.
//!
//! Many programs give all pages one dictionary that names every image of the document: copied as it is, each
//! section would carry them all.

use super::{inherited, names};
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::HashSet;

/// Categories whose entries are taken by name from the content.
const CATEGORIES: [&[u8]; 7] =
    [b"XObject", b"Font", b"Pattern", b"Shading", b"ExtGState", b"ColorSpace", b"Properties"];

/// So few resources are not worth looking into the content for.
const ENTRIES_WORTH: usize = 3;

/// Used without being named. Source: ISO 32000-2, 8.6.5.6.
const IMPLICIT: [&[u8]; 3] = [b"DefaultGray", b"DefaultRGB", b"DefaultCMYK"];

/// References in it are those of the source.
pub(super) fn used(source: &Document, page: ObjectId) -> Object {
    let Some(resources) = inherited::entry(source, page, b"Resources") else {
        return Object::Dictionary(Dictionary::new());
    };
    filtered(source, page, resources).unwrap_or_else(|| resources.clone())
}

/// None when all of them are to be kept.
fn filtered(source: &Document, page: ObjectId, resources: &Object) -> Option<Object> {
    let resources = dictionary(source, resources)?;
    let category = |key| resources.get(key).ok().and_then(|object| dictionary(source, object));
    let entries: usize =
        CATEGORIES.iter().filter_map(|key| category(key)).map(Dictionary::len).sum();
    if entries < ENTRIES_WORTH {
        return None;
    }
    let names = names::in_content(source, page)?;
    let mut kept = resources.clone();
    for key in CATEGORIES {
        let Some(all) = category(key) else { continue };
        kept.set(key, Object::Dictionary(named(source, all, &names)?));
    }
    Some(Object::Dictionary(kept))
}

/// None when one of them takes its own resources from the page.
fn named(source: &Document, all: &Dictionary, names: &HashSet<Vec<u8>>) -> Option<Dictionary> {
    let mut kept = Dictionary::new();
    for (name, object) in all {
        if names.contains(name) || IMPLICIT.contains(&name.as_slice()) {
            if borrows(source, object) {
                return None;
            }
            kept.set(name.clone(), object.clone());
        }
    }
    Some(kept)
}

/// Forms, tiling patterns and fonts made of drawings use the page's resources when they have none.
fn borrows(source: &Document, object: &Object) -> bool {
    let Ok((_, object)) = source.dereference(object) else { return false };
    let (entries, is_stream) = match object {
        Object::Stream(stream) => (&stream.dict, true),
        Object::Dictionary(entries) => (entries, false),
        _ => return false,
    };
    let is = |key: &[u8], value: &[u8]| {
        entries.get(key).and_then(Object::as_name).is_ok_and(|name| name == value)
    };
    let draws = is_stream && (is(b"Subtype", b"Form") || entries.has(b"PatternType"));
    (draws || is(b"Subtype", b"Type3")) && !entries.has(b"Resources")
}

fn dictionary<'d>(source: &'d Document, object: &'d Object) -> Option<&'d Dictionary> {
    source.dereference(object).ok()?.1.as_dict().ok()
}
