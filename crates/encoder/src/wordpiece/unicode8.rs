//! Characters as Unicode 8 saw them. The reference tokenizer carries the categories of that version, so a mark
//! or punctuation that came later is an ordinary part of a word to it, and to the vectors trained with it.
//!
//! With this list every code point gives the reference's ids (`tests/wordpiece.rs` tries them all), and a
//! newer table of categories in a dependency changes no vector of what it leaves as it was.
#![forbid(unsafe_code)]

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// First and last character of the ranges that hold what is a mark, punctuation or format character today and
/// was unassigned then. In between are only characters that are ordinary in both.
const YOUNGER: &[(u32, u32)] = &[
    (0x05C8, 0x05C9),
    (0x061D, 0x061D),
    (0x07FD, 0x07FD),
    (0x0890, 0x08E2),
    (0x09FD, 0x09FE),
    (0x0A76, 0x0A76),
    (0x0AFA, 0x0AFF),
    (0x0B53, 0x0B55),
    (0x0C04, 0x0C3C),
    (0x0C77, 0x0C77),
    (0x0C84, 0x0C84),
    (0x0D00, 0x0D00),
    (0x0D3B, 0x0D3C),
    (0x0D81, 0x0D81),
    (0x0EBA, 0x0EBA),
    (0x0ECE, 0x0ECE),
    (0x180F, 0x1886),
    (0x1ABF, 0x1AF0),
    (0x1B4E, 0x1B4F),
    (0x1B7D, 0x1B7F),
    (0x1DF6, 0x1DFB),
    (0x2E43, 0x2E63),
    (0xA82C, 0xA82C),
    (0xA8C5, 0xA8C5),
    (0xA8FF, 0xA8FF),
    (0xA9BD, 0xA9BD),
    (0x10D24, 0x10D6E),
    (0x10EAB, 0x10F89),
    (0x11070, 0x11074),
    (0x110C2, 0x110CD),
    (0x111CF, 0x111CF),
    (0x1123E, 0x11241),
    (0x1133B, 0x1133B),
    (0x113BB, 0x1145E),
    (0x11660, 0x1166C),
    (0x116B9, 0x116B9),
    (0x1182F, 0x11FFF),
    (0x12FF1, 0x12FF2),
    (0x13430, 0x13455),
    (0x1611E, 0x1612F),
    (0x16D6D, 0x16F4F),
    (0x16FE2, 0x16FE4),
    (0x1CF00, 0x1CF46),
    (0x1D127, 0x1D128),
    (0x1D25B, 0x1D25C),
    (0x1E000, 0x1E136),
    (0x1E2AE, 0x1E2EF),
    (0x1E4EC, 0x1E6F5),
    (0x1E944, 0x1E95F),
];

/// Marks that became something else, and marks that punctuation became.
const ONCE_MARKS: [char; 2] = ['\u{1734}', '\u{1171e}'];
const ONCE_PUNCTUATION: [char; 2] = ['\u{166d}', '\u{111c9}'];

/// Control, format and private-use characters, but not unassigned ones.
pub(super) fn is_control(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    matches!(c.general_category(), Control | Format | PrivateUse) && !is_younger(c)
}

pub(super) fn is_nonspacing_mark(c: char) -> bool {
    match c.general_category() {
        GeneralCategory::NonspacingMark => !ONCE_PUNCTUATION.contains(&c) && !is_younger(c),
        _ => ONCE_MARKS.contains(&c),
    }
}

pub(super) fn is_punctuation(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Punctuation => !is_younger(c),
        _ => ONCE_PUNCTUATION.contains(&c),
    }
}

fn is_younger(c: char) -> bool {
    let c = u32::from(c);
    let after = YOUNGER.partition_point(|&(first, _)| first <= c);
    YOUNGER[..after].last().is_some_and(|&(_, last)| c <= last)
}
