//! Characters as a reader means them, and what they say about scripts.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;

/// Stands for a glyph of which no character is known.
pub(crate) const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// Whether [`push_clean`] would leave nothing of it.
pub(crate) fn is_nothing(text: &str) -> bool {
    text.chars().all(|character| is_invisible(character) && !character.is_whitespace())
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') || character.is_control()
}

/// Appends what a font says a glyph means: spaces of all widths become one kind, control characters and
/// invisible hyphens fall away, bullets of symbol fonts become bullets.
pub(crate) fn push_clean(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\u{f0b7}' | '\u{f0a7}' | '\u{f0d8}' => out.push('\u{2022}'),
            character if character.is_whitespace() => out.push(' '),
            character if is_invisible(character) => {}
            character => out.push(character),
        }
    }
}

/// Shown only where a line ends; elsewhere it is dropped by [`plain_forms`].
pub(crate) const SOFT_HYPHEN: char = '\u{ad}';

/// Replaces ligatures and the positional forms of Arabic by the letters that a searcher types.
///
/// To be called on text in reading order, because a ligature of right-to-left letters reads as several.
pub(crate) fn plain_forms(line: &str) -> String {
    if line.is_ascii() {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            SOFT_HYPHEN if rest.peek().is_some() => {}
            '\u{fb00}'..='\u{fb4f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
                out.extend(std::iter::once(character).nfkc());
            }
            character => out.push(character),
        }
    }
    out
}

/// Dots and strokes in a row lead the eye to a number or hold room for a pen; more than this says no more.
const LEADERS: usize = 3;

/// Cuts rows of dots and strokes short, whether they are spaced out or not.
pub(crate) fn without_leaders(line: String) -> String {
    if !["....", ". . . .", "____", "_ _ _ _", "\u{2026}\u{2026}"]
        .iter()
        .any(|row| line.contains(row))
    {
        return line;
    }
    let mut out = String::with_capacity(line.len());
    let (mut last, mut count) = (' ', 0);
    for character in line.chars() {
        if character == last && matches!(character, '.' | '_' | '\u{2026}') {
            count += 1;
        } else if character != ' ' {
            (last, count) = (character, 1);
        }
        if count <= LEADERS || character == ' ' && !out.ends_with(' ') {
            out.push(character);
        }
    }
    out
}

/// The letter with the accent, if there is such a letter. Typesetting programs draw the two one over the other.
pub(crate) fn accented(accent: char, letter: char) -> Option<char> {
    let combining = match accent {
        '`' | '\u{2cb}' => '\u{300}',
        '\u{b4}' | '\u{2ca}' => '\u{301}',
        '^' | '\u{2c6}' => '\u{302}',
        '~' | '\u{2dc}' => '\u{303}',
        '\u{af}' | '\u{2c9}' => '\u{304}',
        '\u{2d8}' => '\u{306}',
        '\u{2d9}' => '\u{307}',
        '\u{a8}' => '\u{308}',
        '\u{2da}' => '\u{30a}',
        '\u{2dd}' => '\u{30b}',
        '\u{2c7}' => '\u{30c}',
        '\u{b8}' => '\u{327}',
        '\u{2db}' => '\u{328}',
        _ => return None,
    };
    let letter = match letter {
        '\u{131}' => 'i',
        '\u{237}' => 'j',
        letter => letter,
    };
    compose(letter, combining)
}

/// Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms.
pub(crate) fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc)
}

/// Han and kana: lines are joined without a space, and gaps between characters are only spacing.
pub(crate) fn is_written_without_spaces(character: char) -> bool {
    matches!(u32::from(character),
        0x2e80..=0x303f | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff
        | 0xf900..=0xfaff | 0xff01..=0xff60 | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests;
