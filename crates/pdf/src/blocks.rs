//! Pushes blocks, and counts the bytes of the text that goes out.

use std::ops::ControlFlow;
use types::block::{Block, Span, TEXT_BYTES_MAX, TextKind};

/// Where the blocks of a document go.
///
/// Spans count the bytes of the pushed texts, joined by one byte between two of them.
pub(crate) struct Blocks<'p> {
    push: &'p mut dyn FnMut(Block) -> ControlFlow<()>,
    offset: u64,
}

impl<'p> Blocks<'p> {
    pub(crate) fn new(push: &'p mut dyn FnMut(Block) -> ControlFlow<()>) -> Self {
        Self { push, offset: 0 }
    }

    /// For a block without a span.
    pub(crate) fn push(&mut self, block: Block) -> ControlFlow<()> {
        (self.push)(block)
    }

    pub(crate) fn heading(&mut self, level: u8, text: String) -> ControlFlow<()> {
        let span = self.advance(&text);
        (self.push)(Block::Heading { level, text, span })
    }

    /// Cut where it is longer than a block may be.
    pub(crate) fn text(&mut self, kind: TextKind, text: &str) -> ControlFlow<()> {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cut(rest));
            let span = self.advance(piece);
            (self.push)(Block::Text { kind, text: piece.to_owned(), span })?;
            rest = after.trim_start();
        }
        ControlFlow::Continue(())
    }

    fn advance(&mut self, text: &str) -> Span {
        let start = self.offset;
        let end = start + text.len() as u64;
        self.offset = end + 1;
        Span { start, end }
    }
}

/// Length of the first piece: all of it, or up to the last white space that lets it fit.
fn cut(text: &str) -> usize {
    if text.len() <= TEXT_BYTES_MAX {
        return text.len();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    let (head, _) = text.split_at(end);
    head.rfind(char::is_whitespace).filter(|&at| at > 0).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &str) -> Vec<(String, Span)> {
        let mut texts = Vec::new();
        let mut push = |block| {
            if let Block::Text { text, span, .. } = block {
                texts.push((text, span));
            }
            ControlFlow::Continue(())
        };
        assert!(Blocks::new(&mut push).text(TextKind::Paragraph, text).is_continue());
        texts
    }

    #[test]
    fn long_texts_are_cut_at_spaces_and_their_spans_follow() {
        let text = "word ".repeat(30_000);
        let pieces = pushed(&text);
        assert_eq!(pieces.len(), 3);
        assert_eq!(
            pieces.iter().map(|(piece, _)| piece.matches("word").count()).sum::<usize>(),
            30_000
        );
        let mut end = None;
        for (piece, span) in &pieces {
            assert!(piece.len() <= TEXT_BYTES_MAX && piece.starts_with("word"));
            assert_eq!(span.start, end.map_or(0, |end: u64| end + 1));
            assert_eq!(span.end - span.start, piece.len() as u64);
            end = Some(span.end);
        }
    }

    #[test]
    fn a_text_without_spaces_is_cut_between_characters() {
        let pieces = pushed(&"\u{6f22}".repeat(50_000));
        assert_eq!(pieces.iter().map(|(piece, _)| piece.chars().count()).sum::<usize>(), 50_000);
        assert!(pieces.iter().all(|(piece, _)| piece.len() <= TEXT_BYTES_MAX));
    }
}
