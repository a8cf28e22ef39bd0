//! Rows in the binary format of COPY, encoded by hand: half the work of the library's generic writer.
//!
//! Source: `PostgreSQL` documentation, COPY, "Binary Format"; `tsvectorsend` and pgvector's `vector_send`.

use super::texts::escaped;
use super::tokens::Lexemes;
use bytes::{BufMut as _, Bytes, BytesMut};

/// What is sent at once.
const PIECE: usize = 64 << 10;

/// Rows of one table, in the order of its columns.
#[derive(Debug)]
pub(crate) struct CopyRows {
    bytes: BytesMut,
    rows: usize,
}

impl CopyRows {
    pub(crate) fn new() -> Self {
        let mut bytes = BytesMut::with_capacity(PIECE);
        bytes.put_slice(b"PGCOPY\n\xff\r\n\0");
        // No flags, no extension of the header.
        bytes.put_i64(0);
        Self { bytes, rows: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether there is enough to be worth a message.
    pub(crate) fn has_piece(&self) -> bool {
        self.bytes.len() >= PIECE
    }

    /// What can be sent already.
    pub(crate) fn piece(&mut self) -> Option<Bytes> {
        if !self.has_piece() {
            return None;
        }
        let piece = self.bytes.split_to(PIECE).freeze();
        self.bytes.reserve(PIECE);
        Some(piece)
    }

    /// The last piece, with the trailer.
    pub(crate) fn end(mut self) -> Bytes {
        self.bytes.put_i16(-1);
        self.bytes.freeze()
    }

    /// Begins a row of so many columns.
    pub(crate) fn row(&mut self, columns: i16) {
        self.rows += 1;
        self.bytes.put_i16(columns);
    }

    pub(crate) fn none(&mut self) {
        self.bytes.put_i32(-1);
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.bytes.put_i32(8);
        self.bytes.put_i64(number);
    }

    pub(crate) fn integer_or_none(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.integer(number),
            None => self.none(),
        }
    }

    pub(crate) fn real(&mut self, number: f32) {
        self.bytes.put_i32(4);
        self.bytes.put_f32(number);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.put_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(escaped(text).as_bytes());
    }

    pub(crate) fn text_or_none(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.none(),
        }
    }

    /// A pgvector `vector`: dimensions, a reserved number, then the values.
    pub(crate) fn vector(&mut self, values: &[f32]) {
        self.length(4 + 4 * values.len());
        self.bytes.put_u16(values.len() as u16);
        self.bytes.put_u16(0);
        for value in values {
            self.bytes.put_f32(*value);
        }
    }

    /// A `tsvector`: each lexeme with its places.
    pub(crate) fn lexemes(&mut self, lexemes: &Lexemes) {
        let start = self.bytes.len();
        self.bytes.put_i32(0);
        self.bytes.put_i32(lexemes.len() as i32);
        for (lexeme, places) in lexemes.iter() {
            self.bytes.put_slice(lexeme);
            self.bytes.put_u8(0);
            let count = self.bytes.len();
            self.bytes.put_u16(0);
            for place in places {
                self.bytes.put_u16(place);
            }
            let places = (self.bytes.len() - count - 2) / 2;
            self.bytes[count..count + 2].copy_from_slice(&(places as u16).to_be_bytes());
        }
        let length = (self.bytes.len() - start - 4) as i32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn length(&mut self, bytes: usize) {
        self.bytes.put_i32(bytes as i32);
    }
}
