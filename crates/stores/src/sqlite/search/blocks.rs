//! Blocks of codes in the file: written with every transaction, merged when things are quiet.
//!
//! A block is never changed. Small ones are read and merged into one of about 4,000 codes, whose mean fits
//! its vectors better and whose pages lie in a row.

use super::super::error::{Cause, Outcome};
use super::super::routed;
use super::super::vectors::decode;
use super::shelf::Shelf;
use crate::search::codes::{BlockView, CodeBlock};
use rusqlite::{Connection, OptionalExtension as _};

/// Blocks with fewer codes are merged.
const MERGED_BELOW: usize = 2048;
/// Codes of one block; at 256 dimensions about a mebibyte.
const BLOCK_MAX: usize = 4096;
/// Chunks of a large block that are looked up to guess how many of it have gone.
const SAMPLE: usize = 32;

/// Adds codes of new vectors, which all have one length. Also cheap for a few.
pub(crate) fn write_codes(tx: &Connection, shelf: Shelf, rows: &[(i64, &[f32])]) -> Outcome<()> {
    let mut statement = tx.prepare_cached(&shelf.insertion())?;
    for part in rows.chunks(BLOCK_MAX) {
        let block = CodeBlock::encode(part);
        statement.execute((block.n, &block.chunks, &block.data))?;
    }
    Ok(())
}

/// Merges some small blocks, or those of which half has gone, in one bounded transaction; true while more
/// is left to do.
pub(crate) fn compact_codes(tx: &Connection) -> Outcome<bool> {
    for shelf in routed::shelves(tx)? {
        let Some(merged) = mergeable(tx, shelf)? else { continue };
        let table = shelf.table();
        let mut rows = Vec::new();
        for block in &merged {
            rows.extend(vectors_of(tx, shelf, *block)?);
            tx.prepare_cached(&format!("DELETE FROM {table} WHERE block = ?1"))?
                .execute([block])?;
        }
        insert_rows(tx, shelf, &rows)?;
        return Ok(true);
    }
    Ok(false)
}

/// Makes all blocks of a model anew out of its vectors.
pub(crate) fn rebuild_codes(tx: &Connection, shelf: Shelf) -> Outcome<()> {
    tx.execute(&format!("DELETE FROM {}{}", shelf.table(), shelf.condition()), [])?;
    let mut statement = tx.prepare(&format!(
        "SELECT chunk, v FROM vector WHERE true{} ORDER BY chunk",
        routed::condition(tx, shelf, "vector.chunk")?
    ))?;
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push((row.get(0)?, decode(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)));
        if rows.len() == BLOCK_MAX {
            insert_rows(tx, shelf, &rows)?;
            rows.clear();
        }
    }
    insert_rows(tx, shelf, &rows)
}

fn insert_rows(tx: &Connection, shelf: Shelf, rows: &[(i64, Vec<f32>)]) -> Outcome<()> {
    let rows: Vec<(i64, &[f32])> = rows.iter().map(|(chunk, v)| (*chunk, v.as_slice())).collect();
    write_codes(tx, shelf, &rows)
}

/// Blocks to make one of: the first small ones, or a large one with many gone.
fn mergeable(tx: &Connection, shelf: Shelf) -> Outcome<Option<Vec<i64>>> {
    let mut small = Vec::new();
    let mut codes = 0;
    let (table, of_shelf) = (shelf.table(), shelf.condition());
    let mut statement =
        tx.prepare_cached(&format!("SELECT block, n FROM {table}{of_shelf} ORDER BY block"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (block, n): (i64, usize) = (row.get(0)?, row.get(1)?);
        if n < MERGED_BELOW {
            small.push(block);
            codes += n;
            if codes >= MERGED_BELOW {
                return Ok(Some(small));
            }
        } else if half_gone(tx, shelf, block)? {
            return Ok(Some(vec![block]));
        }
    }
    Ok((small.len() > 1).then_some(small))
}

fn half_gone(tx: &Connection, shelf: Shelf, block: i64) -> Outcome<bool> {
    let chunks: Vec<u8> = tx
        .prepare_cached(&format!("SELECT chunks FROM {} WHERE block = ?1", shelf.table()))?
        .query_row([block], |row| row.get(0))?;
    let (ids, _) = chunks.as_chunks::<8>();
    let step = (ids.len() / SAMPLE).max(1);
    let sample: Vec<i64> = ids.iter().step_by(step).map(|id| i64::from_le_bytes(*id)).collect();
    let mut gone = 0;
    let mut statement = tx.prepare_cached("SELECT 1 FROM vector WHERE chunk = ?1")?;
    for chunk in &sample {
        gone += usize::from(!statement.exists([chunk])?);
    }
    Ok(gone * 2 > sample.len())
}

/// The vectors of a block that are still there.
fn vectors_of(tx: &Connection, shelf: Shelf, block: i64) -> Outcome<Vec<(i64, Vec<f32>)>> {
    let (n, chunks, data): (usize, Vec<u8>, Vec<u8>) = tx
        .prepare_cached(&format!("SELECT n, chunks, data FROM {} WHERE block = ?1", shelf.table()))?
        .query_row([block], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let view = BlockView::new(n, &chunks, &data).map_err(|_| damaged(block))?;
    let mut statement = tx.prepare_cached("SELECT v FROM vector WHERE chunk = ?1")?;
    let mut vectors = Vec::new();
    for chunk in view.chunks() {
        let vector = statement
            .query_row([chunk], |row| Ok(decode(row.get_ref(0)?.as_blob()?)))
            .optional()?;
        vectors.extend(vector.map(|vector| (chunk, vector)));
    }
    Ok(vectors)
}

pub(crate) fn damaged(block: i64) -> Cause {
    Cause::damaged(format!("block {block} of the search codes has lengths that do not fit"))
}
