//! One page of a section.

use super::closure::Closure;
use super::{annotations, inherited, resources};
use lopdf::{Dictionary, Document, Object, ObjectId};

/// From the page or from the nodes above it. Source: ISO 32000-2, table 31.
const INHERITED: [&[u8]; 3] = [b"MediaBox", b"CropBox", b"Rotate"];

const OWN: [&[u8]; 6] = [b"Contents", b"Group", b"UserUnit", b"BleedBox", b"TrimBox", b"ArtBox"];

/// For a page that says nowhere how large it is, which is not allowed; what viewers assume.
const LETTER: [i64; 4] = [0, 0, 612, 792];

/// Whether the file does not have the page, or content that it names. A page that names none is blank on purpose.
pub(super) fn lacks_content(source: &Document, page: ObjectId) -> bool {
    let missing = |object: &Object| match object {
        Object::Reference(id) => !source.objects.contains_key(id),
        _ => false,
    };
    let Ok(page) = source.get_dictionary(page) else { return true };
    match page.get(b"Contents") {
        Ok(Object::Array(parts)) => parts.iter().any(missing),
        Ok(contents) => missing(contents),
        Err(_) => false,
    }
}

/// Puts a copy of the page below `tree`; `fields` collects the form fields that stand on it.
///
/// A page that stands in its document twice gets a copy each time.
pub(super) fn copy(
    closure: &mut Closure<'_>,
    page: ObjectId,
    tree: ObjectId,
    fields: &mut Vec<ObjectId>,
) -> ObjectId {
    let source = closure.source;
    let mut copy = Dictionary::new();
    copy.set("Type", Object::Name(b"Page".to_vec()));
    let letter = || Object::Array(LETTER.map(Object::Integer).to_vec());
    copy.set("MediaBox", letter());
    for key in INHERITED {
        if let Some(object) = inherited::entry(source, page, key) {
            copy.set(key, object.clone());
        }
    }
    copy.set("Resources", resources::used(source, page));
    if let Ok(original) = source.get_dictionary(page) {
        for key in OWN {
            if let Ok(object) = original.get(key) {
                copy.set(key, object.clone());
            }
        }
    }
    closure.renumber_all(&mut copy);
    if let Ok(original) = source.get_dictionary(page) {
        let kept = annotations::copy(closure, original, fields);
        if !kept.is_empty() {
            copy.set("Annots", Object::Array(kept));
        }
    }
    copy.set("Parent", Object::Reference(tree));
    let id = closure.fresh();
    closure.put(id, &Object::Dictionary(copy));
    id
}
