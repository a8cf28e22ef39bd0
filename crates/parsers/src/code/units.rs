//! Cuts source code into units at blank lines before top-level code and before definitions.

use super::Language;
use super::signature::signature;
use crate::outlet::Outlet;
use crate::stop::Step;
use crate::text::lines::{Lines, Piece};
use types::block::{Span, TEXT_BYTES_MAX, TextKind};
use types::document::Body;

/// Smaller units are joined with the next one, unless that one is a definition.
const UNIT_BYTES_MIN: usize = 400;
/// A definition deeper than this is a detail of the unit around it.
const INDENT_MAX: usize = 8;
/// Of a unit without a signature, so much of its first line is its heading.
const FIRST_LINE_CHARS_MAX: usize = 80;

pub(crate) fn parse(language: Language, body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut lines = Lines::new(body)?;
    let mut unit = Unit::new(language);
    while let Some(piece) = lines.next()? {
        if piece.starts_line {
            unit.begin_line(&piece, outlet)?;
        }
        unit.add(&piece, outlet)?;
    }
    unit.flush(outlet)?;
    if let Some(damage) = lines.damage() {
        outlet.warning(damage)?;
    }
    Ok(())
}

struct Unit {
    language: Language,
    text: String,
    span: Span,
    /// Signature of the unit's definition, its level and its place.
    heading: Option<(u8, String, Span)>,
    /// The last line was blank.
    after_blank: bool,
    /// What stands behind the last blank line, until a definition is found in it.
    part: Option<Part>,
    /// Some unit before had a heading, so that this one needs one of its own.
    headed: bool,
}

/// Lines of a unit without a blank line between them.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Offset in the unit's text.
    text: usize,
    /// Offset in the file.
    start: u64,
}

impl Unit {
    fn new(language: Language) -> Self {
        Self {
            language,
            text: String::new(),
            span: Span::default(),
            heading: None,
            after_blank: false,
            part: None,
            headed: false,
        }
    }

    fn begin_line(&mut self, line: &Piece<'_>, outlet: &mut Outlet<'_>) -> Step {
        if line.text.trim().is_empty() {
            self.after_blank = true;
            return Ok(());
        }
        let indent = line.text.len() - line.text.trim_start().len();
        let found = if indent <= INDENT_MAX { signature(line.text, self.language) } else { None };
        let is_top = indent == 0 && !line.text.starts_with(['}', ')', ']']);
        let is_large = self.text.len() >= UNIT_BYTES_MIN;
        if std::mem::take(&mut self.after_blank) {
            if is_top && (is_large || self.heading.is_some()) {
                self.flush(outlet)?;
            }
            self.part = Some(Part { text: self.text.len(), start: line.span.start });
        }
        let Some(text) = found else { return Ok(()) };
        // Comments and attributes above a definition belong to it: its unit begins behind the blank line.
        if let Some(part) = self.part.take() {
            self.flush_before(part, outlet)?;
        }
        if self.heading.is_none() {
            let level = if indent == 0 { 1 } else { 2 };
            self.heading = Some((level, text, line.span));
        }
        Ok(())
    }

    /// Flushes what stands before a part; the part is the new unit.
    fn flush_before(&mut self, part: Part, outlet: &mut Outlet<'_>) -> Step {
        let rest = self.text.split_off(part.text);
        let end = self.span.end;
        self.flush(outlet)?;
        self.text = rest;
        self.span = Span { start: part.start, end };
        Ok(())
    }

    fn add(&mut self, piece: &Piece<'_>, outlet: &mut Outlet<'_>) -> Step {
        if self.text.len() + piece.text.len() + 1 > TEXT_BYTES_MAX {
            self.flush(outlet)?;
        }
        if self.text.is_empty() {
            self.span.start = piece.span.start;
            if piece.text.trim().is_empty() {
                return Ok(());
            }
        }
        self.text.push_str(piece.text);
        if piece.ends_line {
            self.text.push('\n');
        }
        self.span.end = piece.span.end;
        Ok(())
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) -> Step {
        self.part = None;
        if self.text.trim().is_empty() {
            self.text.clear();
            return Ok(());
        }
        if let Some((level, text, span)) = self.heading.take().or_else(|| self.first_line()) {
            outlet.heading(level, &text, span)?;
            self.headed = true;
        }
        // The last line's end is not part of the span.
        self.text.truncate(self.text.trim_end().len());
        let exact = self.span.start + self.text.len() as u64;
        let end = exact.min(self.span.end);
        outlet.text(TextKind::Code, &self.text, Span { start: self.span.start, end })?;
        self.text.clear();
        Ok(())
    }

    /// The section of a definition must not go on over what follows it.
    fn first_line(&self) -> Option<(u8, String, Span)> {
        let line = self.text.lines().find(|line| !line.trim().is_empty())?;
        let text: String = line.trim().chars().take(FIRST_LINE_CHARS_MAX).collect();
        let end = self.span.start + line.len() as u64;
        let span = Span { start: self.span.start, end: end.min(self.span.end) };
        self.headed.then_some((1, text, span))
    }
}

#[cfg(test)]
mod tests;
