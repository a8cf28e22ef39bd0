//! The raw bytes of one record, up to a size; the hash of all of them.

use std::io::{self, BufRead};
use types::failure::{Failure, FailureClass};

/// A record is held whole, some of it several times (as bytes, as values, as text); a larger one fails alone.
pub(super) const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Capped {
    bytes: Vec<u8>,
    hasher: blake3::Hasher,
    /// Of the record in the file.
    pub(super) start: u64,
    length: u64,
}

impl Capped {
    pub(super) fn new(start: u64) -> Self {
        Self { bytes: Vec::new(), hasher: blake3::Hasher::new(), start, length: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        let room = RECORD_BYTES_MAX - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The whole record, unless it is too large.
    pub(super) fn whole(&self) -> Result<&[u8], Failure> {
        if self.length <= RECORD_BYTES_MAX as u64 {
            return Ok(&self.bytes);
        }
        Err(Failure::new(
            FailureClass::TooLarge,
            format!("item is {} bytes long, more than {} MiB", self.length, RECORD_BYTES_MAX >> 20),
            "split the item",
        ))
    }

    /// As much of the record as is held.
    pub(super) fn held(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn span(&self) -> types::block::Span {
        types::block::Span { start: self.start, end: self.start + self.length }
    }

    pub(super) fn content(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

/// The identifier of a record that has none: the first half of its hash.
pub(super) fn hash_id(content: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*content).to_hex().chars().take(32).collect()
}

/// Reads a line without its end; `None` at the end of the file. `offset` moves behind the line.
pub(super) fn line(reader: &mut impl BufRead, offset: &mut u64) -> io::Result<Option<Capped>> {
    let mut line = Capped::new(*offset);
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok((line.length > 0).then_some(line));
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(available.len());
        line.push(&available[..taken]);
        let consumed = taken + usize::from(end.is_some());
        reader.consume(consumed);
        *offset += consumed as u64;
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}
