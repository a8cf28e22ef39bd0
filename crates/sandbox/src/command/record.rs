//! Lines of a command to records.

use super::lines::Line;
use serde::Deserialize;
use serde_json::error::Category;
use std::ops::ControlFlow;
use types::block::{Block, Labelled, Metadata, TEXT_BYTES_MAX};
use types::document::OwnLabel;
use types::failure::Failure;

/// Further bad lines are only counted.
const WARNINGS_MAX: u64 = 20;

/// What a command writes. Fields that are not known are for others.
#[derive(Deserialize)]
struct Written {
    text: String,
    domain: Option<String>,
    category: Option<String>,
    section: Option<String>,
    page: Option<u32>,
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

pub(super) struct Records<'a> {
    push: &'a mut dyn FnMut(Block) -> ControlFlow<()>,
    lines: u64,
    bad: u64,
    good: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(push: &'a mut dyn FnMut(Block) -> ControlFlow<()>) -> Self {
        Self { push, lines: 0, bad: 0, good: 0 }
    }

    pub(super) fn take(&mut self, line: Line<'_>) -> ControlFlow<()> {
        self.lines += 1;
        let line = match line {
            Line::Whole(bytes) if bytes.trim_ascii().is_empty() => return ControlFlow::Continue(()),
            Line::Whole(bytes) => bytes,
            Line::TooLong => return self.warn("is too long"),
        };
        match serde_json::from_slice::<Written>(line) {
            Ok(written) if written.text.trim().is_empty() => self.warn("has no text"),
            Ok(written) => self.record(written),
            // The error's own words may show the document's text.
            Err(error) => match error.classify() {
                Category::Data => self.warn("lacks `text`, or has a field of another type"),
                Category::Syntax | Category::Eof | Category::Io => self.warn("is no JSON object"),
            },
        }
    }

    /// Whether the consumer wants more, when it was interrupted while nothing came.
    pub(super) fn ask(&mut self) -> ControlFlow<()> {
        (self.push)(Block::Warning("interrupted while the command worked".to_owned()))
    }

    /// After the command has ended well.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.bad > 0 && self.good == 0 {
            return Err(Failure::bad_document(
                format!("none of the command's {} lines is a record", self.lines),
                "let the command write one JSON object with `text` per line",
            ));
        }
        if let Some(more @ 1..) = self.bad.checked_sub(WARNINGS_MAX) {
            let warning = format!("{more} more lines of the command are no records");
            // Nothing follows, whatever the consumer wants.
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) =
                (self.push)(Block::Warning(warning));
        }
        Ok(())
    }

    fn record(&mut self, written: Written) -> ControlFlow<()> {
        self.good += 1;
        let Written { text, domain, category, section, page, metadata } = written;
        let metadata = metadata.filter(|fields| !fields.is_empty());
        let mut record = Labelled {
            text: String::new(),
            label: OwnLabel { domain, category },
            section,
            page,
            metadata: Metadata(
                metadata
                    .map(|fields| serde_json::Value::Object(fields).to_string())
                    .unwrap_or_default(),
            ),
        };
        for piece in pieces(text.trim()) {
            piece.clone_into(&mut record.text);
            (self.push)(Block::Record(record.clone()))?;
        }
        ControlFlow::Continue(())
    }

    fn warn(&mut self, what: &str) -> ControlFlow<()> {
        self.bad += 1;
        if self.bad > WARNINGS_MAX {
            return ControlFlow::Continue(());
        }
        (self.push)(Block::Warning(format!("line {} of the command {what}", self.lines)))
    }
}

/// Cuts at white space, and at a character boundary where there is none.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = if text.len() <= TEXT_BYTES_MAX {
            (text, "")
        } else {
            let (longest, _) = text.split_at(text.floor_char_boundary(TEXT_BYTES_MAX));
            let at =
                longest.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(longest.len());
            let (piece, rest) = text.split_at(at);
            (piece, rest.trim_start())
        };
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests;
