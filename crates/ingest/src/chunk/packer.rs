//! Units collected for the next chunk.

use super::unit::Unit;
use types::block::{Span, TextKind};

#[derive(Debug, Default)]
pub(super) struct Packer {
    units: Vec<(Unit, Option<u32>)>,
    tokens: usize,
    /// Units at the front that the chunk before had already.
    repeated: usize,
}

/// Units as text.
#[derive(Debug)]
pub(super) struct Body {
    pub text: String,
    pub tokens: usize,
    pub span: Span,
    /// Of the first unit that is not repeated.
    pub page: Option<u32>,
}

impl Packer {
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Something is in it that no chunk has yet.
    pub(super) fn has_news(&self) -> bool {
        self.units.len() > self.repeated
    }

    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    pub(super) fn add(&mut self, unit: Unit, page: Option<u32>) {
        self.tokens += unit.tokens;
        self.units.push((unit, page));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops all but the last units of at most `overlap` tokens, and no more than `room`. Code is not repeated:
    /// half a statement says nothing.
    pub(super) fn keep_overlap(&mut self, overlap: usize, room: usize) {
        let limit = overlap.min(room);
        let mut kept = 0;
        let mut tokens = 0;
        for (unit, _) in self.units.iter().rev() {
            if unit.kind == TextKind::Code || tokens + unit.tokens > limit {
                break;
            }
            tokens += unit.tokens;
            kept += 1;
        }
        self.units.drain(..self.units.len() - kept);
        self.tokens = tokens;
        self.repeated = kept;
    }

    pub(super) fn take(&mut self) -> Body {
        let body = self.snapshot();
        self.clear();
        body
    }

    pub(super) fn snapshot(&self) -> Body {
        let mut text = String::new();
        for (unit, _) in &self.units {
            if unit.opens && !text.is_empty() {
                let end = text.trim_end().len();
                text.truncate(end);
                text.push_str(if unit.kind == TextKind::Paragraph { "\n\n" } else { "\n" });
            }
            text.push_str(&unit.text);
        }
        let end = text.trim_end().len();
        text.truncate(end);
        if self.units.first().is_some_and(|(unit, _)| unit.kind != TextKind::Code) {
            let start = text.len() - text.trim_start().len();
            text.drain(..start);
        }
        Body {
            text,
            tokens: self.tokens,
            span: Span {
                start: self.units.iter().map(|(unit, _)| unit.span.start).min().unwrap_or(0),
                end: self.units.iter().map(|(unit, _)| unit.span.end).max().unwrap_or(0),
            },
            page: self.units.get(self.repeated).or(self.units.last()).and_then(|(_, page)| *page),
        }
    }
}
