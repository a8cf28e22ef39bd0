//! Names of members: data from strangers, made harmless.

use std::fmt::Write as _;
use types::failure::Failure;

/// Longer names are cut by no file system we know, but fill lists.
const NAME_BYTES_MAX: usize = 4096;

/// What a member's name says about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// `/` as separator, no `.` and `..`, no `/` before it.
    Clean(String),
    /// What file managers leave behind; not a document.
    Junk,
    /// It points out of the archive. With the name as far as it is harmless.
    Escapes(String, Failure),
}

/// Bytes that are not UTF-8 are percent-encoded, as in names of files.
pub(super) fn clean(raw: &[u8]) -> Name {
    let text = utf8(raw);
    let path = without_drive(&text);
    let mut parts: Vec<String> = Vec::new();
    let mut escapes = false;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => escapes = true,
            part => parts.push(part.replace(|c: char| c.is_control(), "\u{fffd}")),
        }
    }
    let mut name = parts.join("/");
    if escapes || name.len() > NAME_BYTES_MAX || name.is_empty() {
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
        return Name::Escapes(name, refused());
    }
    let junk =
        parts.iter().any(|part| part == "__MACOSX" || part == ".DS_Store" || part == "Thumbs.db");
    if junk { Name::Junk } else { Name::Clean(name) }
}

fn refused() -> Failure {
    Failure::bad_document(
        "the member's name is empty, too long, or points out of the archive with `..`",
        "unpack the archive yourself and ingest the folder",
    )
}

/// Without a drive letter, and with `\` as separator where the name has no `/`, as some Windows programs write it.
fn without_drive(text: &str) -> String {
    let text = if text.contains('/') { text.to_owned() } else { text.replace('\\', "/") };
    let mut characters = text.chars();
    let drive = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.next() == Some(':')
        && matches!(characters.next(), Some('/' | '\\'));
    let path = if drive { text.get(2..).unwrap_or_default() } else { &text };
    // `..\` hides from a separator of `/` alone.
    path.replace("..\\", "../")
}

fn utf8(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        let cases: [(&[u8], Option<&str>); 10] = [
            (b"a/b.txt", Some("a/b.txt")),
            (b"./a//b.txt", Some("a/b.txt")),
            (b"/etc/passwd", Some("etc/passwd")),
            (b"C:\\docs\\a.txt", Some("docs/a.txt")),
            (b"docs\\a.txt", Some("docs/a.txt")),
            (b"caf\xe9.txt", Some("caf%E9.txt")),
            (b"a\0b", Some("a\u{fffd}b")),
            (b"../a", None),
            (b"a/../../b", None),
            (b"..\\a", None),
        ];
        for (raw, expected) in cases {
            match (clean(raw), expected) {
                (Name::Clean(name), Some(expected)) => assert_eq!(name, expected),
                (Name::Escapes(..), None) => {}
                (other, _) => panic!("{raw:?}: {other:?}"),
            }
        }
        assert_eq!(clean(b"__MACOSX/._a.txt"), Name::Junk);
        assert_eq!(clean(b"x/.DS_Store"), Name::Junk);
    }

    proptest! {
        #[test]
        fn no_clean_name_leaves_its_folder(raw in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Name::Clean(name) = clean(&raw) {
                prop_assert!(!name.starts_with('/') && !name.is_empty());
                prop_assert!(name.split('/').all(|part| !matches!(part, "" | "." | "..")));
                prop_assert!(!name.contains(char::is_control));
            }
        }
    }
}
