//! Where chunks are kept and found.

use crate::document::Label;
use crate::embedding::{Embedding, ModelId};
use crate::error_kind::{Classified, ErrorKind};
use crate::failure::FailureClass;
use crate::lease::Lease;
use crate::ledger::{
    Applied, Change, DeadLetter, DocumentId, DocumentState, Entry, FileState, Finish, PairState,
    SourceId, Violation,
};
use crate::query::{Hit, Query, Spelled};
use crate::record::Record;
use crate::seam::condition::Condition;
use crate::seam::models::Models;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A store with its ledger: the only truth. Methods block; callers use threads of their own. All methods may be
/// called from several threads; [`Store::apply`] from one at a time.
pub trait Store: Models {
    /// As `--json` shows it, such as `sqlite:kb.db`.
    fn url(&self) -> &str;

    /// The model whose vectors the store holds; none in an empty store.
    fn model(&self) -> Result<Option<ModelId>, StoreError>;

    /// Binds an empty store to a model; an error of kind `Conflict` if it already holds another one's.
    fn bind_model(&self, model: &ModelId) -> Result<(), StoreError>;

    fn setting(&self, key: &str) -> Result<Option<String>, StoreError>;

    fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError>;

    /// All settings, by key.
    fn settings(&self) -> Result<Vec<(String, String)>, StoreError>;

    /// Takes the right to write until the guard is dropped, waiting up to `wait`; the error of kind `Conflict`
    /// names the process that holds it. The death of the holder, of any kind, gives it back.
    fn lock_for_writing(
        &self,
        wait: std::time::Duration,
    ) -> Result<Box<dyn std::any::Any + Send>, StoreError>;

    /// From now on a write waits so long for a store that is away or held by somebody else.
    fn wait_in_writing(&self, limit: std::time::Duration) -> Result<(), StoreError>;

    /// Starts a run; its number is larger than any before. Who begins one holds the right to write, so whoever had
    /// leases before has died: they end, each counted as a crash.
    fn begin_run(&self, run_id: &str) -> Result<i64, StoreError>;

    /// Ends it with the result that `status` shows.
    fn end_run(&self, run: i64, result_json: &str) -> Result<(), StoreError>;

    /// Last runs, newest first.
    fn runs(&self, limit: usize) -> Result<Vec<RunRow>, StoreError>;

    /// The source's row, made if missing.
    fn source(&self, name: &str) -> Result<SourceId, StoreError>;

    fn sources(&self) -> Result<Vec<(SourceId, String)>, StoreError>;

    /// Gates of a source's files in bytewise order of names, after `after`.
    fn files_after(
        &self,
        source: SourceId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FileState>, StoreError>;

    fn document(&self, source: SourceId, name: &str) -> Result<Option<DocumentState>, StoreError>;

    /// As [`Store::document`] for each of the names, out of one snapshot: a file of many small items asks about
    /// hundreds at once.
    fn documents(
        &self,
        source: SourceId,
        names: &[String],
    ) -> Result<Vec<Option<DocumentState>>, StoreError>;

    /// Documents that came from this file, in bytewise order of names, after `after`.
    fn documents_of(
        &self,
        source: SourceId,
        file: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DocumentState>, StoreError>;

    /// Documents of the file that run `run` or later neither wrote nor saw.
    fn stale_documents(
        &self,
        source: SourceId,
        file: &str,
        limit: usize,
    ) -> Result<Vec<DocumentId>, StoreError>;

    /// Where vectors of a document's chunks lie, by text hash: of the head version and of an open one.
    fn known_vectors(&self, document: DocumentId) -> Result<HashMap<[u8; 16], i64>, StoreError>;

    /// Vectors by the places that [`Store::known_vectors`] gave; none where it has gone meanwhile.
    fn vectors_at(&self, places: &[i64]) -> Result<Vec<Option<Embedding>>, StoreError>;

    /// The vectors of another model that are being made beside those in use; none when none are.
    fn migration(&self) -> Result<Option<Migration>, StoreError>;

    /// Begins a migration, or goes on with the one to the same target; one to another target is forgotten.
    /// Everything but this and its siblings works meanwhile as before, with the model in use.
    fn begin_migration(&self, to: &Target) -> Result<(), StoreError>;

    /// Forgets the migration and the vectors it made.
    fn forget_migration(&self) -> Result<(), StoreError>;

    /// Chunks that have no place in the migration yet: place and text, in order of places, after `after`.
    fn unmigrated(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError>;

    /// Gives chunks their new vectors, durably; none for a text that the new model has no vector for. A chunk
    /// that has gone meanwhile is passed over.
    fn migrate(&self, vectors: &[(i64, Option<Embedding>)]) -> Result<(), StoreError>;

    /// Makes the new model the store's, with its vectors, in one transaction: readers see all of the one or all
    /// of the other. Every pair gets a new revision. An error of kind `Internal` if a chunk has no place yet.
    fn finish_migration(&self, switch: &Switch) -> Result<(), StoreError>;

    /// Takes leases for a run; none for a document that is gone, done, dead or not due yet, or that another run's
    /// lease still holds. A lease that is taken from a run that let it run out counts as a crash.
    fn claim(
        &self,
        documents: &[DocumentId],
        run: i64,
        time: std::time::Duration,
    ) -> Result<Vec<Option<Lease>>, StoreError>;

    /// Prolongs all leases of the run; how many it were.
    fn renew_leases(&self, run: i64, time: std::time::Duration) -> Result<u64, StoreError>;

    /// Gives all leases of the run back: what it wrote is kept for whoever goes on, and no crash is counted.
    fn release_leases(&self, run: i64) -> Result<u64, StoreError>;

    /// Applies all changes in one durable transaction, or none. They stay the caller's, who may try again when
    /// the error was of a store that is away or of a full disk.
    fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError>;

    /// Removes rows of superseded and dropped versions in one bounded transaction; true while more are left.
    fn sweep(&self) -> Result<bool, StoreError>;

    /// After bulk work: planner statistics, full text and search codes tidied, log checkpointed.
    fn tidy(&self) -> Result<(), StoreError>;

    fn counts(&self) -> Result<Counts, StoreError>;

    /// How its connections and indexes are doing.
    fn condition(&self) -> Result<Condition, StoreError>;

    fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError>;

    /// Lets the next run try these again: their documents and files lose their gates.
    fn mark_for_retry(&self, ids: &[i64]) -> Result<(), StoreError>;

    /// Forgets these. Their documents stay failed: they are not tried again until they change.
    fn purge(&self, ids: &[i64]) -> Result<(), StoreError>;

    /// All pairs that hold at least one document, in order.
    fn pairs(&self) -> Result<Vec<PairState>, StoreError>;

    /// Reads one pair out of one snapshot, ordered by document name bytewise, then position: first its counts
    /// (entries, documents), then every entry. False if the pair is empty (nothing is called then).
    fn read_pair(
        &self,
        label: &Label,
        vectors: EntryVectors,
        head: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
        entry: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<bool, StoreError>;

    /// Reads the head of a document out of one snapshot, as it was written: every chunk in order, then what was
    /// known at its end. None if nothing is visible. Refused chunks are not among them.
    fn read_document(
        &self,
        document: DocumentId,
        record: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<Option<Finish>, StoreError>;

    /// Replaces words that the index does not know by near ones that it knows.
    fn spell(&self, words: &str) -> Result<Spelled, StoreError>;

    fn search(&self, query: &Query) -> Result<Vec<Hit>, StoreError>;

    /// Checks every invariant; with `repair` mends what needs no source, and takes the gates of the documents
    /// that do, so that the next run over their files restores them out of what is still there.
    fn verify(&self, repair: Repair) -> Result<Vec<Violation>, StoreError>;
}

/// The model that a store migrates to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub model: ModelId,
    /// Told apart from the model's identity: weights and settings that change vectors.
    pub fingerprint: String,
}

/// A migration that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub target: Target,
    /// Chunks that have their place, and that have none.
    pub done: u64,
    pub left: u64,
}

/// What changes together with the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switch {
    /// Settings by key, as [`Store::set_setting`] takes them.
    pub settings: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    No,
    Yes,
}

/// Whether entries carry their embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryVectors {
    Without,
    With,
}

/// A run as `status` shows it; times in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub run_id: String,
    pub started: i64,
    /// None while it runs, or when it died.
    pub ended: Option<i64>,
    /// What `ingest --json` printed.
    pub result: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sources: u64,
    pub files: u64,
    /// With a visible version.
    pub documents: u64,
    /// Visible.
    pub chunks: u64,
    pub without_vector: u64,
    pub dead_letters: u64,
    /// Versions being written.
    pub open: u64,
    /// Bytes of the store's file(s).
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no such file or server, or it cannot be opened.
    Unreachable,
    /// Where the store would be there is none yet.
    Missing,
    /// Another process writes.
    Locked,
    /// Holds another model's vectors.
    OtherModel,
    /// Written by a newer gristmill.
    Newer,
    /// Not a gristmill store.
    Foreign,
    Corrupt,
    ReadOnly,
    DiskFull,
    Internal,
}

/// Says file, cause and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    pub kind: StoreErrorKind,
    pub message: String,
    pub hint: String,
}

impl Classified for StoreError {
    fn kind(&self) -> ErrorKind {
        match self.kind {
            StoreErrorKind::Unreachable | StoreErrorKind::DiskFull => ErrorKind::Unavailable,
            StoreErrorKind::Missing => ErrorKind::NotFound,
            StoreErrorKind::Locked | StoreErrorKind::OtherModel => ErrorKind::Conflict,
            StoreErrorKind::ReadOnly => ErrorKind::Denied,
            StoreErrorKind::Newer
            | StoreErrorKind::Foreign
            | StoreErrorKind::Corrupt
            | StoreErrorKind::Internal => ErrorKind::Internal,
        }
    }
}

impl StoreError {
    /// The class under which a run that could not go on is reported.
    pub fn class(&self) -> FailureClass {
        match self.kind {
            StoreErrorKind::DiskFull => FailureClass::DiskFull,
            StoreErrorKind::ReadOnly => FailureClass::Denied,
            _ => FailureClass::Internal,
        }
    }
}
