//! Dead letters: documents and chunks that could not be taken in.

use super::error::{Cause, Outcome};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::failure::Failure;
use types::ledger::{DeadLetter, SourceId, VersionKey};

/// Stands for the whole document in the column of sequence numbers.
const WHOLE: i64 = -1;

/// What a letter is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) source: SourceId,
    pub(crate) file: &'a str,
    pub(crate) document: &'a str,
    pub(crate) chunk: Option<u32>,
    /// 0 for a whole document.
    pub(crate) version: i64,
    pub(crate) key: VersionKey,
}

/// Writes the letter, or counts one more attempt of the one that is there.
pub(crate) fn put(
    conn: &Connection,
    place: &Place<'_>,
    failure: &Failure,
    now: i64,
) -> Outcome<()> {
    conn.prepare_cached(
        "INSERT INTO dead_letter(source, file, document, chunk, version, content, pipeline, class, message,
           hint, attempts, first_at, last_at)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?11)
         ON CONFLICT(source, document, chunk) DO UPDATE SET
           attempts=iif(content=excluded.content, attempts+1, 1),
           first_at=iif(content=excluded.content, first_at, excluded.first_at),
           file=excluded.file, version=excluded.version, content=excluded.content,
           pipeline=excluded.pipeline, class=excluded.class, message=excluded.message,
           hint=excluded.hint, last_at=excluded.last_at",
    )?
    .execute(params![
        place.source.0,
        place.file,
        place.document,
        place.chunk.map_or(WHOLE, i64::from),
        place.version,
        place.key.content.0,
        place.key.pipeline.0,
        failure.class.as_str(),
        failure.message,
        failure.hint,
        now
    ])?;
    Ok(())
}

/// Forgets what a new head has settled: the document's own letter, and those of chunks of other versions.
pub(crate) fn settle(conn: &Connection, source: i64, document: &str, head: i64) -> Outcome<()> {
    conn.prepare_cached(
        "DELETE FROM dead_letter WHERE source=?1 AND document=?2 AND (chunk=-1 OR version<>?3)",
    )?
    .execute(params![source, document, head])?;
    Ok(())
}

/// Forgets the letters of chunks of a version that was given up.
pub(crate) fn forget_version(
    conn: &Connection,
    source: i64,
    document: &str,
    version: i64,
) -> Outcome<()> {
    conn.prepare_cached(
        "DELETE FROM dead_letter WHERE source=?1 AND document=?2 AND chunk>=0 AND version=?3",
    )?
    .execute(params![source, document, version])?;
    Ok(())
}

pub(crate) fn forget_document(conn: &Connection, source: i64, document: &str) -> Outcome<()> {
    conn.prepare_cached("DELETE FROM dead_letter WHERE source=?1 AND document=?2")?
        .execute(params![source, document])?;
    Ok(())
}

pub(crate) fn forget_file(conn: &Connection, source: SourceId, file: &str) -> Outcome<()> {
    conn.prepare_cached("DELETE FROM dead_letter WHERE source=?1 AND file=?2")?
        .execute(params![source.0, file])?;
    Ok(())
}

/// By source, document and position.
pub(crate) fn list(conn: &Connection) -> Outcome<Vec<DeadLetter>> {
    let mut rows = conn.prepare_cached(
        "SELECT l.id, s.name, l.file, l.document, l.chunk, l.class, l.message, l.hint, l.attempts,
           l.first_at, l.last_at
         FROM dead_letter l JOIN source s ON s.id=l.source ORDER BY s.name, l.document, l.chunk",
    )?;
    let mut letters = Vec::new();
    let mut found = rows.query([])?;
    while let Some(row) = found.next()? {
        letters.push(letter(row)?);
    }
    Ok(letters)
}

fn letter(r: &Row<'_>) -> Outcome<DeadLetter> {
    let chunk: i64 = r.get(4)?;
    let class: String = r.get(5)?;
    let class =
        class.parse().map_err(|e| Cause::damaged(format!("a dead letter cannot be read: {e}")))?;
    Ok(DeadLetter {
        id: r.get(0)?,
        source: r.get(1)?,
        file: r.get(2)?,
        document: r.get(3)?,
        chunk: u32::try_from(chunk).ok(),
        failure: Failure::new(class, r.get::<_, String>(6)?, r.get::<_, String>(7)?),
        attempts: r.get(8)?,
        first_at: r.get(9)?,
        last_at: r.get(10)?,
    })
}

pub(crate) fn mark_for_retry(conn: &Connection, ids: &[i64]) -> Outcome<()> {
    for id in ids {
        let mut row = conn
            .prepare_cached("SELECT source, file, document, chunk FROM dead_letter WHERE id=?1")?;
        let place: Option<(i64, String, String, i64)> =
            row.query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).optional()?;
        let Some((source, file, document, chunk)) = place else { continue };
        // A head that failed in part is both: its gate goes whichever of its letters is asked for.
        conn.prepare_cached(
            "UPDATE document SET
               failed_content=iif(?3<0 OR content=failed_content, NULL, failed_content),
               failed_pipeline=iif(?3<0 OR content=failed_content, NULL, failed_pipeline),
               content=iif(version>0 AND (?3>=0 OR content=failed_content), zeroblob(32), content),
               state=iif(state IN (2, 4), 3, state), not_before=unixepoch()
             WHERE source=?1 AND name=?2",
        )?
        .execute(params![source, document, chunk])?;
        super::files::take_gate(conn, source, &file)?;
    }
    Ok(())
}

pub(crate) fn purge(conn: &Connection, ids: &[i64]) -> Outcome<()> {
    let mut delete = conn.prepare_cached("DELETE FROM dead_letter WHERE id=?1")?;
    for id in ids {
        delete.execute([id])?;
    }
    Ok(())
}
