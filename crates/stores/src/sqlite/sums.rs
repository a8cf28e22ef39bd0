//! Which columns the checksums of rows cover.

use crate::sums::{Value, of};
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// Columns of a chunk that its checksum covers; the text is covered by its hash, the pair follows from labels.
pub(crate) const OF_CHUNK: &str =
    "c.seq, c.uuid, c.text_hash, c.tokens, c.start, c.\"end\", c.page, c.weight,
    c.own_domain, c.own_category, c.chapter, c.section, c.metadata";
/// How many they are.
pub(crate) const OF_CHUNK_COLUMNS: usize = 13;
/// Columns of a document that nothing else repeats.
pub(crate) const OF_DOCUMENT: &str = "d.title, d.metadata, d.warnings";
/// How many they are.
pub(crate) const OF_DOCUMENT_COLUMNS: usize = 3;

/// Of the columns `first..first + count` as they were read.
pub(crate) fn of_columns(row: &Row<'_>, first: usize, count: usize) -> rusqlite::Result<i64> {
    let values = (first..first + count)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(bytes) => Value::Text(bytes),
                ValueRef::Blob(bytes) => Value::Blob(bytes),
            })
        })
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(of(values))
}
