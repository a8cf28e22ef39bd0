//! Programs and other text whose lines and indents mean something: a face of fixed width among others.

use super::body::Body;
use crate::layout::line::Line;
use crate::page::pitch::{Setting, is_same_width};

/// In ems: more is a column of its own, not an indent.
const INDENT_MAX: f32 = 40.0;

/// Signs that programs are full of, and sentences are not.
const SIGNS: &str = "{}[]=<>_#$|&*+/\\;";

/// Which lines are set in a face of fixed width; none in a document that is set so throughout.
pub(crate) fn fixed_lines(lines: &[Line], body: Body) -> Vec<bool> {
    let mut fixed = Vec::with_capacity(lines.len());
    let mut pitch = None;
    for line in lines {
        pitch = match line.setting {
            Setting::Fixed(ems) if !body.fixed => Some(ems),
            Setting::Unknown(ems) => pitch.filter(|pitch| is_same_width(*pitch, ems)),
            Setting::Fixed(_) | Setting::Proportional => None,
        };
        fixed.push(pitch.is_some());
    }
    fixed
}

/// Whether lines in a face of fixed width are code. A line alone is an address or a command in a sentence, and
/// lines without signs are only a matter of taste.
pub(crate) fn is_code(lines: &[Line]) -> bool {
    let signed = lines.iter().filter(|line| has_sign(&line.text)).count();
    lines.len() > 1 && signed * 2 >= lines.len()
}

fn has_sign(line: &str) -> bool {
    let call = |pair: &[u8]| pair[0].is_ascii_alphanumeric() && pair[1] == b'(';
    line.contains(|c| SIGNS.contains(c)) || line.as_bytes().windows(2).any(call)
}

/// The lines one below the other, with the indents that they were drawn with.
pub(crate) fn gather(lines: &[Line]) -> String {
    let left = lines.iter().map(|line| line.left).fold(f32::INFINITY, f32::min);
    let pitch = lines.iter().find_map(|line| match line.setting {
        Setting::Fixed(ems) => Some(ems),
        Setting::Proportional | Setting::Unknown(_) => None,
    });
    let mut text = String::new();
    for line in lines {
        if !text.is_empty() {
            text.push('\n');
        }
        let column = pitch.unwrap_or(0.6) * line.size;
        let indent = ((line.left - left).clamp(0.0, INDENT_MAX * line.size) / column).round();
        text.extend(std::iter::repeat_n(' ', indent as usize));
        text.push_str(&line.text);
    }
    text
}
