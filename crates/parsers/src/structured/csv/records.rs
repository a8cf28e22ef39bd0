//! Where the records of a CSV text begin and end, without holding more than one.

use crate::structured::capped::Capped;
use crate::text::encoding::LineEnd;
use std::io::{self, BufRead};
use types::failure::{Failure, FailureClass};

/// So often a quote that never closes is taken for a mistake of its line alone; then the rest is one bad record.
const RECOVERIES_MAX: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delimiter(u8);

impl Delimiter {
    pub(super) const TAB: Self = Self(b'\t');

    /// The one that occurs most in the first line, outside quotes; a comma where there is none.
    fn sniff(line: &[u8]) -> Self {
        let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
        let mut quoted = false;
        for byte in line {
            quoted ^= *byte == b'"';
            if let Some((_, count)) = counts.iter_mut().find(|(own, _)| own == byte && !quoted) {
                *count += 1;
            }
        }
        // Of equals the first one wins.
        let best = counts.iter().rev().max_by_key(|(_, count)| *count);
        Self(best.map_or(b',', |(byte, _)| *byte))
    }

    pub(super) fn byte(self) -> u8 {
        self.0
    }
}

#[derive(Debug)]
pub(super) enum Record {
    Whole(Capped),
    Bad(Capped, Failure),
}

pub(super) struct Records<R> {
    reader: R,
    /// Ends a line.
    end: u8,
    /// Lines of a record that turned out to be none, to be read again from `given` on.
    again: Vec<u8>,
    given: usize,
    offset: u64,
    delimiter: Option<Delimiter>,
    recoveries: u32,
}

/// Where a record's bytes stand with regard to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: a second one is text, anything else is outside.
    QuoteInQuoted,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R, start: u64, end: LineEnd) -> Self {
        let end = match end {
            LineEnd::Feed => b'\n',
            LineEnd::Return => b'\r',
        };
        let (again, given) = (Vec::new(), 0);
        Self { reader, end, again, given, offset: start, delimiter: None, recoveries: 0 }
    }

    /// With a delimiter that is known beforehand.
    pub(super) fn with_delimiter(self, delimiter: Delimiter) -> Self {
        Self { delimiter: Some(delimiter), ..self }
    }

    /// Known after the first record.
    pub(super) fn delimiter(&self) -> Delimiter {
        self.delimiter.unwrap_or(Delimiter(b','))
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let mut record = Capped::new(self.offset);
        let mut place = Place::FieldStart;
        loop {
            let (line, ended) = self.line()?;
            if line.is_empty() {
                return Ok(self.at_end(record, place));
            }
            let delimiter = *self.delimiter.get_or_insert_with(|| Delimiter::sniff(&line));
            place = step(place, &line, delimiter, self.end);
            record.push(&line);
            if record.whole().is_err() {
                return Ok(Some(self.bad(record, place)));
            }
            if place != Place::Quoted && ended {
                return Ok(Some(Record::Whole(record)));
            }
        }
    }

    /// A line with its end, or a part of one, and whether it ends; empty at the end of the file.
    fn line(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let until = |bytes: &[u8]| {
            let end = bytes.iter().position(|byte| *byte == self.end);
            bytes[..end.map_or(bytes.len(), |at| at + 1)].to_vec()
        };
        let line = if self.given < self.again.len() {
            let line = until(&self.again[self.given..]);
            self.given += line.len();
            line
        } else {
            let line = until(self.reader.fill_buf()?);
            self.reader.consume(line.len());
            line
        };
        self.offset += line.len() as u64;
        let ended = line.last() == Some(&self.end);
        Ok((line, ended))
    }

    fn at_end(&mut self, record: Capped, place: Place) -> Option<Record> {
        if record.held().is_empty() {
            return None;
        }
        if place != Place::Quoted {
            return Some(Record::Whole(record));
        }
        Some(self.bad(record, place))
    }

    /// A quote that never closes spoils its own line; the lines behind it are read again.
    fn bad(&mut self, record: Capped, place: Place) -> Record {
        let whole = record.whole().err();
        let end = record.held().iter().position(|byte| *byte == self.end).map(|at| at + 1);
        let retry = end.filter(|_| place == Place::Quoted && self.recoveries < RECOVERIES_MAX);
        let failure = match (retry, whole) {
            (None, Some(too_large)) => too_large,
            _ => Failure::new(
                FailureClass::BadItem,
                "a quote in this record is never closed",
                "close the quote, or double it where it is text",
            ),
        };
        let Some(end) = retry else { return Record::Bad(record, failure) };
        self.recoveries += 1;
        let (line, rest) = record.held().split_at(end);
        let mut first = Capped::new(record.start);
        first.push(line);
        self.again.drain(..self.given);
        self.given = 0;
        self.again.splice(0..0, rest.iter().copied());
        self.offset = record.start + line.len() as u64;
        Record::Bad(first, failure)
    }
}

fn step(mut place: Place, bytes: &[u8], delimiter: Delimiter, end: u8) -> Place {
    for byte in bytes {
        place = match (place, *byte) {
            (Place::Quoted, b'"') => Place::QuoteInQuoted,
            (Place::FieldStart | Place::QuoteInQuoted, b'"') | (Place::Quoted, _) => Place::Quoted,
            (_, byte) if byte == delimiter.0 || byte == end => Place::FieldStart,
            _ => Place::Plain,
        };
    }
    place
}
