//! Lines of text, and how segments become one.

use super::right_to_left;
use crate::letters;
use crate::page::glyph::Direction;
use crate::page::pitch::{Pitch, Setting};
use crate::page::segment::{PageText, Segment};

/// A line in reading order, measured as a reader sees it who holds the page so that `direction` points right.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub text: String,
    pub direction: Direction,
    pub left: f32,
    pub right: f32,
    pub base: f32,
    /// Size of most of its letters.
    pub size: f32,
    /// Stem thickness in thousandths of an em; 0 is unknown.
    pub stem: f32,
    pub glyphs: u32,
    /// Stretches of text with wide gaps between them: more than one may be cells of a table.
    pub cells: u32,
    pub setting: Setting,
}

/// Text on base lines nearer than this part of its size stands on one line.
const SAME_LINE: f32 = 0.45;

/// A gap of more than this many ems is a space.
const SPACE: f32 = 0.18;

/// Whether two segments of one direction stand on one line.
pub(crate) fn share_line(a: &Segment, b: &Segment) -> bool {
    (a.base - b.base).abs() < SAME_LINE * a.size.max(b.size)
}

impl Line {
    /// The line that `segments` form, given from left to right; `None` when it has no text worth keeping.
    pub(crate) fn new(page: &PageText, segments: &[Segment]) -> Option<Self> {
        let main = segments.iter().max_by_key(|segment| segment.glyphs)?;
        let mut visual = String::new();
        let mut last: Option<&Segment> = None;
        let mut pitch = Pitch::NONE;
        for segment in segments {
            let gap = last.map_or(0.0, |last| segment.left - last.right);
            if gap.abs() > SPACE * segment.size && !visual.ends_with(' ') {
                visual.push(' ');
            }
            visual.push_str(page.text_of(segment));
            pitch.merge(&segment.pitch);
            last = Some(segment);
        }
        let backward: u32 = segments.iter().map(|segment| segment.backward).sum();
        let glyphs: u32 = segments.iter().map(|segment| segment.glyphs).sum();
        let drawn_as_spoken = backward * 2 > glyphs;
        let logical = if drawn_as_spoken { visual } else { right_to_left::logical_order(visual) };
        let text = letters::without_leaders(letters::plain_forms(logical.trim()));
        is_readable(&text).then(|| Self {
            text,
            direction: main.direction,
            left: segments.iter().map(|segment| segment.left).fold(f32::INFINITY, f32::min),
            right: segments.iter().map(|segment| segment.right).fold(f32::NEG_INFINITY, f32::max),
            base: main.base,
            size: main.size,
            stem: main.stem,
            glyphs,
            cells: segments.len() as u32,
            setting: pitch.setting(),
        })
    }

    /// How far below this line `next` stands, in the same direction; negative when above.
    pub(crate) fn drop_to(&self, next: &Self) -> f32 {
        self.base - next.base
    }
}

/// A line of glyphs without characters would only be noise.
fn is_readable(text: &str) -> bool {
    let (mut unknown, mut known) = (0_usize, 0_usize);
    for character in text.chars() {
        if character == letters::UNKNOWN {
            unknown += 1;
        } else if !character.is_whitespace() {
            known += 1;
        }
    }
    known > unknown
}
