//! Which resources the content of a page names.

use lopdf::{Document, Object, ObjectId};
use std::collections::HashSet;

/// A page's content may inflate to no more than this to be looked through; beyond it every resource is kept.
const CONTENT_BYTES_MAX: usize = 64 << 20;

/// Parts of a page's content; a hostile array of references has no end.
const PARTS_MAX: usize = 10_000;

/// All names that stand anywhere in the page's content: more than it uses, never less. None when that cannot be said.
pub(super) fn in_content(source: &Document, page: ObjectId) -> Option<HashSet<Vec<u8>>> {
    let mut names = HashSet::new();
    let parts = source.get_page_contents(page);
    if parts.len() > PARTS_MAX {
        return None;
    }
    let mut left = CONTENT_BYTES_MAX;
    for part in parts {
        let Ok(Object::Stream(stream)) = source.get_object(part) else { continue };
        // Some filters give what cannot be looked through: then everything may be used.
        let content = stream.get_plain_content_with_limit(left).ok()?;
        left = left.checked_sub(content.len())?;
        collect(&content, &mut names)?;
    }
    Some(names)
}

/// None when a name is written in a way that has to be decoded first.
fn collect(content: &[u8], names: &mut HashSet<Vec<u8>>) -> Option<()> {
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| *byte == b'/') {
        rest = &rest[at + 1..];
        let end = rest.iter().position(|byte| ends_name(*byte)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.contains(&b'#') {
            return None;
        }
        if !names.contains(name) {
            names.insert(name.to_vec());
        }
        rest = after;
    }
    Some(())
}

/// White space and delimiters. Source: ISO 32000-2, tables 1 and 2.
fn ends_name(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t'
            | b'\n'
            | 12
            | b'\r'
            | b' '
            | b'/'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'%'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_an_escaped_one_ends_the_search() {
        let mut names = HashSet::new();
        collect(b"/F1 12 Tf(a/b)Tj/Im2 Do[/X]/Y<</Z 1>>/", &mut names).unwrap();
        let expected = [&b"F1"[..], b"b", b"Im2", b"X", b"Y", b"Z", b""];
        assert_eq!(names, expected.iter().map(|name| name.to_vec()).collect());
        assert_eq!(collect(b"/F#31 Do", &mut HashSet::new()), None);
    }
}
