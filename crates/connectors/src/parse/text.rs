//! Text formats: they stream, so they are parsed where they are needed.

use parsers::{Format, ParseOptions};
use std::io::Seek;
use std::ops::ControlFlow;
use types::block::Block;
use types::document::RawDocument;
use types::failure::Failure;
use types::seam::Parser;

/// Markdown is parsed in windows of 1 to 2 MiB, whose events and texts are held at once; the others need less.
const MEMORY_MAX: u64 = 16 << 20;

/// A record or an item is held whole, as bytes, as values and as text. Measured on the largest that are read.
const ITEMS_MEMORY_MAX: u64 = 64 << 20;

/// Buffers of a small document.
const MEMORY_MIN: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct TextParser {
    pub(super) format: Format,
}

impl Parser for TextParser {
    fn identity(&self) -> String {
        self.format.identity()
    }

    fn memory(&self, size: u64) -> u64 {
        let max = match self.format {
            Format::Csv | Format::Json | Format::JsonLines => ITEMS_MEMORY_MAX,
            _ => MEMORY_MAX,
        };
        size.saturating_mul(8).clamp(MEMORY_MIN, max)
    }

    fn parse(
        &self,
        raw: &mut RawDocument,
        _memory: u64,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        raw.body.rewind().map_err(|error| super::unreadable(&error))?;
        parsers::parse(&self.format, &raw.name, &mut raw.body, ParseOptions::default(), push)
    }
}
