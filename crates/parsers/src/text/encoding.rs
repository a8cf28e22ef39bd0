//! Which encoding a text has: byte order mark, UTF-8, UTF-16 by its NULs, else a statistical guess.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read, Seek, SeekFrom};

/// Enough for the guess to be stable, and read once.
const SAMPLE_BYTES: usize = 256 * 1024;
/// Of the bytes of a text, at most one in so many is a control character.
const CONTROLS_ONE_IN: usize = 50;

/// How much of a file a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// More follows, so that the last character may be cut off.
    Start,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Charset {
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the byte order mark, which are no text.
    pub(crate) mark_bytes: u64,
    pub(crate) line_end: LineEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// `\n`, or `\r\n`.
    Feed,
    /// `\r` alone, as on a classic Mac.
    Return,
}

impl Charset {
    pub(crate) fn is_utf16(&self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }
}

/// Finds the encoding of a body that stands at its start, and leaves it behind the byte order mark.
///
/// The ASCII part at the start is skipped, so that the sample shows what is not ASCII.
pub(crate) fn sniff(body: &mut (impl Read + Seek)) -> io::Result<Charset> {
    let mut sample = Vec::with_capacity(SAMPLE_BYTES);
    body.by_ref().take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    let line_end = line_end(&sample);
    if let Some((encoding, mark)) = Encoding::for_bom(&sample) {
        body.seek(SeekFrom::Start(mark as u64))?;
        return Ok(Charset { encoding, mark_bytes: mark as u64, line_end });
    }
    let extent = loop {
        let extent = if sample.len() < SAMPLE_BYTES { Extent::Whole } else { Extent::Start };
        if extent == Extent::Whole || sample.iter().any(|byte| !plain_ascii(*byte)) {
            break extent;
        }
        sample.clear();
        body.by_ref().take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    };
    body.seek(SeekFrom::Start(0))?;
    Ok(Charset { encoding: guess(&sample, extent), mark_bytes: 0, line_end })
}

/// NUL shows UTF-16, Escape shows ISO-2022-JP.
fn plain_ascii(byte: u8) -> bool {
    byte < 0x80 && byte != 0 && byte != 0x1b
}

fn line_end(sample: &[u8]) -> LineEnd {
    if sample.contains(&b'\r') && !sample.contains(&b'\n') {
        LineEnd::Return
    } else {
        LineEnd::Feed
    }
}

/// The encoding of a sample without a byte order mark.
pub(crate) fn guess(sample: &[u8], extent: Extent) -> &'static Encoding {
    if let Some(encoding) = utf16(sample) {
        return encoding;
    }
    if mostly_utf8(sample, extent) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, extent == Extent::Whole);
    detector.guess(None, Utf8Detection::Allow)
}

/// Text in UTF-16 has NULs in the high halves of its ASCII characters, and reads without unpaired surrogates.
fn utf16(sample: &[u8]) -> Option<&'static Encoding> {
    let at =
        |parity: usize| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (at(0), at(1));
    // UTF-8 with some stray NULs; Chinese in UTF-16, which has few NULs too, is no valid UTF-8.
    let few = (even + odd) * 16 < sample.len();
    if few && std::str::from_utf8(sample).map_or_else(|e| e.error_len().is_none(), |_| true) {
        return None;
    }
    let encoding = match (even, odd) {
        (0, 0) => return None,
        _ if odd >= even * 20 => UTF_16LE,
        _ if even >= odd * 20 => UTF_16BE,
        _ => return None,
    };
    let (pairs, _) = sample.split_at(sample.len() - sample.len() % 2);
    let text = encoding.decode_without_bom_handling(pairs);
    let characters = text.0.chars().count();
    let odd_ones = text.0.chars().filter(|c| is_control(*c) || *c == '\u{fffd}').count();
    (odd_ones * CONTROLS_ONE_IN <= characters).then_some(encoding)
}

fn is_control(c: char) -> bool {
    c.is_ascii_control()
        && !matches!(c, '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\x08' | '\x1a' | '\x1b')
}

/// In text of other encodings sequences that are valid UTF-8 are rare, so two for each error are no chance.
const VALID_FOR_EACH_ERROR: usize = 2;

/// Valid, or with so few errors among so many valid sequences that it is damaged UTF-8 and not another encoding.
fn mostly_utf8(sample: &[u8], extent: Extent) -> bool {
    let (mut valid, mut errors) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        errors += usize::from(!chunk.invalid().is_empty());
    }
    let cut_off = extent == Extent::Start
        && std::str::from_utf8(sample).is_err_and(|e| e.error_len().is_none());
    let errors = errors - usize::from(cut_off && errors > 0);
    errors == 0 || valid >= errors * VALID_FOR_EACH_ERROR
}

/// Whether the first bytes of a file read as text in some encoding.
pub(crate) fn is_text(head: &[u8], extent: Extent) -> bool {
    if Encoding::for_bom(head).is_some() || utf16(head).is_some() {
        return true;
    }
    let controls = head.iter().filter(|byte| is_control(**byte as char)).count();
    // A log with a few NULs in it is still a log, where the rest is sound.
    controls * CONTROLS_ONE_IN <= head.len() && (!head.contains(&0) || mostly_utf8(head, extent))
}

#[cfg(test)]
mod tests;
