//! What a run needs to know, decided by its caller.

use crate::chunk::ChunkSettings;
use flow::width::Width;
use std::sync::Arc;
use std::time::Duration;
use types::document::{Hash, Label, OwnLabel};

/// Domain and category of a document, by its name and what it says itself.
pub type Labelling = dyn Fn(&str, &OwnLabel) -> Label + Send + Sync;

#[derive(Clone)]
pub struct Settings {
    /// As the user or the program named the run.
    pub run_id: String,
    pub chunk: ChunkSettings,
    /// Workers that parse: as many as may ever be at work at once.
    pub workers: usize,
    /// How many of them may begin a document now.
    pub width: Arc<Width>,
    /// Bytes of anonymous memory that the process and its parse children may hold together.
    pub memory_limit: u64,
    pub labelling: Arc<Labelling>,
    /// Of the rules behind `labelling`.
    pub labelling_hash: Hash,
    pub bad_chunk: BadChunk,
    pub batch: Batch,
    pub calls: Calls,
    /// A commit waits so long for a store that is away, or for room on its disk.
    pub store_wait: Duration,
    /// Files to look at; all when none is named (`failures retry` and `verify --repair` name theirs).
    pub only: Option<Arc<std::collections::HashSet<(String, String)>>>,
    pub mode: Mode,
    pub prune: Prune,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("run_id", &self.run_id)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Upper limits of an embedding batch; the embedder's own limits hold as well.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    pub items: Option<usize>,
    pub tokens: Option<usize>,
}

/// How the model is called.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// A chunk waits so long for company before its batch is sent.
    pub linger: Duration,
    /// Failures of a call, while others are answered, after which it is split or given up.
    pub failures_max: u32,
    /// Without an answer for so long, the run ends.
    pub patience: Duration,
    /// Input tokens that the run may spend; none: not limited.
    pub tokens_max: Option<f64>,
    /// Of everything random in flow control.
    pub seed: u64,
}

/// What a chunk that the model refuses costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadChunk {
    /// Itself: a dead letter of its own.
    Skip,
    /// Its document: the old version stays.
    FailDocument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Ingest,
    /// Read, parse and chunk, but embed and store nothing.
    DryRun,
}

/// Whether documents whose source is gone are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    No,
    /// Unless suspiciously many are gone.
    Some,
    All,
}
