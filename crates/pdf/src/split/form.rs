//! The form that a section's fields belong to.

use super::closure::Closure;
use lopdf::{Dictionary, Object, ObjectId};

/// Fonts and defaults with which values without an appearance are drawn.
const KEPT: [&[u8]; 4] = [b"DR", b"DA", b"Q", b"NeedAppearances"];

/// None when no field stands on the section's pages.
pub(super) fn copy(
    closure: &mut Closure<'_>,
    catalog: &Dictionary,
    fields: Vec<ObjectId>,
) -> Option<Object> {
    if fields.is_empty() {
        return None;
    }
    let mut form = Dictionary::new();
    let original = catalog.get(b"AcroForm").and_then(|object| closure.source.dereference(object));
    if let Ok((_, Object::Dictionary(original))) = original {
        for key in KEPT {
            if let Ok(object) = original.get(key) {
                form.set(key, object.clone());
            }
        }
    }
    closure.renumber_all(&mut form);
    form.set("Fields", Object::Array(fields.into_iter().map(Object::Reference).collect()));
    Some(Object::Dictionary(form))
}
