//! The text of a page as it is drawn: stretches of glyphs without wide gaps, all in one buffer.
//!
//! Glyphs are not kept. Each is joined to the stretch before it or begins a new one, so a page costs its text
//! and some 50 bytes for each stretch.

use super::glyph::{Direction, Glyph, Step};
use super::pitch::Pitch;
use crate::letters;

/// What a segment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Line,
    /// It goes on in the line of the segment drawn before it, after a gap.
    Cell,
}

/// Text drawn in one go on one line, without a gap wider than a space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    /// Byte range in [`PageText::text`].
    pub start: u32,
    pub end: u32,
    pub direction: Direction,
    /// From `left` to `right` along the direction.
    pub left: f32,
    pub right: f32,
    /// Height of the base line, upwards across the direction.
    pub base: f32,
    pub size: f32,
    pub glyphs: u32,
    /// Glyphs drawn to the left of the one before.
    pub backward: u32,
    /// Mean stem thickness of sampled letters in thousandths of an em, 0 when none was sampled.
    pub stem: f32,
    stems: u32,
    pub start_of: Start,
    pub pitch: Pitch,
}

/// Text and segments of a page in the order of drawing.
#[derive(Debug, Default)]
pub(crate) struct PageText {
    pub text: String,
    pub segments: Vec<Segment>,
    /// All glyphs drawn, spaces included.
    pub glyphs: usize,
    /// Glyphs of which no character is known.
    pub unknown: usize,
    last: Option<Glyph>,
}

/// One letter in so many is measured for its stem: enough to tell a bold line, at no cost that shows.
const STEM_EVERY: u32 = 12;

impl PageText {
    pub(crate) fn text_of(&self, segment: &Segment) -> &str {
        self.text.get(segment.start as usize..segment.end as usize).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, glyph: Glyph, text: &str) {
        if letters::is_nothing(text) {
            return;
        }
        let step = self.last.as_ref().map_or(Step::Line, |last| last.step_to(&glyph));
        let blank = text.chars().all(char::is_whitespace);
        match step {
            Step::Line | Step::Gap if blank => return,
            Step::Line => self.begin(&glyph, Start::Line),
            Step::Gap => self.begin(&glyph, Start::Cell),
            Step::Space => self.space(text),
            Step::Adjacent => {}
        }
        if blank {
            self.space("");
        } else if let Some(accented) = self.accented(&glyph, text) {
            self.text.pop();
            self.append(&glyph, accented.encode_utf8(&mut [0; 4]));
        } else {
            self.append(&glyph, text);
        }
        self.last = Some(glyph);
    }

    /// The letter that the last glyph and this one make together, when one of them is an accent over the other.
    fn accented(&self, glyph: &Glyph, text: &str) -> Option<char> {
        let start = self.segments.last()?.start as usize;
        let last = self.text.get(start..)?.chars().next_back()?;
        let mut next = text.chars();
        let (Some(next), None) = (next.next(), next.next()) else { return None };
        let accented = letters::accented(last, next).or_else(|| letters::accented(next, last))?;
        self.last?.is_under(glyph).then_some(accented)
    }

    /// Whether the letter just pushed should be measured and given to [`PageText::push_stem`].
    pub(crate) fn wants_stem(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.glyphs > segment.stems * STEM_EVERY)
    }

    pub(crate) fn push_stem(&mut self, stem: f32) {
        if let Some(segment) = self.segments.last_mut() {
            segment.stems += 1;
            segment.stem += (stem - segment.stem) / segment.stems as f32;
        }
    }

    fn begin(&mut self, glyph: &Glyph, start_of: Start) {
        let direction = glyph.direction;
        let left = direction.along(glyph.x, glyph.y);
        self.segments.push(Segment {
            start: self.text.len() as u32,
            end: self.text.len() as u32,
            direction,
            left,
            right: left,
            base: direction.above(glyph.x, glyph.y),
            size: glyph.size,
            glyphs: 0,
            backward: 0,
            stem: 0.0,
            stems: 0,
            start_of,
            pitch: Pitch::NONE,
        });
    }

    /// One space, unless there is one or the text is of a script that is written without.
    fn space(&mut self, next: &str) {
        let start = self.segments.last().map_or(0, |segment| segment.start as usize);
        let Some(last) = self.text.get(start..).and_then(|text| text.chars().next_back()) else {
            return;
        };
        let joined = next.chars().next().is_some_and(|next| {
            letters::is_written_without_spaces(last) && letters::is_written_without_spaces(next)
        });
        if last != ' ' && !joined {
            self.text.push(' ');
        }
    }

    fn append(&mut self, glyph: &Glyph, text: &str) {
        letters::push_clean(&mut self.text, text);
        let end = self.text.len() as u32;
        if let Some(segment) = self.segments.last_mut() {
            let left = segment.direction.along(glyph.x, glyph.y);
            segment.end = end;
            segment.backward += u32::from(left < segment.left);
            segment.left = segment.left.min(left);
            segment.right = segment.right.max(left + glyph.advance);
            segment.size = segment.size.max(glyph.size);
            segment.glyphs += 1;
            if let Some(character) = text.chars().next() {
                segment.pitch.add(character, glyph.advance / glyph.size);
            }
        }
    }
}
