//! Markdown in pieces: its grammar needs a whole text, so a large file is cut where no block goes across.

use crate::text::lines::Lines;
use std::io::{self, Read, Seek};
use std::ops::Range;
use types::block::Span;

/// A window is cut at the first good place behind this size. References across windows stay as they are written.
/// A list of short items with marks takes 50 bytes of memory for each byte (measured): a larger window would break
/// the memory limit, because Markdown is parsed outside of the children.
const WINDOW_BYTES: usize = 1024 * 1024;
/// Without a good place it is cut here.
const WINDOW_BYTES_MAX: usize = 2 * WINDOW_BYTES;

/// Decoded text with the places of its lines in the file.
#[derive(Debug, Default)]
pub(super) struct Window {
    text: String,
    /// Text before this offset is front matter, already read.
    skipped: usize,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    /// Offset in the window's text.
    text: usize,
    raw: Span,
}

impl Window {
    pub(super) fn text(&self) -> &str {
        self.text.split_at(self.skipped).1
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.skipped += bytes;
    }

    /// The place in the file of a range of [`Window::text`].
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let start = self.raw(range.start + self.skipped);
        Span { start, end: self.raw(range.end + self.skipped).max(start) }
    }

    fn raw(&self, offset: usize) -> u64 {
        let after = self.lines.partition_point(|line| line.text <= offset);
        let Some(line) = after.checked_sub(1).and_then(|at| self.lines.get(at)) else { return 0 };
        (line.raw.start + (offset - line.text) as u64).min(line.raw.end)
    }
}

pub(super) struct Windows<R> {
    lines: Lines<R>,
    fence: Option<Fence>,
}

/// An open code fence: its character and its length.
#[derive(Debug, Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl<R: Read + Seek> Windows<R> {
    pub(super) fn new(body: R) -> io::Result<Self> {
        Ok(Self { lines: Lines::new(body)?, fence: None })
    }
}

impl<R: Read> Windows<R> {
    pub(super) fn next(&mut self) -> io::Result<Option<Window>> {
        let mut window = Window::default();
        while let Some(piece) = self.lines.next()? {
            window.lines.push(Line { text: window.text.len(), raw: piece.span });
            window.text.push_str(piece.text);
            if piece.ends_line {
                window.text.push('\n');
            }
            if piece.starts_line {
                step_fence(&mut self.fence, piece.text);
            }
            let blank = piece.ends_line && piece.text.trim().is_empty() && self.fence.is_none();
            let full = window.text.len() >= WINDOW_BYTES && blank;
            if full || window.text.len() >= WINDOW_BYTES_MAX {
                break;
            }
        }
        Ok((!window.text.is_empty()).then_some(window))
    }

    pub(super) fn damage(&self) -> Option<String> {
        self.lines.damage()
    }
}

fn step_fence(open: &mut Option<Fence>, line: &str) {
    let text = line.trim_start_matches(' ');
    let Some(mark) = text.chars().next().filter(|c| matches!(c, '`' | '~')) else { return };
    let length = text.chars().take_while(|c| *c == mark).count();
    if line.len() - text.len() > 3 || length < 3 {
        return;
    }
    match open {
        None => *open = Some(Fence { mark, length }),
        Some(fence) => {
            let bare = text.trim_end().chars().all(|c| c == mark);
            if fence.mark == mark && length >= fence.length && bare {
                *open = None;
            }
        }
    }
}
