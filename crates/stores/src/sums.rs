//! Checksums of rows. A database notices a flipped bit only where it breaks a page or an index; in a value it
//! would be read as truth. The sums are the same in every store, so that a copied row keeps its own.

use types::record::Chunk;

/// A value of a row, as it is summed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'v> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'v [u8]),
    Blob(&'v [u8]),
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.as_bytes()))
    }
}

/// Everything of a chunk but its text, which its hash covers, and its pair, which follows from labels.
pub(crate) fn of_chunk(chunk: &Chunk) -> i64 {
    of([
        Value::Integer(i64::from(chunk.seq)),
        Value::Blob(&chunk.id),
        Value::Blob(&chunk.text_hash),
        Value::Integer(i64::from(chunk.tokens)),
        Value::Integer(chunk.span.start as i64),
        Value::Integer(chunk.span.end as i64),
        chunk.page.map_or(Value::Null, |page| Value::Integer(i64::from(page))),
        Value::Real(f64::from(chunk.weight)),
        chunk.label.domain.as_deref().into(),
        chunk.label.category.as_deref().into(),
        chunk.chapter.as_deref().into(),
        chunk.section.as_deref().into(),
        Value::Text(chunk.metadata.0.as_bytes()),
    ])
}

/// What nothing else repeats of a document.
pub(crate) fn of_document(title: Option<&str>, metadata: &str, warnings: &str) -> i64 {
    of([title.into(), Some(metadata).into(), Some(warnings).into()])
}

/// The first 8 bytes of the BLAKE3.
pub(crate) fn of_bytes(bytes: &[u8]) -> i64 {
    first_bytes(blake3::hash(bytes))
}

/// First 16 bytes of the BLAKE3, as chunks carry it.
pub(crate) fn text_hash_of(text: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(text);
    hash.as_bytes()[..16].try_into().expect("a BLAKE3 has 32 bytes")
}

/// Each value with its kind and its length, so that no two rows look alike.
pub(crate) fn of<'v>(values: impl IntoIterator<Item = Value<'v>>) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for value in values {
        match value {
            Value::Null => add(0, &[]),
            Value::Integer(number) => add(1, &number.to_le_bytes()),
            Value::Real(number) => add(2, &number.to_bits().to_le_bytes()),
            Value::Text(bytes) => add(3, bytes),
            Value::Blob(bytes) => add(4, bytes),
        }
    }
    first_bytes(hasher.finalize())
}

fn first_bytes(hash: blake3::Hash) -> i64 {
    let first = hash.as_bytes()[..8].try_into().expect("a BLAKE3 has 32 bytes");
    i64::from_le_bytes(first)
}
