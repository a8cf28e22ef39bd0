//! What a page takes from the nodes above it.

use lopdf::{Document, Object, ObjectId};

/// No page tree is as deep; a node that is its own ancestor has no end.
const ANCESTORS_MAX: usize = 64;

/// The entry of the page, or of the nearest node above it that has one.
pub(super) fn entry<'d>(source: &'d Document, page: ObjectId, key: &[u8]) -> Option<&'d Object> {
    let mut at = page;
    for _ in 0..ANCESTORS_MAX {
        let node = source.get_dictionary(at).ok()?;
        if let Ok(object) = node.get(key) {
            return Some(object);
        }
        at = node.get(b"Parent").ok()?.as_reference().ok()?;
    }
    None
}
