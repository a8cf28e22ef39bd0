//! Where every parser's blocks leave: cleans, cuts to the size limit, and counts extracted text.

use crate::stop::{Step, Stop};
use std::ops::ControlFlow;
use types::block::{Block, Metadata, Span, TEXT_BYTES_MAX, TextKind};
use types::document::OwnLabel;

/// A longer heading is a mistaken one: it goes out as a paragraph, so that nothing is lost.
const HEADING_BYTES_MAX: usize = 1024;

pub(crate) struct Outlet<'a> {
    push: &'a mut dyn FnMut(Block) -> ControlFlow<()>,
    /// Bytes of extracted text so far, with one separator after each block.
    extracted: u64,
}

impl std::fmt::Debug for Outlet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").field("extracted", &self.extracted).finish_non_exhaustive()
    }
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(push: &'a mut dyn FnMut(Block) -> ControlFlow<()>) -> Self {
        Self { push, extracted: 0 }
    }

    pub(crate) fn block(&mut self, block: Block) -> Step {
        match (self.push)(block) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Gone),
        }
    }

    /// A title that is white space only is none.
    pub(crate) fn title(&mut self, title: &str) -> Step {
        let title = one_line(title);
        if title.is_empty() {
            return Ok(());
        }
        let end = title.floor_char_boundary(HEADING_BYTES_MAX);
        self.block(Block::Title(title.split_at(end).0.to_owned()))
    }

    pub(crate) fn front(
        &mut self,
        label: OwnLabel,
        metadata: &serde_json::Map<String, serde_json::Value>,
    ) -> Step {
        if label.is_empty() && metadata.is_empty() {
            return Ok(());
        }
        self.block(Block::Front { label, metadata: metadata_text(metadata) })
    }

    pub(crate) fn page(&mut self, number: u32) -> Step {
        self.block(Block::Page(number))
    }

    pub(crate) fn warning(&mut self, message: impl Into<String>) -> Step {
        self.block(Block::Warning(message.into()))
    }

    pub(crate) fn heading(&mut self, level: u8, text: &str, span: Span) -> Step {
        let line = one_line(text);
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > HEADING_BYTES_MAX {
            return self.text(TextKind::Paragraph, text, span);
        }
        self.block(Block::Heading { level: level.clamp(1, 9), text: line, span })
    }

    /// A text at `span`, cut into blocks of at most [`TEXT_BYTES_MAX`] bytes. Where text and span are of one length
    /// the pieces' spans are exact, else in proportion.
    pub(crate) fn text(&mut self, kind: TextKind, text: &str, span: Span) -> Step {
        let (text, span) = trimmed(kind, text, span);
        let (total, width) = (text.len() as u64, span.end - span.start);
        let mut rest = text;
        while !rest.is_empty() {
            let start = total - rest.len() as u64;
            let (piece, after) = rest.split_at(cut_at(rest, kind));
            let end = start + piece.len() as u64;
            let place = |offset: u64| span.start + scaled(offset, width, total);
            if !piece.trim().is_empty() {
                let span = Span { start: place(start), end: place(end) };
                self.block(Block::Text { kind, text: piece.to_owned(), span })?;
            }
            rest = after;
        }
        Ok(())
    }

    /// A heading whose span points into the extracted text.
    pub(crate) fn extracted_heading(&mut self, level: u8, text: &str) -> Step {
        let line = one_line(text);
        let span = self.advance(&line);
        self.heading(level, &line, span)
    }

    /// A text whose span points into the extracted text.
    pub(crate) fn extracted_text(&mut self, kind: TextKind, text: &str) -> Step {
        let text = if kind == TextKind::Code { text.trim_end() } else { text.trim() };
        if text.trim().is_empty() {
            return Ok(());
        }
        let span = self.advance(text);
        self.text(kind, text, span)
    }

    pub(crate) fn has_extracted(&self) -> bool {
        self.extracted > 0
    }

    fn advance(&mut self, text: &str) -> Span {
        let start = self.extracted;
        let end = start + text.len() as u64;
        self.extracted = end + 1;
        Span { start, end }
    }
}

/// `offset` of `total`, as a place in `width`.
fn scaled(offset: u64, width: u64, total: u64) -> u64 {
    if width == total {
        return offset;
    }
    (u128::from(offset) * u128::from(width) / u128::from(total.max(1))) as u64
}

/// Without the white space around it, the span following where it is exact. Code keeps its first indentation.
fn trimmed(kind: TextKind, text: &str, span: Span) -> (&str, Span) {
    let start = if kind == TextKind::Code { text } else { text.trim_start() };
    let body = start.trim_end();
    if span.end - span.start != text.len() as u64 {
        return (body, span);
    }
    let first = span.start + (text.len() - start.len()) as u64;
    (body, Span { start: first, end: first + body.len() as u64 })
}

/// Where the first block of `text` ends: after a sentence, else after white space, else at a character boundary.
fn cut_at(text: &str, kind: TextKind) -> usize {
    if text.len() <= TEXT_BYTES_MAX {
        return text.len();
    }
    let limit = text.floor_char_boundary(TEXT_BYTES_MAX);
    let (head, _) = text.split_at(limit);
    // Only the second half is searched, so that a cut never leaves a crumb.
    let from = text.floor_char_boundary(TEXT_BYTES_MAX / 2);
    let (_, tail) = head.split_at(from);
    let found = match kind {
        TextKind::Code => tail.rfind('\n').map(|at| at + 1),
        _ => sentence_end(tail),
    };
    let found = found.or_else(|| white_space_end(tail));
    found.map_or(limit, |at| from + at)
}

/// Offset after the last sentence end of `text` that white space follows, or that needs none (CJK).
fn sentence_end(text: &str) -> Option<usize> {
    let mut after = None;
    for (at, c) in text.char_indices().rev() {
        if matches!(c, '。' | '！' | '？') {
            return Some(at + c.len_utf8());
        }
        if matches!(c, '.' | '!' | '?') && after.is_some_and(char::is_whitespace) {
            return Some(at + 1);
        }
        after = Some(c);
    }
    None
}

fn white_space_end(text: &str) -> Option<usize> {
    let (at, c) = text.char_indices().rev().find(|(_, c)| c.is_whitespace())?;
    Some(at + c.len_utf8())
}

/// White space of any kind and length becomes one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

pub(crate) fn metadata_text(fields: &serde_json::Map<String, serde_json::Value>) -> Metadata {
    if fields.is_empty() {
        return Metadata::default();
    }
    Metadata(serde_json::to_string(fields).expect("an object with string keys always serializes"))
}

#[cfg(test)]
mod tests;
