//! Labels as path components, one to one.

use types::document::Label;

/// Longer names are cut and told apart by a hash; most file systems take 255 bytes.
const COMPONENT_BYTES_MAX: usize = 100;

/// `{domain}/{category}.json`, relative to the folder.
pub fn file_name(label: &Label) -> String {
    format!("{}/{}.json", component(&label.domain), component(&label.category))
}

/// Letters and digits of ASCII, `-`, `_` and inner `.` stay; every other byte is percent-encoded.
fn component(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for (place, byte) in bytes.iter().enumerate() {
        let inner = place > 0 && place + 1 < bytes.len();
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (*byte == b'.' && inner) {
            out.push(char::from(*byte));
        } else {
            use std::fmt::Write as _;
            write!(out, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    if out.is_empty() {
        // Nothing else gives a lone percent sign.
        return "%".to_owned();
    }
    if out.len() > COMPONENT_BYTES_MAX { shortened(&out, name) } else { out }
}

/// `%~` is no encoding of any byte, so a shortened name never meets a whole one.
fn shortened(encoded: &str, name: &str) -> String {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let prefix: String = encoded.chars().take(COMPONENT_BYTES_MAX - 34).collect();
    let tail: String = hash.chars().take(32).collect();
    format!("{prefix}%~{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_become_safe_components() {
        let cases = [
            ("strategy", "strategy"),
            ("v1.2", "v1.2"),
            (".hidden", "%2Ehidden"),
            ("..", "%2E%2E"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            ("a b", "a%20b"),
            ("ä", "%C3%A4"),
            ("100%", "100%25"),
            ("", "%"),
            ("con.", "con%2E"),
        ];
        for (name, expected) in cases {
            assert_eq!(component(name), expected, "{name:?}");
        }
        assert!(component(&"x".repeat(300)).len() <= COMPONENT_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn two_names_never_meet(a in "\\PC{0,140}", b in "\\PC{0,140}") {
            prop_assert_eq!(component(&a) == component(&b), a == b);
            prop_assert!(!component(&a).contains('/') && component(&a) != "." && component(&a) != "..");
        }
    }
}
