//! The text of PDFs for language models, read in a limited child as for the store.

use super::isolated::IsolatedParser;
use parsers::Format;
use sandbox::Sandbox;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::Arc;
use types::block::{Block, TextKind};
use types::document::{Body, RawDocument};
use types::failure::{Failure, FailureClass};
use types::seam::Parser as _;
use types::seam::transcript::Transcriber;

/// Some two million tokens: more than any model reads.
const TEXT_MAX: usize = 8 << 20;

/// Reads PDFs in children.
#[derive(Debug)]
pub struct PdfTranscriber {
    parser: IsolatedParser,
}

impl PdfTranscriber {
    /// `memory_max`: bytes that a child may have.
    pub fn new(sandbox: Arc<Sandbox>, memory_max: u64) -> Self {
        Self { parser: IsolatedParser { format: Format::Pdf, memory_max, sandbox } }
    }
}

impl Transcriber for PdfTranscriber {
    fn text(&self, pdf: &Arc<Vec<u8>>, first: u32) -> Result<String, Failure> {
        let size = pdf.len() as u64;
        let body = Body::Memory(Cursor::new(pdf.as_ref().clone()));
        let mut raw = RawDocument { name: "section.pdf".to_owned(), path: None, size, body };
        let mut text = Text { first, ..Text::default() };
        let memory = self.parser.memory(size);
        self.parser.parse(&mut raw, memory, &mut |block| text.take(block))?;
        text.whole()
    }
}

#[derive(Default)]
struct Text {
    first: u32,
    so_far: String,
    /// Something else than numbers of pages was there.
    has_words: bool,
}

impl Text {
    fn take(&mut self, block: Block) -> ControlFlow<()> {
        match block {
            Block::Page(number) => {
                let page = self.first + number.saturating_sub(1);
                self.so_far.extend(["\n[page ", &page.to_string(), "]\n"]);
            }
            Block::Heading { text, .. } => self.add("\n# ", &text),
            Block::Text { kind: TextKind::ListItem, text, .. } => self.add("- ", &text),
            Block::Text { kind: TextKind::TableRow, text, .. } => self.add("", &text),
            Block::Text { text, .. } => self.add("\n", &text),
            _ => {}
        }
        if self.so_far.len() > TEXT_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn add(&mut self, before: &str, text: &str) {
        self.has_words = true;
        self.so_far.extend([before, text, "\n"]);
    }

    fn whole(self) -> Result<String, Failure> {
        if self.so_far.len() > TEXT_MAX {
            return Err(Failure::new(
                FailureClass::TooLarge,
                format!("the text of these pages is longer than {TEXT_MAX} bytes"),
                "ask about fewer pages at once",
            ));
        }
        if !self.has_words {
            return Err(Failure::bad_document(
                "there is no text on these pages",
                "where they are images, ask a model that takes files, with content.parts = \"file\"",
            ));
        }
        Ok(self.so_far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::block::Span;

    fn paragraph(text: &str) -> Block {
        Block::Text { kind: TextKind::Paragraph, text: text.to_owned(), span: Span::default() }
    }

    #[test]
    fn pages_have_the_numbers_of_the_whole_document() {
        let mut text = Text { first: 7, ..Text::default() };
        let heading = Block::Heading { level: 1, text: "Head".to_owned(), span: Span::default() };
        for block in [Block::Page(1), heading, paragraph("one"), Block::Page(3), paragraph("two")] {
            assert!(text.take(block).is_continue());
        }
        assert_eq!(text.whole().unwrap(), "\n[page 7]\n\n# Head\n\none\n\n[page 9]\n\ntwo\n");
    }

    #[test]
    fn pages_without_text_and_endless_ones_are_errors() {
        let mut text = Text::default();
        assert!(text.take(Block::Page(1)).is_continue());
        assert_eq!(text.whole().unwrap_err().class, FailureClass::BadDocument);
        let mut text = Text::default();
        while text.take(paragraph(&"x".repeat(60_000))).is_continue() {}
        assert_eq!(text.whole().unwrap_err().class, FailureClass::TooLarge);
    }
}
