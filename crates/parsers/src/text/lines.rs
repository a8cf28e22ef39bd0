//! Decoded lines with their places in the raw bytes, in constant memory whatever a line's length.

use super::encoding::{self, Charset, LineEnd};
use encoding_rs::{Decoder, UTF_8, UTF_16BE};
use std::io::{self, BufRead, BufReader, Read, Seek};
use types::block::Span;

/// Raw bytes of a piece. Decoded it stays below [`types::block::TEXT_BYTES_MAX`]: no encoding's byte becomes more
/// than three bytes of UTF-8.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// A line, or a part of one that is longer than [`PIECE_BYTES_MAX`].
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// Without the line's end; NULs are spaces.
    pub(crate) text: &'a str,
    /// The raw bytes of `text`.
    pub(crate) span: Span,
    /// The line begins with this piece.
    pub(crate) starts_line: bool,
    /// The line ends behind this piece.
    pub(crate) ends_line: bool,
}

#[derive(Debug)]
struct Bounds {
    /// Bytes of `raw` that are text.
    text: usize,
    /// Bytes of `raw` with the line's end.
    all: usize,
    ends_line: bool,
}

pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    charset: Charset,
    decoder: Decoder,
    /// Bytes read and not yet given out.
    raw: Vec<u8>,
    /// Offset of `raw` in the file.
    offset: u64,
    text: String,
    damaged: u64,
    ended: bool,
    at_line_start: bool,
}

impl<R: Read + Seek> Lines<R> {
    pub(crate) fn new(mut body: R) -> io::Result<Self> {
        let charset = encoding::sniff(&mut body)?;
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, body),
            charset,
            decoder: charset.encoding.new_decoder_without_bom_handling(),
            raw: Vec::new(),
            offset: charset.mark_bytes,
            text: String::new(),
            damaged: 0,
            ended: false,
            at_line_start: true,
        })
    }
}

impl<R: Read> Lines<R> {
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let Some(bounds) = self.fill()? else { return Ok(None) };
        self.decode(&bounds);
        let span = Span { start: self.offset, end: self.offset + bounds.text as u64 };
        self.offset += bounds.all as u64;
        self.raw.drain(..bounds.all);
        let (starts_line, ends_line) = (self.at_line_start, bounds.ends_line);
        self.at_line_start = ends_line;
        Ok(Some(Piece { text: &self.text, span, starts_line, ends_line }))
    }

    /// What to tell the user about bytes that were no text, when the end is reached.
    pub(crate) fn damage(&self) -> Option<String> {
        let (count, encoding) = (self.damaged, self.charset.encoding.name());
        (count > 0).then(|| format!("bytes that are not {encoding} were replaced in {count} lines"))
    }

    /// Reads until `raw` holds a line's end, a piece's length, or all that is left.
    fn fill(&mut self) -> io::Result<Option<Bounds>> {
        let mut searched = 0;
        loop {
            if let Some(bounds) = self.line_end(searched) {
                return Ok(Some(bounds));
            }
            if self.raw.len() >= PIECE_BYTES_MAX {
                let cut = self.cut();
                return Ok(Some(Bounds { text: cut, all: cut, ends_line: false }));
            }
            searched = self.raw.len() - self.raw.len() % 2;
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                self.ended = true;
                let all = self.raw.len();
                return Ok((all > 0).then_some(Bounds { text: all, all, ends_line: true }));
            }
            let taken = available.len().min(PIECE_BYTES_MAX - self.raw.len());
            self.raw.extend_from_slice(&available[..taken]);
            self.reader.consume(taken);
        }
    }

    /// The first line's end in `raw`, looked for from `from` on.
    fn line_end(&self, from: usize) -> Option<Bounds> {
        let end = match self.charset.line_end {
            LineEnd::Feed => b'\n',
            LineEnd::Return => b'\r',
        };
        if self.charset.is_utf16() {
            let unit = self.unit(end);
            let at = self.raw[from..].chunks_exact(2).position(|pair| pair == unit)?;
            let at = from + at * 2;
            let before = self.raw[..at].ends_with(&self.unit(b'\r'));
            return Some(Bounds {
                text: at - 2 * usize::from(before),
                all: at + 2,
                ends_line: true,
            });
        }
        let at = from + self.raw[from..].iter().position(|byte| *byte == end)?;
        let before = self.raw[..at].ends_with(b"\r") && end == b'\n';
        Some(Bounds { text: at - usize::from(before), all: at + 1, ends_line: true })
    }

    fn unit(&self, ascii: u8) -> [u8; 2] {
        if self.charset.encoding == UTF_16BE { [0, ascii] } else { [ascii, 0] }
    }

    /// Where to cut a line that is too long: behind a sentence, else behind white space, else at a character.
    fn cut(&self) -> usize {
        let half = PIECE_BYTES_MAX / 2;
        if self.charset.is_utf16() {
            let space = self.unit(b' ');
            let tail = self.raw[half..PIECE_BYTES_MAX].chunks_exact(2);
            return tail
                .rev()
                .position(|pair| pair == space)
                .map_or(PIECE_BYTES_MAX, |back| PIECE_BYTES_MAX - back * 2);
        }
        let tail = &self.raw[half..PIECE_BYTES_MAX];
        let sentence = tail
            .windows(2)
            .rposition(|pair| matches!(pair[0], b'.' | b'!' | b'?') && pair[1] == b' ')
            .map(|at| at + 1);
        let space = || tail.iter().rposition(u8::is_ascii_whitespace);
        if let Some(at) = sentence.or_else(space) {
            return half + at + 1;
        }
        self.character_cut()
    }

    /// Other encodings than UTF-8 need none: their decoder carries a split character over.
    fn character_cut(&self) -> usize {
        let mut cut = PIECE_BYTES_MAX;
        if self.charset.encoding == UTF_8 {
            let is_inner = |byte: u8| byte & 0xc0 == 0x80;
            while cut > PIECE_BYTES_MAX - 4 && self.raw.get(cut - 1).copied().is_some_and(is_inner)
            {
                cut -= 1;
            }
            // The lead byte goes with what follows, where something does.
            cut -= usize::from(self.raw[cut - 1] >= 0xc0);
        }
        cut
    }

    fn decode(&mut self, bounds: &Bounds) {
        self.text.clear();
        let bytes = &self.raw[..bounds.text];
        let damaged = if self.charset.encoding == UTF_8 {
            let text = String::from_utf8_lossy(bytes);
            self.text.push_str(&text);
            matches!(text, std::borrow::Cow::Owned(_))
        } else {
            let last = self.ended;
            self.text.reserve(
                self.decoder
                    .max_utf8_buffer_length(bytes.len())
                    .expect("a piece is far below the address space"),
            );
            self.decoder.decode_to_string(bytes, &mut self.text, last).2
        };
        self.damaged += u64::from(damaged);
        if self.text.contains('\0') {
            self.text = self.text.replace('\0', " ");
        }
    }
}

#[cfg(test)]
mod tests;
