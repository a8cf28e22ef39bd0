//! Removing documents, and the rows of versions that nobody sees any more.

use super::FullText;
use super::apply::Writing;
use super::documents::DocumentRow;
use super::error::Outcome;
use super::{letters, vectors};
use rusqlite::{Connection, OptionalExtension as _};
use types::ledger::Applied;

/// A version of at most so many rows goes in the transaction that supersedes it.
const INLINE_VERSION_ROWS: i64 = 500;
/// Rows of one sweep: a transaction of some tens of milliseconds.
const SWEEP_ROWS: i64 = 2000;

/// Removes a document with everything that belongs to it.
pub(crate) fn remove(writing: &mut Writing<'_>, row: &DocumentRow) -> Outcome<Applied> {
    let removed = drop_open(writing, row)? + drop_head(writing, row)?;
    writing.leave_pairs(row.id)?;
    vectors::forget_rescued(writing.conn, row.id)?;
    letters::forget_document(writing.conn, row.source, &row.name)?;
    writing.conn.prepare_cached("DELETE FROM document WHERE id=?1")?.execute([row.id])?;
    Ok(Applied { removed, ..Applied::default() })
}

/// Gives up the version being written, if there is one; returns its chunks.
pub(crate) fn drop_open(writing: &mut Writing<'_>, row: &DocumentRow) -> Outcome<u64> {
    let Some(open) = row.open else { return Ok(0) };
    letters::forget_version(writing.conn, row.source, &row.name, open.version)?;
    drop_rows(writing, row.id, open.version, open.chunks)?;
    writing
        .conn
        .prepare_cached(
            "UPDATE document SET open_version=NULL, open_content=NULL, open_pipeline=NULL, open_cursor=0,
             open_chunks=0, open_without_vector=0, open_mixed=0, state=0, lease_owner=NULL, lease_until=NULL
             WHERE id=?1",
        )?
        .execute([row.id])?;
    writing.totals.open -= 1;
    Ok(open.chunks as u64)
}

/// Takes away the rows of the head, which the caller replaces; returns its chunks.
pub(crate) fn drop_head(writing: &mut Writing<'_>, row: &DocumentRow) -> Outcome<u64> {
    if row.version == 0 {
        return Ok(0);
    }
    drop_rows(writing, row.id, row.version, row.chunks)?;
    writing.totals.documents -= 1;
    writing.totals.chunks -= row.chunks;
    writing.totals.without_vector -= row.without_vector;
    Ok(row.chunks as u64)
}

fn drop_rows(writing: &mut Writing<'_>, document: i64, version: i64, chunks: i64) -> Outcome<()> {
    if chunks <= INLINE_VERSION_ROWS.min(writing.inline_rows) {
        writing.inline_rows -= chunks;
        // One more than the ledger counts would still go: the rows, not the count, are removed.
        while delete_some(writing.conn, writing.full_text, (document, version), SWEEP_ROWS)?
            == SWEEP_ROWS
        {}
    } else {
        writing
            .conn
            .prepare_cached("INSERT OR IGNORE INTO dropped(document, version) VALUES(?1, ?2)")?
            .execute([document, version])?;
    }
    Ok(())
}

/// Removes some rows of dropped versions; true while more are left.
pub(crate) fn sweep(conn: &Connection, full_text: FullText) -> Outcome<bool> {
    fault::point("store.sweep")?;
    let mut next = conn.prepare_cached("SELECT document, version FROM dropped LIMIT 1")?;
    let mut left = SWEEP_ROWS;
    while left > 0 {
        let Some(version) = next.query_row([], |r| Ok((r.get(0)?, r.get(1)?))).optional()? else {
            return Ok(false);
        };
        let deleted = delete_some(conn, full_text, version, left)?;
        if deleted < left {
            conn.prepare_cached("DELETE FROM dropped WHERE document=?1 AND version=?2")?
                .execute([version.0, version.1])?;
        }
        left -= deleted.max(1);
    }
    Ok(next.exists([])?)
}

/// Deletes up to `limit` rows of one version; returns how many.
fn delete_some(
    conn: &Connection,
    full_text: FullText,
    (document, version): (i64, i64),
    limit: i64,
) -> Outcome<i64> {
    let ids = conn
        .prepare_cached(
            "SELECT id FROM chunk WHERE document=?1 AND version=?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map([document, version, limit], |r| r.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    for id in &ids {
        delete_chunk(conn, full_text, *id)?;
    }
    Ok(ids.len() as i64)
}

/// Deletes one chunk with its vector and its words.
pub(crate) fn delete_chunk(conn: &Connection, full_text: FullText, chunk: i64) -> Outcome<()> {
    if full_text == FullText::On {
        delete_words(conn, chunk)?;
    }
    conn.prepare_cached("DELETE FROM vector WHERE chunk=?1")?.execute([chunk])?;
    conn.prepare_cached("DELETE FROM chunk WHERE id=?1")?.execute([chunk])?;
    Ok(())
}

pub(crate) fn delete_words(conn: &Connection, chunk: i64) -> Outcome<()> {
    conn.prepare_cached("DELETE FROM fts WHERE rowid=?1")?.execute([chunk])?;
    Ok(())
}
