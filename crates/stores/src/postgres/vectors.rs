//! Vectors of one model: f32 as they were made, each with a checksum, and an index of their halves.

use super::copy::CopyRows;
use super::error::Outcome;
use super::meta;
use super::session::{Columns as _, Session};
use crate::sums;
use std::collections::HashMap;
use tokio_postgres::types::Type;
use types::embedding::Embedding;
use types::ledger::DocumentId;

/// A row with more values does not fit a page beside its other columns, so that it must lie in TOAST.
const INLINE_DIMENSIONS_MAX: usize = 1990;
/// pgvector's HNSW takes no more values of `halfvec`; above this, searches are exact.
pub(crate) const INDEXED_DIMENSIONS_MAX: usize = 4000;

pub(crate) fn table(model: i64) -> String {
    format!("vector_{model}")
}

/// Name of the index over a model's table.
pub(crate) fn index(table: &str) -> String {
    format!("{table}_near")
}

/// What the index is over; a search must say it in the same words. Directions, since a half holds no number
/// above 65,504 and a model's vectors may be of any length.
pub(crate) fn indexed(dimensions: usize) -> String {
    format!("(l2_normalize(v)::halfvec({dimensions}))")
}

/// A table whose vectors lie in the row: in TOAST they cost twice as much to write and four times as much to
/// scan.
pub(crate) async fn create(session: &Session, model: i64, dimensions: usize) -> Outcome<()> {
    let table = table(model);
    let storage = if dimensions <= INLINE_DIMENSIONS_MAX { "PLAIN" } else { "EXTERNAL" };
    session
        .batch(&format!(
            "CREATE TABLE {table}(
               chunk bigint PRIMARY KEY,
               document bigint NOT NULL,
               version bigint NOT NULL,
               text_hash bytea NOT NULL,
               check_sum bigint NOT NULL,
               v vector({dimensions}) NOT NULL
             ) WITH (toast_tuple_target = 8160);
             ALTER TABLE {table} ALTER v SET STORAGE {storage};"
        ))
        .await
}

/// As the checksum of every store is of.
pub(crate) fn check_sum(values: &[f32]) -> i64 {
    let mut bytes = Vec::with_capacity(4 * values.len());
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    sums::of_bytes(&bytes)
}

/// Appends a row of chunk, document and version.
pub(crate) fn encode(
    rows: &mut CopyRows,
    (chunk, document, version): (i64, i64, i64),
    text_hash: &[u8; 16],
    values: &[f32],
) {
    rows.row(6);
    rows.integer(chunk);
    rows.integer(document);
    rows.integer(version);
    rows.bytes(text_hash);
    rows.integer(check_sum(values));
    rows.vector(values);
}

/// What `vector_send` gives: dimensions and a reserved number of two bytes each, then the values.
pub(crate) fn decode(sent: &[u8]) -> Vec<f32> {
    let values = sent.get(4..).unwrap_or_default();
    values.as_chunks::<4>().0.iter().map(|bytes| f32::from_be_bytes(*bytes)).collect()
}

/// A stored vector that is exactly what was written.
pub(crate) fn intact(sum: i64, sent: &[u8]) -> Option<Embedding> {
    let values = decode(sent);
    if check_sum(&values) != sum {
        return None;
    }
    let dimensions = values.len();
    Embedding::new(values, dimensions).ok()
}

/// Text hashes of all rows of the document that have a vector, and of vectors that a repair kept. Rows that
/// wait for the sweep are among them: a vector is a function of its text, whatever became of its version.
pub(crate) async fn known(
    session: &Session,
    document: DocumentId,
) -> Outcome<HashMap<[u8; 16], i64>> {
    let Some(bound) = meta::bound(session).await? else { return Ok(HashMap::new()) };
    let table = bound.table;
    let sql = format!(
        "SELECT c.text_hash, c.id FROM chunk c JOIN {table} v ON v.chunk=c.id WHERE c.document=$1
         UNION ALL
         SELECT v.text_hash, v.chunk FROM rescued r JOIN {table} v ON v.chunk=r.chunk
         WHERE r.document=$1"
    );
    let rows = session.rows(&sql, &[(&document.0, Type::INT8)]).await?;
    rows.iter().map(|row| Ok((row.short(0)?, row.at(1)?))).collect()
}

/// A damaged vector counts as gone: it is made again.
pub(crate) async fn at(session: &Session, places: &[i64]) -> Outcome<Vec<Option<Embedding>>> {
    let Some(bound) = meta::bound(session).await? else { return Ok(vec![None; places.len()]) };
    let sql =
        format!("SELECT chunk, check_sum, vector_send(v) FROM {} WHERE chunk=ANY($1)", bound.table);
    let rows = session.rows(&sql, &[(&places, Type::INT8_ARRAY)]).await?;
    let mut found: HashMap<i64, Embedding> = HashMap::new();
    for row in &rows {
        if let Some(embedding) = intact(row.at(1)?, row.at(2)?) {
            found.insert(row.at(0)?, embedding);
        }
    }
    Ok(places.iter().map(|place| found.get(place).cloned()).collect())
}
