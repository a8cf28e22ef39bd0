//! Checksums of rows. `SQLite` notices a flipped bit only where it breaks a page or an index; in a value it would
//! be read as truth.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use types::record::Chunk;

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

pub(crate) fn of_chunk(chunk: &Chunk) -> i64 {
    of([
        ValueRef::Integer(i64::from(chunk.seq)),
        ValueRef::Blob(&chunk.id),
        ValueRef::Blob(&chunk.text_hash),
        ValueRef::Integer(i64::from(chunk.tokens)),
        ValueRef::Integer(chunk.span.start as i64),
        ValueRef::Integer(chunk.span.end as i64),
        chunk.page.map_or(ValueRef::Null, |page| ValueRef::Integer(i64::from(page))),
        ValueRef::Real(f64::from(chunk.weight)),
        text(chunk.label.domain.as_deref()),
        text(chunk.label.category.as_deref()),
        text(chunk.chapter.as_deref()),
        text(chunk.section.as_deref()),
        text(Some(&chunk.metadata.0)),
    ])
}

pub(crate) fn of_document(title: Option<&str>, metadata: &str, warnings: &str) -> i64 {
    of([text(title), text(Some(metadata)), text(Some(warnings))])
}

/// Of the columns `first..first + count` as they were read.
pub(crate) fn of_columns(row: &Row<'_>, first: usize, count: usize) -> rusqlite::Result<i64> {
    let values =
        (first..first + count).map(|column| row.get_ref(column)).collect::<Result<Vec<_>, _>>()?;
    Ok(of(values))
}

/// The first 8 bytes of the BLAKE3.
pub(crate) fn of_bytes(bytes: &[u8]) -> i64 {
    first_bytes(blake3::hash(bytes))
}

fn text(text: Option<&str>) -> ValueRef<'_> {
    text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
}

/// Each value with its kind and its length, so that no two rows look alike.
fn of<'v>(values: impl IntoIterator<Item = ValueRef<'v>>) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for value in values {
        match value {
            ValueRef::Null => add(0, &[]),
            ValueRef::Integer(number) => add(1, &number.to_le_bytes()),
            ValueRef::Real(number) => add(2, &number.to_bits().to_le_bytes()),
            ValueRef::Text(bytes) => add(3, bytes),
            ValueRef::Blob(bytes) => add(4, bytes),
        }
    }
    first_bytes(hasher.finalize())
}

fn first_bytes(hash: blake3::Hash) -> i64 {
    let first = hash.as_bytes()[..8].try_into().expect("a BLAKE3 has 32 bytes");
    i64::from_le_bytes(first)
}
