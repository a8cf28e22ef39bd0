//! Any text as a stream of UTF-8, for parsers of formats with a syntax of their own (JSON, CSV).

use super::encoding::{self, LineEnd};
use encoding_rs::{Decoder, UTF_8};
use std::io::{self, Read, Seek};

const CHUNK_BYTES: usize = 32 * 1024;

/// UTF-8 passes through as it is; other encodings are decoded on the way.
pub(crate) struct Utf8Reader<R> {
    body: R,
    /// Bytes before the first one that this reader gives: the byte order mark.
    pub(crate) start: u64,
    pub(crate) line_end: LineEnd,
    decoder: Option<Decoder>,
    input: Vec<u8>,
    decoded: String,
    given: usize,
    ended: bool,
}

impl<R: Read + Seek> Utf8Reader<R> {
    pub(crate) fn new(mut body: R) -> io::Result<Self> {
        let charset = encoding::sniff(&mut body)?;
        let foreign = charset.encoding != UTF_8;
        Ok(Self {
            body,
            start: charset.mark_bytes,
            line_end: charset.line_end,
            decoder: foreign.then(|| charset.encoding.new_decoder_without_bom_handling()),
            input: vec![0; if foreign { CHUNK_BYTES } else { 0 }],
            decoded: String::new(),
            given: 0,
            ended: false,
        })
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.body.read(buffer) };
        while self.given == self.decoded.len() && !self.ended {
            let read = self.body.read(&mut self.input)?;
            self.ended = read == 0;
            self.decoded.clear();
            self.given = 0;
            self.decoded.reserve(
                decoder
                    .max_utf8_buffer_length(read)
                    .expect("a chunk is far below the address space"),
            );
            // The buffer has room for all of it, and replacement is what is wanted of damage here.
            let (_, consumed, _) =
                decoder.decode_to_string(&self.input[..read], &mut self.decoded, self.ended);
            debug_assert_eq!(consumed, read);
        }
        let rest = &self.decoded.as_bytes()[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}
