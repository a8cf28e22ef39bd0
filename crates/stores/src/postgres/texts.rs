//! Texts that Postgres can hold.
//!
//! Its `text` has no U+0000, and one such character in one chunk would fail a whole batch. So the character is
//! written as two: the last code point of Unicode, which is no character and which nobody writes, and `0`. The
//! same for that code point itself. All other texts stand in the tables as they are.

use std::borrow::Cow;

/// U+10FFFF, a noncharacter.
const MARK: char = '\u{10ffff}';

pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    // The mark's first byte in UTF-8 begins no assigned character before plane 16.
    if !text.bytes().any(|byte| byte == 0 || byte == 0xf4) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => out.extend([MARK, '0']),
            MARK => out.extend([MARK, '1']),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

pub(crate) fn unescaped(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            MARK if chars.next() == Some('0') => out.push('\0'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_comes_back(parts in prop::collection::vec(
            prop_oneof![Just("\0"), Just("\u{10ffff}"), Just("0"), Just("1"), Just("ä"), Just("\u{10fffe}")], 0..12)) {
            let text = parts.concat();
            let stored = escaped(&text);
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(unescaped(stored.into_owned()), text);
        }
    }
}
