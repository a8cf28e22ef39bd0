//! Annotations: what they show stays, where they lead does not.

use super::closure::Closure;
use lopdf::{Dictionary, Document, Object, ObjectId};

/// More on one page is no document's.
const ANNOTATIONS_MAX: usize = 10_000;

/// References to other pages, to fields with widgets all over the document, to actions.
const LEADING_AWAY: [&[u8]; 8] = [b"P", b"Popup", b"IRT", b"Dest", b"A", b"AA", b"Parent", b"Kids"];

/// What a widget takes from its field. Source: ISO 32000-2, tables 226 and 228.
const OF_FIELD: [&[u8]; 8] = [b"FT", b"Ff", b"V", b"DA", b"Q", b"MaxLen", b"Opt", b"DS"];

/// No form is as deep; a field that is its own ancestor has no end.
const FIELD_DEPTH_MAX: usize = 32;

/// The annotations of a page, each an object of its own; widgets are added to `fields`.
pub(super) fn copy(
    closure: &mut Closure<'_>,
    page: &Dictionary,
    fields: &mut Vec<ObjectId>,
) -> Vec<Object> {
    let source = closure.source;
    let array = page.get(b"Annots").and_then(|object| source.dereference(object));
    let Ok((_, Object::Array(items))) = array else { return Vec::new() };
    let mut kept = Vec::new();
    for item in items.iter().take(ANNOTATIONS_MAX) {
        let Ok((_, Object::Dictionary(annotation))) = source.dereference(item) else { continue };
        let subtype = annotation.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        let address = address(source, annotation);
        // A popup is the window of another annotation, and a link without its aim is an empty frame.
        if matches!(subtype, b"" | b"Popup") || (subtype == b"Link" && address.is_none()) {
            continue;
        }
        let mut copy = annotation.clone();
        let is_widget = subtype == b"Widget";
        if is_widget {
            complete(source, annotation, &mut copy);
        }
        for key in LEADING_AWAY {
            copy.remove(key);
        }
        if let Some(address) = address {
            copy.set("A", Object::Dictionary(address));
        }
        closure.renumber_all(&mut copy);
        let id = closure.fresh();
        closure.put(id, &Object::Dictionary(copy));
        kept.push(Object::Reference(id));
        if is_widget {
            fields.push(id);
        }
    }
    kept
}

/// The action that opens a web address: it leads out of the document, but to no other part of it.
fn address(source: &Document, annotation: &Dictionary) -> Option<Dictionary> {
    let action = source.get_dict_in_dict(annotation, b"A").ok()?;
    let kind = action.get(b"S").and_then(Object::as_name).ok()?;
    let mut kept = Dictionary::new();
    kept.set("S", Object::Name(b"URI".to_vec()));
    kept.set("URI", action.get(b"URI").ok()?.clone());
    (kind == b"URI").then_some(kept)
}

/// Makes a widget a field of its own, with the name and the value of the one that it belonged to.
fn complete(source: &Document, widget: &Dictionary, copy: &mut Dictionary) {
    let mut name: Vec<Vec<u8>> = Vec::new();
    let mut at = widget;
    for _ in 0..FIELD_DEPTH_MAX {
        if let Ok(Object::String(part, _)) = at.get(b"T") {
            name.push(part.clone());
        }
        for key in OF_FIELD {
            if let Ok(value) = at.get(key)
                && !copy.has(key)
            {
                copy.set(key, value.clone());
            }
        }
        let parent = at.get(b"Parent").and_then(Object::as_reference);
        let Ok(parent) = parent.and_then(|id| source.get_dictionary(id)) else { break };
        at = parent;
    }
    name.reverse();
    if !name.is_empty() {
        copy.set("T", Object::string_literal(name.join(&b'.')));
    }
}
