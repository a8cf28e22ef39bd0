//! The store in one `SQLite` file.
//!
//! One connection writes, readers have their own and see committed heads only. The layout is in
//! `sqlite/schema.sql`; the rules that no reader ever sees half a document by, in `Writing` in `apply.rs`.

mod apply;
mod documents;
mod entries;
mod error;
mod files;
mod labels;
mod leases;
mod letters;
mod lock;
mod meta;
mod migration;
mod open;
mod pool;
mod removal;
mod routed;
mod search;
mod segment;
mod stored;
mod sums;
mod tidy;
mod totals;
mod uploads;
mod vectors;
mod verify;

#[cfg(test)]
mod tests;

pub use open::Access;
pub use uploads::SqliteUploads;

use error::Outcome;
use pool::Pool;
use search::{CodeMirror, Shelf};
use std::any::Any;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;
use types::document::Label;
use types::embedding::{Embedding, ModelId};
use types::lease::Lease;
use types::ledger::{
    Applied, Change, DeadLetter, DocumentId, DocumentState, Entry, FileState, Finish, PairState,
    SourceId, Violation,
};
use types::query::{Hit, Mode, Query, Spelled};
use types::record::Record;
use types::seam::{
    Condition, Counts, EntryVectors, Migration, ModelNumber, Repair, RunRow, Store, StoreError,
    StoreErrorKind, Switch, Target,
};

/// Whether words are indexed. Fixed when the store is made; off, ingest writes several times as fast and
/// keyword search is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullText {
    On,
    Off,
}

/// Setting of a store that says whether it indexes words: `on` or `off`.
pub const FULL_TEXT_SETTING: &str = "full_text";

/// What a new store is made with.
#[derive(Debug, Clone, Copy)]
pub struct SqliteOptions {
    pub full_text: FullText,
}

impl Default for SqliteOptions {
    /// What users get.
    fn default() -> Self {
        Self { full_text: FullText::On }
    }
}

/// A store in one file, with `SQLite`'s log and our lock beside it while it is written.
#[derive(Debug)]
pub struct SqliteStore {
    url: String,
    pool: Pool,
    full_text: FullText,
    codes: CodeMirror,
}

impl SqliteStore {
    /// Opens the file, or makes it if `access` says so; `options` count only then.
    pub fn open(path: &Path, access: Access, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::try_open(path, access, options).map_err(|cause| cause.at(path))
    }

    fn try_open(path: &Path, access: Access, options: SqliteOptions) -> Outcome<Self> {
        let resolved = open::resolved(path)?;
        let writer = match access {
            Access::Read => None,
            Access::Create | Access::Write => Some(open::writer(&resolved, access, options)?),
        };
        // Now that the file is there, links on the way to it can be followed.
        let pool = Pool::new(&open::resolved(&resolved)?, writer);
        let full_text = match pool.read(|conn| meta::setting(conn, FULL_TEXT_SETTING))?.as_deref() {
            Some("off") => FullText::Off,
            _ => FullText::On,
        };
        let url = format!("sqlite:{}", path.display());
        Ok(Self { url, pool, full_text, codes: CodeMirror::default() })
    }

    fn search_all(
        &self,
        query: &Query,
        routed: &[(ModelNumber, Vec<f32>)],
    ) -> Result<Vec<Hit>, StoreError> {
        if query.mode == Mode::Keyword && self.full_text == FullText::Off {
            return Err(StoreError {
                kind: StoreErrorKind::Internal,
                message: format!("store {} was made without full text", self.pool.path().display()),
                hint: "search with --mode semantic, or make the store again".to_owned(),
            });
        }
        self.told(self.pool.read(|conn| search::search(conn, &self.codes, query, routed)))
    }

    fn told<T>(&self, outcome: Outcome<T>) -> Result<T, StoreError> {
        outcome.map_err(|cause| cause.at(self.pool.path()))
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

impl Store for SqliteStore {
    fn url(&self) -> &str {
        &self.url
    }

    fn model(&self) -> Result<Option<ModelId>, StoreError> {
        self.told(self.pool.read(meta::model))
    }

    fn bind_model(&self, model: &ModelId) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| meta::bind_model(conn, model)))
    }

    fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.told(self.pool.read(|conn| meta::setting(conn, key)))
    }

    fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| meta::set_setting(conn, key, value)))
    }

    fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.told(self.pool.read(meta::settings))
    }

    fn lock_for_writing(&self, wait: Duration) -> Result<Box<dyn Any + Send>, StoreError> {
        self.told(lock::take(self.pool.path(), wait).map(|held| Box::new(held) as _))
    }

    fn wait_in_writing(&self, limit: Duration) -> Result<(), StoreError> {
        self.told(self.pool.writer().and_then(|conn| Ok(conn.busy_timeout(limit)?)))
    }

    fn begin_run(&self, run_id: &str) -> Result<i64, StoreError> {
        self.told(self.pool.write(|conn| meta::begin_run(conn, run_id, now())))
    }

    fn end_run(&self, run: i64, result_json: &str) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| meta::end_run(conn, run, result_json, now())))
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRow>, StoreError> {
        self.told(self.pool.read(|conn| meta::runs(conn, limit)))
    }

    fn source(&self, name: &str) -> Result<SourceId, StoreError> {
        let found = self.told(self.pool.read(|conn| meta::find_source(conn, name)))?;
        match found {
            Some(id) => Ok(id),
            None => self.told(self.pool.write(|conn| meta::make_source(conn, name))),
        }
    }

    fn sources(&self) -> Result<Vec<(SourceId, String)>, StoreError> {
        self.told(self.pool.read(meta::sources))
    }

    fn files_after(
        &self,
        source: SourceId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FileState>, StoreError> {
        self.told(self.pool.read(|conn| files::after(conn, source, after, limit)))
    }

    fn document(&self, source: SourceId, name: &str) -> Result<Option<DocumentState>, StoreError> {
        self.told(self.pool.read(|conn| documents::state(conn, source, name)))
    }

    fn documents(
        &self,
        source: SourceId,
        names: &[String],
    ) -> Result<Vec<Option<DocumentState>>, StoreError> {
        let of = |conn: &_| names.iter().map(|name| documents::state(conn, source, name)).collect();
        self.told(self.pool.read(of))
    }

    fn documents_of(
        &self,
        source: SourceId,
        file: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DocumentState>, StoreError> {
        self.told(self.pool.read(|conn| documents::of_file(conn, (source, file), after, limit)))
    }

    fn stale_documents(
        &self,
        source: SourceId,
        file: &str,
        limit: usize,
    ) -> Result<Vec<DocumentId>, StoreError> {
        self.told(self.pool.read(|conn| documents::stale(conn, source, file, limit)))
    }

    fn known_vectors(&self, document: DocumentId) -> Result<HashMap<[u8; 16], i64>, StoreError> {
        self.told(self.pool.read(|conn| vectors::known(conn, document, Shelf::Own)))
    }

    fn vectors_at(&self, places: &[i64]) -> Result<Vec<Option<Embedding>>, StoreError> {
        let of = |conn: &_| vectors::at(conn, places, meta::dimensions(conn)?);
        self.told(self.pool.read(of))
    }

    fn migration(&self) -> Result<Option<Migration>, StoreError> {
        self.told(self.pool.read(migration::find))
    }

    fn begin_migration(&self, to: &Target) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| migration::begin(conn, to)))
    }

    fn forget_migration(&self) -> Result<(), StoreError> {
        self.told(self.pool.write(migration::forget))
    }

    fn unmigrated(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        self.told(self.pool.read(|conn| migration::left(conn, after, limit)))
    }

    fn migrate(&self, vectors: &[(i64, Option<Embedding>)]) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| migration::put(conn, vectors)))
    }

    fn finish_migration(&self, switch: &Switch) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| migration::finish(conn, switch)))
    }

    fn claim(
        &self,
        documents: &[DocumentId],
        run: i64,
        time: Duration,
    ) -> Result<Vec<Option<Lease>>, StoreError> {
        self.told(self.pool.write(|conn| leases::claim(conn, documents, run, time)))
    }

    fn renew_leases(&self, run: i64, time: Duration) -> Result<u64, StoreError> {
        self.told(self.pool.write(|conn| leases::renew(conn, run, time)))
    }

    fn release_leases(&self, run: i64) -> Result<u64, StoreError> {
        self.told(self.pool.write(|conn| leases::release(conn, run)))
    }

    fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        self.told(self.pool.write(|conn| apply::apply(conn, self.full_text, changes)))
    }

    fn sweep(&self) -> Result<bool, StoreError> {
        self.told(self.pool.write(|conn| removal::sweep(conn, self.full_text)))
    }

    fn tidy(&self) -> Result<(), StoreError> {
        self.told(tidy::tidy(&self.pool, self.full_text))
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        self.told(self.pool.read(|conn| totals::counts(conn, self.pool.path())))
    }

    fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition::default())
    }

    fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        self.told(self.pool.read(letters::list))
    }

    fn mark_for_retry(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| letters::mark_for_retry(conn, ids)))
    }

    fn purge(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.told(self.pool.write(|conn| letters::purge(conn, ids)))
    }

    fn pairs(&self) -> Result<Vec<PairState>, StoreError> {
        self.told(self.pool.read(labels::all))
    }

    fn read_pair(
        &self,
        label: &Label,
        vectors: EntryVectors,
        head: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
        entry: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let mut visit = entries::Visit { head, entry };
        self.told(self.pool.read(|conn| entries::read(conn, label, vectors, &mut visit)))
    }

    fn read_document(
        &self,
        document: DocumentId,
        record: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<Option<Finish>, StoreError> {
        self.told(self.pool.read(|conn| stored::read(conn, document, record)))
    }

    fn spell(&self, words: &str) -> Result<Spelled, StoreError> {
        self.told(self.pool.read(|conn| search::spell(conn, words)))
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, StoreError> {
        self.search_all(query, &[])
    }

    fn verify(&self, repair: Repair) -> Result<Vec<Violation>, StoreError> {
        self.told(verify::verify(&self.pool, self.full_text, repair))
    }
}
