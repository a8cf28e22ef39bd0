//! One transaction of changes to documents and files.

use super::documents::{self, DocumentRow};
use super::error::Outcome;
use super::labels::Pairs;
use super::search::{self, Shelf};
use super::totals::Totals;
use super::{FullText, files, letters, meta, removal, routed};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use types::ledger::{Applied, Change, DocumentId, FailedDocument, SourceId};
use types::seam::ModelNumber;

/// Rows of superseded versions that one transaction removes itself; more is left to the sweep.
const INLINE_ROWS: i64 = 2000;

/// What one transaction gathers while it goes through its changes.
pub(crate) struct Writing<'c> {
    pub(crate) conn: &'c Connection,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) full_text: FullText,
    /// Of the bound model.
    pub(crate) dimensions: Option<usize>,
    /// Of routed models, in the order of their numbers.
    pub(crate) routed: Vec<usize>,
    pub(crate) pairs: Pairs,
    pub(crate) totals: Totals,
    /// Of [`INLINE_ROWS`], what is left.
    pub(crate) inline_rows: i64,
    /// Vectors that are new, for the blocks of search codes, by model.
    pub(crate) fresh: BTreeMap<ModelNumber, Vec<(i64, &'c [f32])>>,
}

/// Applies the changes in order, inside the caller's transaction.
pub(crate) fn apply<'c>(
    conn: &'c Connection,
    full_text: FullText,
    changes: &'c [Change],
) -> Outcome<Vec<Applied>> {
    fault::point("store.apply.begin")?;
    let mut writing = Writing::begin(conn, full_text)?;
    let applied =
        changes.iter().map(|change| writing.change(change)).collect::<Outcome<Vec<_>>>()?;
    writing.end()?;
    Ok(applied)
}

impl<'c> Writing<'c> {
    pub(crate) fn begin(conn: &'c Connection, full_text: FullText) -> Outcome<Self> {
        Ok(Self {
            conn,
            now: super::now(),
            full_text,
            dimensions: meta::dimensions(conn)?,
            routed: routed::models(conn)?.into_iter().map(|model| model.dimensions).collect(),
            pairs: Pairs::default(),
            totals: Totals::default(),
            inline_rows: INLINE_ROWS,
            fresh: BTreeMap::new(),
        })
    }

    /// Writes what was gathered.
    pub(crate) fn end(self) -> Outcome<()> {
        self.pairs.raise_revisions(self.conn)?;
        self.totals.add_to(self.conn)?;
        for (model, fresh) in &self.fresh {
            search::write_codes(self.conn, Shelf::of(*model), fresh)?;
        }
        Ok(())
    }

    fn change(&mut self, change: &'c Change) -> Outcome<Applied> {
        match change {
            Change::Segment(segment) => self.segment(segment),
            Change::Failed(failed) => self.failed(failed),
            Change::Seen { document, run } => self.seen(*document, *run),
            Change::Relabel { document, label } => self.relabel(*document, label),
            Change::File { source, state, run } => files::put(self, *source, state, *run),
            Change::Remove { document } => self.remove(*document),
            Change::RemoveFile { source, name } => files::remove(self, *source, name),
        }
    }

    fn failed(&mut self, failed: &FailedDocument) -> Outcome<Applied> {
        let row = self.find_or_insert(failed.source, &failed.file, &failed.name, failed.run)?;
        if row.is_held_from(failed.run) {
            return Ok(Applied { lost: true, ..Applied::default() });
        }
        let removed = removal::drop_open(self, &row)?;
        self.conn
            .prepare_cached(
                "UPDATE document SET file=?2, last_run=max(last_run, ?3), failed_content=?4,
                 failed_pipeline=?5, attempts=attempts+1, failures=failures+1, state=4, lease_owner=NULL,
                 lease_until=NULL WHERE id=?1",
            )?
            .execute(params![
                row.id,
                failed.file,
                failed.run,
                failed.key.content.0,
                failed.key.pipeline.0
            ])?;
        let place = letters::Place {
            source: failed.source,
            file: &failed.file,
            document: &failed.name,
            chunk: None,
            version: 0,
            key: failed.key,
        };
        letters::put(self.conn, &place, &failed.failure, self.now)?;
        Ok(Applied { removed, ..Applied::default() })
    }

    fn remove(&mut self, document: DocumentId) -> Outcome<Applied> {
        let Some(row) = documents::get(self.conn, document)? else {
            return Ok(Applied::default());
        };
        let applied = removal::remove(self, &row)?;
        files::lose_document(self.conn, &row)?;
        Ok(applied)
    }

    fn seen(&mut self, document: DocumentId, run: i64) -> Outcome<Applied> {
        self.conn
            .prepare_cached("UPDATE document SET last_run=max(last_run, ?2) WHERE id=?1")?
            .execute([document.0, run])?;
        Ok(Applied::default())
    }

    /// The document's row, made if missing; so is its file's.
    pub(crate) fn find_or_insert(
        &mut self,
        source: SourceId,
        file: &str,
        name: &str,
        run: i64,
    ) -> Outcome<DocumentRow> {
        let found = documents::find(self.conn, source, name)?;
        if found.as_ref().is_none_or(|row| row.file != file) {
            files::note(self, source, file, run)?;
        }
        if let Some(row) = found {
            return Ok(row);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO document(source, file, name, last_run) VALUES(?1, ?2, ?3, ?4)",
            )?
            .execute(params![source.0, file, name, run])?;
        Ok(DocumentRow::fresh(self.conn.last_insert_rowid(), source, (file, name), run))
    }
}
