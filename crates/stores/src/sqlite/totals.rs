//! Counts of the whole store, kept by every transaction.

use super::error::{Cause, Outcome};
use super::open::beside;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::Path;
use types::seam::Counts;

/// Reads a row per kind of thing, never the store.
pub(crate) fn counts(conn: &Connection, path: &Path) -> Outcome<Counts> {
    let totals =
        Totals::find(conn)?.ok_or_else(|| Cause::damaged("the store's counts are gone"))?;
    let sources: u64 = conn.query_row("SELECT count(*) FROM source", [], |r| r.get(0))?;
    let letters: u64 = conn.query_row("SELECT count(*) FROM dead_letter", [], |r| r.get(0))?;
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    Ok(Counts {
        sources,
        files: totals.files as u64,
        documents: totals.documents as u64,
        chunks: totals.chunks as u64,
        without_vector: totals.without_vector as u64,
        dead_letters: letters,
        open: totals.open as u64,
        bytes: std::fs::metadata(path)?.len() + log,
    })
}

/// What a transaction adds, or what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) files: i64,
    pub(crate) documents: i64,
    pub(crate) chunks: i64,
    pub(crate) without_vector: i64,
    pub(crate) open: i64,
}

impl Totals {
    /// None where the row is gone, which only damage can do.
    pub(crate) fn find(conn: &Connection) -> Outcome<Option<Self>> {
        let mut row = conn.prepare_cached(
            "SELECT files, documents, chunks, without_vector, open FROM total WHERE id=1",
        )?;
        Ok(row.query_row([], Self::from_row).optional()?)
    }

    /// Out of the rows themselves, for `verify`.
    pub(crate) fn recount(conn: &Connection) -> Outcome<Self> {
        let mut row = conn.prepare_cached(
            "SELECT (SELECT count(*) FROM file), coalesce(sum(version>0), 0),
             coalesce(sum(iif(version>0, chunks, 0)), 0),
             coalesce(sum(iif(version>0, without_vector, 0)), 0),
             coalesce(sum(open_version IS NOT NULL), 0) FROM document",
        )?;
        Ok(row.query_row([], Self::from_row)?)
    }

    fn from_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            files: r.get(0)?,
            documents: r.get(1)?,
            chunks: r.get(2)?,
            without_vector: r.get(3)?,
            open: r.get(4)?,
        })
    }

    pub(crate) fn add_to(self, conn: &Connection) -> Outcome<()> {
        if self == Self::default() {
            return Ok(());
        }
        let Self { files, documents, chunks, without_vector, open } = self;
        conn.prepare_cached(
            "UPDATE total SET files=files+?1, documents=documents+?2, chunks=chunks+?3,
             without_vector=without_vector+?4, open=open+?5 WHERE id=1",
        )?
        .execute(params![files, documents, chunks, without_vector, open])?;
        Ok(())
    }

    /// Replaces what is written down.
    pub(crate) fn write(self, conn: &Connection) -> Outcome<()> {
        let Self { files, documents, chunks, without_vector, open } = self;
        conn.execute(
            "INSERT OR REPLACE INTO total VALUES(1, ?1, ?2, ?3, ?4, ?5)",
            params![files, documents, chunks, without_vector, open],
        )?;
        Ok(())
    }
}
