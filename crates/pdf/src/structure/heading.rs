//! Which paragraphs are headings, and of what level.

use super::body::Body;
use super::paragraph::{Paragraph, Role};

/// Clearly larger than the running text, by this factor at each level from the outermost.
const LARGER: [f32; 3] = [1.7, 1.35, 1.15];
/// Of headings as large as the text, which stand out by their weight alone.
const BOLD_LEVEL: u8 = 4;
/// Bold text smaller than this part of the running text labels a figure.
const LABEL: f32 = 0.95;
/// More is a paragraph in large type.
const LINES_MAX: usize = 3;
const CHARACTERS_MAX: usize = 200;
/// Bold text has to be shorter to be a heading, because emphasis is bold too.
const BOLD_LINES_MAX: usize = 2;
const BOLD_CHARACTERS_MAX: usize = 120;

/// The heading's level, 1 being the outermost.
pub(crate) fn level(paragraph: &Paragraph, body: Body) -> Option<u8> {
    if let Some(mark) = paragraph.mark {
        return Some(mark.level);
    }
    let characters = paragraph.text.chars().count();
    if paragraph.role == Role::Code
        || !is_wording(&paragraph.text)
        || paragraph.lines > LINES_MAX
        || characters > CHARACTERS_MAX
    {
        return None;
    }
    let larger = LARGER.iter().position(|factor| paragraph.size >= factor * body.size);
    match larger {
        Some(at) => Some(at as u8 + 1),
        None if paragraph.size >= LABEL * body.size && is_bold_heading(paragraph, characters) => {
            Some(BOLD_LEVEL)
        }
        None => None,
    }
}

fn is_bold_heading(paragraph: &Paragraph, characters: usize) -> bool {
    paragraph.bold
        && paragraph.lines <= BOLD_LINES_MAX
        && characters <= BOLD_CHARACTERS_MAX
        && !paragraph.text.ends_with(['.', ',', ';'])
        && (paragraph.cells <= 1 || begins_with_number(&paragraph.text))
}

/// A heading may have its number far from its words; other gaps are those of a table's head.
fn begins_with_number(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_ascii_digit())
}

/// More letters than anything else, and enough for a word: single letters label the parts of a drawing.
fn is_wording(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let word = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphabetic()).count())
        .max();
    let other = text.chars().filter(|c| !c.is_alphabetic() && !c.is_whitespace()).count();
    word >= Some(2) && letters > other
}
