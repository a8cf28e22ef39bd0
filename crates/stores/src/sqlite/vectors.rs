//! Vectors as blobs, each with a checksum: a flipped bit in a vector is neither found by `SQLite` nor visible.

use super::error::{Cause, Outcome};
use super::routed;
use super::search::Shelf;
use crate::sums;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::HashMap;
use types::embedding::Embedding;
use types::ledger::DocumentId;
use types::seam::StoreErrorKind;

/// The chunk that a vector belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) chunk: i64,
    pub(crate) document: i64,
    pub(crate) text_hash: [u8; 16],
}

pub(crate) fn insert(
    conn: &Connection,
    owner: Owner,
    embedding: &Embedding,
    dimensions: Option<usize>,
) -> Outcome<()> {
    let values = embedding.values();
    if dimensions != Some(values.len()) {
        return Err(other_model(values.len(), dimensions));
    }
    let blob = encode(values);
    conn.prepare_cached(
        "INSERT INTO vector(chunk, document, text_hash, check_sum, v) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        owner.chunk,
        owner.document,
        owner.text_hash,
        sums::of_bytes(&blob),
        blob
    ])?;
    Ok(())
}

/// Forgets what a repair kept for a document that has now been written again.
pub(crate) fn forget_rescued(conn: &Connection, document: i64) -> Outcome<()> {
    let mut rows = conn.prepare_cached("DELETE FROM rescued WHERE document=?1 RETURNING chunk")?;
    let chunks = rows.query_map([document], |r| r.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut delete = conn.prepare_cached("DELETE FROM vector WHERE chunk=?1")?;
    for chunk in chunks {
        delete.execute([chunk])?;
    }
    Ok(())
}

fn other_model(got: usize, dimensions: Option<usize>) -> Cause {
    let expected = dimensions
        .map_or_else(|| "is not bound to a model".to_owned(), |n| format!("holds vectors of {n}"));
    Cause::told(
        StoreErrorKind::OtherModel,
        format!("embedding has {got} values, the store {expected}"),
        "run: gristmill migrate --embedder SPEC",
    )
}

pub(crate) fn encode(values: &[f32]) -> Vec<u8> {
    let mut blob = vec![0; size_of_val(values)];
    for (bytes, value) in blob.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    blob
}

pub(crate) fn decode(blob: &[u8]) -> Vec<f32> {
    blob.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// A stored vector that is exactly what was written.
pub(crate) fn intact(sum: i64, blob: &[u8]) -> Option<Embedding> {
    if sums::of_bytes(blob) != sum {
        return None;
    }
    let values = decode(blob);
    let dimensions = values.len();
    Embedding::new(values, dimensions).ok()
}

/// Text hashes of all rows of the document that have a vector, and of vectors that a repair kept. Rows that
/// wait for the sweep are among them: a vector is a function of its text, whatever became of its version.
pub(crate) fn known(
    conn: &Connection,
    document: DocumentId,
    shelf: Shelf,
) -> Outcome<HashMap<[u8; 16], i64>> {
    let (of_chunk, of_rescued) =
        (routed::condition(conn, shelf, "chunk.id")?, routed::condition(conn, shelf, "v.chunk")?);
    let mut rows = conn.prepare_cached(&format!(
        "SELECT text_hash, id FROM chunk
         WHERE document=?1 AND EXISTS(SELECT 1 FROM vector WHERE vector.chunk=chunk.id){of_chunk}
         UNION ALL
         SELECT v.text_hash, v.chunk FROM rescued x JOIN vector v ON v.chunk=x.chunk
         WHERE x.document=?1{of_rescued}"
    ))?;
    let places = rows.query_map([document.0], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(places.collect::<Result<_, _>>()?)
}

/// A damaged vector counts as gone: it is made again.
pub(crate) fn at(
    conn: &Connection,
    places: &[i64],
    dimensions: Option<usize>,
) -> Outcome<Vec<Option<Embedding>>> {
    let Some(dimensions) = dimensions else { return Ok(vec![None; places.len()]) };
    let mut row = conn.prepare_cached("SELECT check_sum, v FROM vector WHERE chunk=?1")?;
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        let embedding = row
            .query_row([place], |r| Ok(intact(r.get(0)?, r.get_ref(1)?.as_blob()?)))
            .optional()?
            .flatten();
        found.push(embedding.filter(|embedding| embedding.values().len() == dimensions));
    }
    Ok(found)
}
