//! What the parsers hand on.

use flow::memory::Leased;
use std::sync::Arc;
use types::document::Label;
use types::embedding::Embedding;
use types::failure::Failure;
use types::ledger::{DocumentId, FileState, Finish, SourceId, VersionKey};
use types::record::Chunk;

/// A document on its way.
#[derive(Debug)]
pub(crate) struct DocumentRef {
    /// Unique in this run.
    pub ticket: u64,
    pub source: SourceId,
    pub file: String,
    pub name: String,
    pub key: VersionKey,
    /// Chunks before this one are in the store already.
    pub first: u32,
}

/// In the order in which a file is read. Steps of one document keep their order.
#[derive(Debug)]
pub(crate) enum Step {
    Begin(Arc<DocumentRef>),
    Chunk(Arc<DocumentRef>, Leased<Chunk>, Routed),
    End(Arc<DocumentRef>, Ending),
    /// The documents are still in their file, as the store has them.
    Seen(Vec<DocumentId>),
    Relabel {
        document: DocumentId,
        label: Label,
    },
    /// Nothing more comes from this file. Its gate is written when all its documents are.
    File(Arc<FileRef>, FileState),
}

/// Whose a chunk is.
#[derive(Debug)]
pub(crate) struct Routed {
    /// Index of its model.
    pub model: usize,
    /// That the store had of this text in this model.
    pub vector: Option<Embedding>,
}

#[derive(Debug)]
pub(crate) struct FileRef {
    pub source: SourceId,
    pub name: String,
}

#[derive(Debug)]
pub(crate) enum Ending {
    Finished(Finish),
    /// Read to some point, then lost: what there is becomes the version, and the loss is listed.
    Flawed(Finish, Failure),
    Failed(Failure),
    /// The run was interrupted inside the document: committed chunks wait for the next run.
    Abandoned,
}
