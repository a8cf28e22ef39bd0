//! The lines of a command's output.

use std::ops::ControlFlow;

/// A record is some text with a few fields; what is longer is not written line by line.
const LINE_BYTES_MAX: usize = 4 << 20;

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Whole(&'a [u8]),
    /// More than [`LINE_BYTES_MAX`].
    TooLong,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    too_long: bool,
}

type Take<'a> = dyn FnMut(Line<'_>) -> ControlFlow<()> + 'a;

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8], take: &mut Take<'_>) -> ControlFlow<()> {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.append(piece);
            self.emit(take)?;
        }
        self.append(last);
        ControlFlow::Continue(())
    }

    /// A last line needs no end.
    pub(super) fn end(&mut self, take: &mut Take<'_>) -> ControlFlow<()> {
        if self.begun.is_empty() && !self.too_long {
            ControlFlow::Continue(())
        } else {
            self.emit(take)
        }
    }

    fn append(&mut self, piece: &[u8]) {
        self.too_long |= self.begun.len() + piece.len() > LINE_BYTES_MAX;
        if !self.too_long {
            self.begun.extend_from_slice(piece);
        }
    }

    fn emit(&mut self, take: &mut Take<'_>) -> ControlFlow<()> {
        let line = if self.too_long { Line::TooLong } else { Line::Whole(&self.begun) };
        let taken = take(line);
        self.begun.clear();
        self.too_long = false;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines_of(bytes: &[u8], step: usize) -> Vec<Option<Vec<u8>>> {
        let mut got = Vec::new();
        let mut take = |line: Line<'_>| {
            got.push(match line {
                Line::Whole(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
            ControlFlow::Continue(())
        };
        let mut lines = Lines::default();
        for piece in bytes.chunks(step) {
            assert!(lines.push(piece, &mut take).is_continue());
        }
        assert!(lines.end(&mut take).is_continue());
        got
    }

    #[test]
    fn a_line_over_the_limit_is_named_and_the_next_one_is_whole() {
        let mut bytes = vec![b'x'; LINE_BYTES_MAX];
        bytes.extend_from_slice(b"\nab\n");
        assert_eq!(lines_of(&bytes, 1 << 16)[1], Some(b"ab".to_vec()));
        bytes.insert(0, b'x');
        assert_eq!(lines_of(&bytes, 1 << 16), [None, Some(b"ab".to_vec())]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_they_arrive(text in "[ab\n]{0,60}", step in 1_usize..9) {
            let expected: Vec<_> = text.lines().map(|line| Some(line.as_bytes().to_vec())).collect();
            prop_assert_eq!(lines_of(text.as_bytes(), step), expected);
        }
    }
}
