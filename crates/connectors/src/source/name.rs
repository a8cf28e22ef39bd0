//! Document names out of file names.
//!
//! File names are bytes, document names are UTF-8. A byte that is not part of valid UTF-8 becomes `%XX` (`XX` is
//! at least `80`). A `%` that would read like such an escape, or like `%25`, becomes `%25`; every other `%` stays
//! as it is, so `100%.txt` and `My%20file.pdf` keep their names. Two file names never meet in one document name.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// One file name, one-to-one. Control characters are kept: they are valid names.
pub fn encode(name: &OsStr) -> String {
    let mut encoded = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        let valid = chunk.valid();
        for (at, letter) in valid.char_indices() {
            encoded.push(letter);
            if letter == '%' && reads_as_escape(&valid.as_bytes()[at + 1..]) {
                encoded.push_str("25");
            }
        }
        for byte in chunk.invalid() {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

/// An absolute path, each part encoded on its own.
pub fn encode_path(path: &Path) -> String {
    let mut encoded = String::new();
    for part in path.components() {
        if let Component::Normal(name) = part {
            encoded.push('/');
            encoded.push_str(&encode(name));
        }
    }
    if encoded.is_empty() { "/".to_owned() } else { encoded }
}

/// The path of which [`encode_path`] made `name`.
pub fn decode_path(name: &str) -> PathBuf {
    PathBuf::from(OsString::from_vec(decode(name)))
}

fn decode(name: &str) -> Vec<u8> {
    let mut rest = name.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        decoded.push(*first);
        rest = after;
        if *first == b'%' && reads_as_escape(after) {
            let (digits, behind) = after.split_at(2);
            let byte =
                std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
            decoded.pop();
            decoded.push(byte.expect("an escape is two hexadecimal digits"));
            rest = behind;
        }
    }
    decoded
}

/// A path for messages: in quotation marks, with escapes, since a line break in it would break the terminal's
/// output.
pub fn shown(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

/// What follows a `%`, and would be taken for what [`encode`] writes.
fn reads_as_escape(rest: &[u8]) -> bool {
    matches!(
        rest,
        [b'2', b'5', ..] | [b'8' | b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F', ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_must_be_is_encoded() {
        for (name, encoded) in [
            (&b"a b.txt"[..], "a b.txt"),
            ("größe.txt".as_bytes(), "größe.txt"),
            (b"100%.txt", "100%.txt"),
            (b"My%20file.pdf", "My%20file.pdf"),
            (b"line\nbreak", "line\nbreak"),
            (b"gr\xf6\xdfe.txt", "gr%F6%DFe.txt"),
            (b"%F6", "%25F6"),
            (b"%25", "%2525"),
            (b"%\xff", "%%FF"),
        ] {
            assert_eq!(encode(OsStr::from_bytes(name)), encoded);
        }
    }

    #[test]
    fn a_path_is_encoded_part_by_part() {
        assert_eq!(encode_path(Path::new(OsStr::from_bytes(b"/a/\xff/b"))), "/a/%FF/b");
        assert_eq!(decode_path("/a/%FF/b"), Path::new(OsStr::from_bytes(b"/a/\xff/b")));
        assert_eq!(encode_path(Path::new("/")), "/");
    }

    proptest! {
        #[test]
        fn every_name_has_an_encoding_of_its_own(
            name in prop::collection::vec(prop_oneof![
                any::<u8>(), Just(b'%'), Just(b'2'), Just(b'5'), Just(b'F'), Just(b'8'), Just(0xC3), Just(0xA4)
            ], 0..24)
        ) {
            prop_assert_eq!(decode(&encode(OsStr::from_bytes(&name))), name);
        }
    }
}
