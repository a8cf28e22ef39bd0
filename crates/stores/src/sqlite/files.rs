//! Gates of files.

use super::apply::Writing;
use super::documents::{self, DocumentRow};
use super::error::Outcome;
use super::{letters, removal};
use rusqlite::{Connection, params};
use types::document::Hash;
use types::ledger::{Applied, DocumentId, FileState, SourceId};

/// Size of a file whose gate was taken; no file has it.
const TAKEN: i64 = -1;

/// In bytewise order of names, after `after`.
pub(crate) fn after(
    conn: &Connection,
    source: SourceId,
    after: Option<&str>,
    limit: usize,
) -> Outcome<Vec<FileState>> {
    let mut rows = conn.prepare_cached(
        "SELECT name, size, modified_ns, pipeline, labelling, documents, failed, stale FROM file
         WHERE source=?1 AND name>?2 ORDER BY name LIMIT ?3",
    )?;
    let files =
        rows.query_map(params![source.0, after.unwrap_or_default(), limit as i64], |r| {
            Ok(FileState {
                name: r.get(0)?,
                // Bit for bit: a taken gate becomes a size that no file has.
                size: r.get::<_, i64>(1)? as u64,
                modified_ns: r.get(2)?,
                pipeline: Hash(r.get(3)?),
                labelling: Hash(r.get(4)?),
                documents: r.get(5)?,
                failed: r.get(6)?,
                stale: r.get(7)?,
            })
        })?;
    Ok(files.collect::<Result<_, _>>()?)
}

/// Writes the gate after the last of the file's documents.
pub(crate) fn put(
    writing: &mut Writing<'_>,
    source: SourceId,
    state: &FileState,
    run: i64,
) -> Outcome<Applied> {
    let applied = forget_failed_unseen(writing, source, &state.name, run)?;
    let conn = writing.conn;
    let stale: i64 = conn
        .prepare_cached(
            "SELECT count(*) FROM document WHERE source=?1 AND file=?2 AND last_run<?3 AND version>0",
        )?
        .query_row(params![source.0, state.name, run], |r| r.get(0))?;
    let there: bool = conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM file WHERE source=?1 AND name=?2)")?
        .query_row(params![source.0, state.name], |r| r.get(0))?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO file(source, name, size, modified_ns, pipeline, labelling, documents, failed,
           stale, run) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        source.0,
        state.name,
        state.size as i64,
        state.modified_ns,
        state.pipeline.0,
        state.labelling.0,
        state.documents,
        state.failed,
        stale,
        run
    ])?;
    writing.totals.files += i64::from(!there);
    Ok(applied)
}

/// A file whose documents come in has a row from the first of them on, with a gate that is open: so it is found
/// when it goes before a run has finished it.
pub(crate) fn note(
    writing: &mut Writing<'_>,
    source: SourceId,
    name: &str,
    run: i64,
) -> Outcome<()> {
    let noted = writing
        .conn
        .prepare_cached(
            "INSERT OR IGNORE INTO file(source, name, size, modified_ns, pipeline, labelling, documents,
               failed, stale, run) VALUES(?1, ?2, ?3, 0, zeroblob(32), zeroblob(32), 0, 0, 0, ?4)",
        )?
        .execute(params![source.0, name, TAKEN, run])?;
    writing.totals.files += noted as i64;
    Ok(())
}

/// A document that was never visible and is no longer in its file leaves nothing worth keeping.
fn forget_failed_unseen(
    writing: &mut Writing<'_>,
    source: SourceId,
    file: &str,
    run: i64,
) -> Outcome<Applied> {
    let mut rows = writing.conn.prepare_cached(
        "SELECT id FROM document WHERE source=?1 AND file=?2 AND last_run<?3 AND version=0",
    )?;
    let ids = rows
        .query_map(params![source.0, file, run], |r| r.get(0).map(DocumentId))?
        .collect::<Result<Vec<_>, _>>()?;
    remove_all(writing, &ids)
}

/// The file is gone, and all its documents with it.
pub(crate) fn remove(writing: &mut Writing<'_>, source: SourceId, name: &str) -> Outcome<Applied> {
    let mut rows =
        writing.conn.prepare_cached("SELECT id FROM document WHERE source=?1 AND file=?2")?;
    let ids = rows
        .query_map(params![source.0, name], |r| r.get(0).map(DocumentId))?
        .collect::<Result<Vec<_>, _>>()?;
    let applied = remove_all(writing, &ids)?;
    letters::forget_file(writing.conn, source, name)?;
    let gone = writing
        .conn
        .prepare_cached("DELETE FROM file WHERE source=?1 AND name=?2")?
        .execute(params![source.0, name])?;
    writing.totals.files -= gone as i64;
    Ok(applied)
}

fn remove_all(writing: &mut Writing<'_>, ids: &[DocumentId]) -> Outcome<Applied> {
    let mut applied = Applied::default();
    for id in ids {
        if let Some(row) = documents::get(writing.conn, *id)? {
            applied.removed += removal::remove(writing, &row)?.removed;
        }
    }
    Ok(applied)
}

/// After a document is gone its file's gate must not claim more than is left.
pub(crate) fn lose_document(conn: &Connection, gone: &DocumentRow) -> Outcome<()> {
    let stale = conn
        .prepare_cached(
            "UPDATE file SET stale=max(0, stale-1) WHERE source=?1 AND name=?2 AND run>?3",
        )?
        .execute(params![gone.source, gone.file, gone.last_run])?;
    if stale == 0 {
        conn.prepare_cached(
            "UPDATE file SET documents=min(documents, fresh), failed=min(failed, fresh) FROM
               (SELECT count(*) AS fresh FROM document d JOIN file f ON f.source=d.source AND f.name=d.file
                WHERE f.source=?1 AND f.name=?2 AND d.last_run>=f.run)
             WHERE source=?1 AND name=?2",
        )?
        .execute(params![gone.source, gone.file])?;
    }
    Ok(())
}

/// The next run opens the file whatever it looks like.
pub(crate) fn take_gate(conn: &Connection, source: i64, file: &str) -> Outcome<()> {
    conn.prepare_cached("UPDATE file SET size=?3 WHERE source=?1 AND name=?2")?
        .execute(params![source, file, TAKEN])?;
    Ok(())
}
