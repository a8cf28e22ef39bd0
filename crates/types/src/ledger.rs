//! What the store knows of files and documents, and the changes that one transaction applies.
//!
//! A *file* is one entry of a source's listing; it yields one document, or many (archive members, items of
//! JSON, JSON Lines and CSV). A *document* has versions; readers see its head version only.

use crate::document::{Hash, Label, OwnLabel};
use crate::failure::Failure;
use crate::record::Record;
use crate::seam::ModelNumber;

/// Row id of a source (a SOURCE argument's absolute form) in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub i64);

/// Row id of a document in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub i64);

/// What a version was made of; equal keys give equal chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionKey {
    /// Of the raw bytes.
    pub content: Hash,
    /// Of parser, chunker, model and their settings.
    pub pipeline: Hash,
}

/// The gate of one file: while all of this is unchanged the file is not even opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Path below the source.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970; 0 when it may not be trusted (too fresh when read).
    pub modified_ns: i64,
    pub pipeline: Hash,
    /// Of flags and rules that give labels.
    pub labelling: Hash,
    /// Documents of this file that are in, or unchanged.
    pub documents: u32,
    /// Documents of this file that are dead letters.
    pub failed: u32,
    /// Documents in the store that the file no longer holds; only `--prune` removes them.
    pub stale: u32,
}

impl FileState {
    /// The size of no file: a store gives it for a gate that it has taken.
    pub const SIZE_TAKEN: u64 = u64::MAX;

    /// Repair or retry wants the next run to open the file whatever it looks like.
    pub fn is_taken(&self) -> bool {
        self.size == Self::SIZE_TAKEN
    }
}

/// What the store knows of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentState {
    pub id: DocumentId,
    pub name: String,
    /// Key of the head version; none while nothing is visible.
    pub head: Option<VersionKey>,
    /// A version that is being written: the next sequence number wanted.
    pub open: Option<(VersionKey, u32)>,
    /// Key of the last version that became a dead letter, unless `failures retry` asks for it again.
    pub failed: Option<VersionKey>,
    pub label: Label,
    /// The document's own label, as its record said it.
    pub own: OwnLabel,
    /// Some chunk has a label of its own, so that new rules need a new parse.
    pub mixed: bool,
    /// Chunks of the head version.
    pub chunks: u32,
}

/// One change; a transaction applies several.
#[derive(Debug)]
pub enum Change {
    /// Up to a segment of a document's chunks.
    Segment(Segment),
    /// A document that could not be read, parsed or embedded. Its head version stays as it is.
    Failed(FailedDocument),
    /// Still in its file with the same content.
    Seen { document: DocumentId, run: i64 },
    /// Same content, other rules. Touches no chunk.
    Relabel { document: DocumentId, label: Label },
    /// All documents of the file are done: the next run may trust its gate. Documents of the file that were
    /// neither written nor seen by run `run` become stale.
    File { source: SourceId, state: FileState, run: i64 },
    /// The document's source is gone.
    Remove { document: DocumentId },
    /// The file is gone, with all its documents.
    RemoveFile { source: SourceId, name: String },
}

/// Consecutive chunks of one version. A document that fits one segment is replaced whole in one transaction;
/// a longer one grows invisibly and its last segment makes it the head.
#[derive(Debug)]
pub struct Segment {
    pub source: SourceId,
    /// Entry of the listing that the document came from.
    pub file: String,
    /// The document's name, unique in its source.
    pub name: String,
    pub key: VersionKey,
    pub run: i64,
    /// Sequence number of the first record. 0 drops an open version of another key.
    pub first: u32,
    /// Consecutive; refused ones are among them.
    pub records: Vec<Record>,
    /// Present in the last segment.
    pub finish: Option<Finish>,
}

/// What is known once a document has been read to its end.
#[derive(Debug, Clone)]
pub struct Finish {
    /// Sequence numbers used, refused chunks included.
    pub total: u32,
    pub title: Option<String>,
    pub label: Label,
    pub own: OwnLabel,
    /// What the document's metadata says, added to every entry by consolidation; a JSON object.
    pub metadata: crate::block::Metadata,
    /// Damage inside the document, shown in `failures`.
    pub warnings: Vec<String>,
}

#[derive(Debug)]
pub struct FailedDocument {
    pub source: SourceId,
    pub file: String,
    pub name: String,
    pub key: VersionKey,
    pub run: i64,
    pub failure: Failure,
}

/// What one change did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Chunks that are new in the store.
    pub written: u64,
    /// Chunks that went or will be swept.
    pub removed: u64,
    /// Dead letters that refused chunks became.
    pub refused: u64,
    /// Another run holds the document, or its open version is not at `first`: the change was dropped.
    pub lost: bool,
}

/// A listed failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: i64,
    /// Name of its source.
    pub source: String,
    pub file: String,
    pub document: String,
    /// Sequence number, when a single chunk was refused.
    pub chunk: Option<u32>,
    pub failure: Failure,
    pub attempts: u32,
    /// Seconds since 1970.
    pub first_at: i64,
    pub last_at: i64,
}

/// One domain and category with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairState {
    pub label: Label,
    /// Raised whenever anything in the pair changes.
    pub revision: i64,
}

/// One line of a consolidated file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub id: [u8; 16],
    pub text: String,
    /// The document's title, else the stem of its name.
    pub source_book: String,
    pub source_chapter: Option<String>,
    pub page: Option<u32>,
    pub weight: f32,
    /// A JSON object.
    pub metadata: String,
    pub document: String,
    /// Little-endian f32; none for a chunk without a vector, or when not asked for.
    pub embedding: Option<Vec<f32>>,
    /// Of the embedding.
    pub model: ModelNumber,
}

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Short name of the invariant, such as `chunk_count`.
    pub invariant: &'static str,
    /// Document, file or table.
    pub subject: String,
    pub message: String,
    /// Repair needs the document to be parsed again.
    pub needs_ingest: bool,
}
