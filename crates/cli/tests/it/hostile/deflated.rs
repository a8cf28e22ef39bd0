//! Deflate streams of gigabytes, made in milliseconds.
//!
//! What is pushed is compressed once and closed by a full flush, after which nothing refers to anything before:
//! such a piece may be repeated as often as one likes.

use flate2::{Compress, Compression, Crc, FlushCompress};

const ADLER: u64 = 65_521;

/// A raw stream with the checksums of what it inflates to.
pub(super) struct Deflated {
    stream: Vec<u8>,
    length: u64,
    crc: Crc,
    adler: (u64, u64),
}

impl Deflated {
    pub(super) fn new() -> Self {
        Self { stream: Vec::new(), length: 0, crc: Crc::new(), adler: (1, 0) }
    }

    pub(super) fn of(data: &[u8]) -> Self {
        Self::new().push(data, 1)
    }

    pub(super) fn push(mut self, piece: &[u8], times: u64) -> Self {
        let packed = pack(piece);
        let mut crc = Crc::new();
        crc.update(piece);
        let length = piece.len() as u64;
        let sum: u64 = piece.iter().map(|byte| u64::from(*byte)).sum();
        let weighted: u64 =
            (1..=length).rev().zip(piece).map(|(weight, byte)| weight * u64::from(*byte)).sum();
        for _ in 0..times {
            self.stream.extend_from_slice(&packed);
            self.crc.combine(&crc);
            let (low, high) = self.adler;
            self.adler = ((low + sum) % ADLER, (high + length * low + weighted) % ADLER);
        }
        self.length += length * times;
        self
    }

    pub(super) fn crc(&self) -> u32 {
        self.crc.sum()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// As zip keeps it.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut bytes = self.stream.clone();
        bytes.extend(LAST_BLOCK);
        bytes
    }

    /// As PDF keeps it.
    pub(super) fn zlib(&self) -> Vec<u8> {
        let mut bytes = vec![0x78, 0x01];
        bytes.extend(self.raw());
        let sum = (self.adler.1 << 16) | self.adler.0;
        bytes.extend(u32::try_from(sum).unwrap().to_be_bytes());
        bytes
    }

    pub(super) fn gzip(&self) -> Vec<u8> {
        let mut bytes = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
        bytes.extend(self.raw());
        bytes.extend(self.crc().to_le_bytes());
        // The format keeps the length modulo 2^32.
        bytes.extend((self.length as u32).to_le_bytes());
        bytes
    }
}

/// Empty, with fixed codes, marked as the last one.
const LAST_BLOCK: [u8; 2] = [3, 0];

fn pack(piece: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(piece.len() + piece.len() / 100 + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(piece, &mut packed, FlushCompress::Full).unwrap();
    assert_eq!(compress.total_in(), piece.len() as u64, "the buffer has room for all");
    packed
}

#[test]
fn a_repeated_piece_inflates_to_its_repetition() {
    use std::io::Read;
    let deflated = Deflated::of(b"head ").push(b"abc", 1000).push(&vec![0; 70_000], 3);
    let expected = [b"head ".to_vec(), b"abc".repeat(1000), vec![0; 210_000]].concat();
    assert_eq!(deflated.length(), expected.len() as u64);
    let (mut zlib, mut gzip) = (Vec::new(), Vec::new());
    // Both readers check the checksums.
    flate2::read::ZlibDecoder::new(deflated.zlib().as_slice()).read_to_end(&mut zlib).unwrap();
    flate2::read::GzDecoder::new(deflated.gzip().as_slice()).read_to_end(&mut gzip).unwrap();
    assert!(zlib == expected && gzip == expected);
}
