//! One record taken apart into its fields, quotes removed.

use super::records::Delimiter;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// More columns than any table has; more fields would cost far more memory than their bytes.
pub(super) const FIELDS_MAX: usize = 65_536;

/// Takes records of one file apart. Its tables are made once: they cost more than a short record.
pub(super) struct Fields {
    reader: Reader,
    bytes: Vec<u8>,
    /// Where fields end in `bytes`.
    ends: Vec<usize>,
    text: String,
}

/// The record has more than [`FIELDS_MAX`] fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Fields {
    pub(super) fn new(delimiter: Delimiter) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter.byte())
            // A line's end can only stand inside quotes here.
            .terminator(Terminator::Any(b'\n'))
            .build();
        Self { reader, bytes: Vec::new(), ends: vec![0; 64], text: String::new() }
    }

    /// The fields of one record; none of a blank one.
    pub(super) fn of(&mut self, record: &[u8]) -> Result<Vec<&str>, TooMany> {
        let record = record.trim_ascii_end();
        let count = self.read(record)?;
        self.text.clear();
        let mut start = 0;
        for end in &mut self.ends[..count] {
            // Each field for itself: what is not valid UTF-8 becomes longer.
            let field = String::from_utf8_lossy(&self.bytes[start..*end]);
            start = *end;
            self.text.push_str(&field);
            *end = self.text.len();
        }
        let (mut rest, mut start) = (self.text.as_str(), 0);
        let fields = self.ends[..count].iter().map(|end| {
            let (field, after) = rest.split_at(end - start);
            (rest, start) = (after, *end);
            field
        });
        Ok(fields.collect())
    }

    /// How many fields there are now.
    fn read(&mut self, record: &[u8]) -> Result<usize, TooMany> {
        self.reader.reset();
        // Removing quotes never makes a record longer.
        if self.bytes.len() <= record.len() {
            self.bytes.resize(record.len() + 1, 0);
        }
        let (mut taken, mut written, mut count) = (0, 0, 0);
        loop {
            // When nothing is left, an empty input ends the record.
            let (result, took, wrote, ended) = self.reader.read_record(
                &record[taken..],
                &mut self.bytes[written..],
                &mut self.ends[count..],
            );
            taken += took;
            written += wrote;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if count >= FIELDS_MAX => return Err(TooMany),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_leaves_nothing_behind_for_the_next() {
        let mut fields = Fields::new(Delimiter::TAB);
        let long = vec!["x"; 1000].join("\t");
        for (record, expected) in [
            (long.as_str(), vec!["x"; 1000]),
            ("a\t\"b\"\"\tc\"\t\n", vec!["a", "b\"\tc", ""]),
            ("", vec![]),
            ("\"open", vec!["open"]),
            ("a\tb", vec!["a", "b"]),
        ] {
            // Trailing tabs are white space at a record's end, as a blank line is.
            let expected: Vec<&str> =
                expected.into_iter().filter(|field| !field.is_empty()).collect();
            assert_eq!(fields.of(record.as_bytes()), Ok(expected), "{record:?}");
        }
    }

    #[test]
    fn what_is_no_text_stays_in_its_field() {
        let mut fields = Fields::new(Delimiter::TAB);
        assert_eq!(fields.of(b"a\xff\xfe\tb"), Ok(vec!["a\u{fffd}\u{fffd}", "b"]));
    }

    #[test]
    fn more_fields_than_a_table_has_are_refused_and_the_next_record_is_read() {
        let mut fields = Fields::new(Delimiter::TAB);
        let row = |count: usize| vec!["1"; count].join("\t");
        assert_eq!(
            fields.of(row(FIELDS_MAX).as_bytes()).map(|fields| fields.len()),
            Ok(FIELDS_MAX)
        );
        assert_eq!(fields.of(row(FIELDS_MAX + 1).as_bytes()), Err(TooMany));
        assert_eq!(fields.of(b"1\t2"), Ok(vec!["1", "2"]));
    }
}
