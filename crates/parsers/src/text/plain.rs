//! Plain text: paragraphs between blank lines, and headings where they are unmistakable.

mod chapter;

use super::lines::{Lines, Piece};
use crate::outlet::Outlet;
use crate::stop::Step;
use types::block::{Span, TEXT_BYTES_MAX, TextKind};
use types::document::Body;

/// An underline this much longer or shorter than its line still underlines it.
const UNDERLINE_SLACK: usize = 3;

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut lines = Lines::new(body)?;
    let mut paragraph = Paragraph::default();
    while let Some(piece) = lines.next()? {
        if piece.starts_line && piece.ends_line && piece.text.trim().is_empty() {
            paragraph.flush(outlet)?;
        } else if piece.starts_line
            && let Some(level) = paragraph.underlined_by(piece.text)
        {
            paragraph.flush_heading(level, outlet)?;
        } else {
            paragraph.add(&piece, outlet)?;
        }
    }
    paragraph.flush(outlet)?;
    if let Some(damage) = lines.damage() {
        outlet.warning(damage)?;
    }
    Ok(())
}

/// Lines that stand together.
#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    span: Span,
    lines: usize,
    /// Nothing of the document has left yet.
    begun: bool,
    /// A part of this paragraph has left already, since it was too long for one block.
    continued: bool,
}

impl Paragraph {
    fn add(&mut self, piece: &Piece<'_>, outlet: &mut Outlet<'_>) -> Step {
        if self.text.len() + piece.text.len() + 1 > TEXT_BYTES_MAX {
            self.flush_text(outlet)?;
            self.continued = true;
        }
        if self.text.is_empty() {
            self.span.start = piece.span.start;
        } else if piece.starts_line {
            self.text.push('\n');
        }
        self.lines += usize::from(piece.starts_line);
        self.text.push_str(piece.text);
        self.span.end = piece.span.end;
        Ok(())
    }

    /// The level of the heading that this paragraph is when `line` follows it.
    fn underlined_by(&self, line: &str) -> Option<u8> {
        let line = line.trim_end();
        let mark = line.chars().next().filter(|c| matches!(c, '=' | '-'))?;
        let width = self.text.trim().chars().count();
        let underlines = self.lines == 1
            && !self.continued
            && line.len() >= 3
            && line.chars().all(|c| c == mark)
            && line.len().abs_diff(width) <= UNDERLINE_SLACK
            && self.text.chars().any(char::is_alphanumeric);
        underlines.then_some(if mark == '=' { 1 } else { 2 })
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) -> Step {
        if self.text.is_empty() {
            self.lines = 0;
            self.continued = false;
            return Ok(());
        }
        let level = if self.continued { None } else { chapter::level(&self.text, self.lines) };
        match level {
            Some(level) => self.flush_heading(level, outlet)?,
            None => self.flush_text(outlet)?,
        }
        self.continued = false;
        Ok(())
    }

    fn flush_heading(&mut self, level: u8, outlet: &mut Outlet<'_>) -> Step {
        if !self.begun && level == 1 {
            outlet.title(&self.text)?;
        }
        outlet.heading(level, &self.text, self.span)?;
        self.clear();
        Ok(())
    }

    fn flush_text(&mut self, outlet: &mut Outlet<'_>) -> Step {
        outlet.text(TextKind::Paragraph, &self.text, self.span)?;
        self.clear();
        Ok(())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.lines = 0;
        self.begun = true;
    }
}

/// The paragraphs of a text that is held (a field of a record), all at the place of the record.
pub(crate) fn paragraphs(text: &str, span: Span, outlet: &mut Outlet<'_>) -> Step {
    let mut rest = text;
    while !rest.is_empty() {
        let (paragraph, after) = split_paragraph(rest);
        outlet.text(TextKind::Paragraph, paragraph, span)?;
        rest = after;
    }
    Ok(())
}

/// Up to the first blank line, and what follows it.
fn split_paragraph(text: &str) -> (&str, &str) {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let next = end + line.len();
        if line.trim().is_empty() && !text.split_at(end).0.trim().is_empty() {
            return (text.split_at(end).0, text.split_at(next).1);
        }
        end = next;
    }
    (text, "")
}

#[cfg(test)]
mod tests;
