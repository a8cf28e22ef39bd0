//! What one group of changes will do to the tables, gathered before anything is sent.
//!
//! Each kind of effect becomes one statement over all documents of the group: over a network a statement for
//! each document would cost a round trip each.

use super::copy::CopyRows;
use super::tokens::Lexemes;
use types::document::Label;
use types::failure::Failure;
use types::ledger::{FileState, Finish, VersionKey};

/// Effects of a group; documents are in it at most once.
#[derive(Debug)]
pub(crate) struct Batch<'c> {
    pub(crate) chunks: CopyRows,
    pub(crate) vectors: CopyRows,
    /// Of the chunk that was encoded last.
    pub(crate) lexemes: Lexemes,
    /// Words that may be new to the store.
    pub(crate) terms: Vec<String>,
    /// Document and version whose rows go at once.
    pub(crate) drop_now: Vec<(i64, i64)>,
    /// Document and version whose rows are left to the sweep.
    pub(crate) drop_later: Vec<(i64, i64)>,
    pub(crate) opened: Vec<Opened<'c>>,
    pub(crate) heads: Vec<Head<'c>>,
    pub(crate) failed: Vec<Failed<'c>>,
    /// Document and run.
    pub(crate) seen: Vec<(i64, i64)>,
    pub(crate) relabelled: Vec<Relabelled<'c>>,
    /// Documents that leave the pairs they are in.
    pub(crate) leave: Vec<i64>,
    pub(crate) enter: Vec<Enter<'c>>,
    /// Document and pair of heads that only got another label.
    pub(crate) labelled: Vec<(i64, i64)>,
    pub(crate) letters: Vec<LetterOp<'c>>,
    pub(crate) forget_rescued: Vec<i64>,
    pub(crate) removed: Vec<i64>,
    /// Source, file and last run of documents that went without their file.
    pub(crate) lost: Vec<(i64, String, i64)>,
    /// Source, file and run.
    pub(crate) noted: Vec<(i64, &'c str, i64)>,
    /// Source, gate and run.
    pub(crate) gates: Vec<(i64, &'c FileState, i64)>,
    pub(crate) removed_files: Vec<(i64, &'c str)>,
}

/// A version that goes on with another segment.
#[derive(Debug)]
pub(crate) struct Opened<'c> {
    pub(crate) place: Place<'c>,
    pub(crate) version: Written,
}

/// A version that becomes the head.
#[derive(Debug)]
pub(crate) struct Head<'c> {
    pub(crate) place: Place<'c>,
    pub(crate) version: Written,
    pub(crate) finish: &'c Finish,
}

/// Where a segment belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'c> {
    pub(crate) document: i64,
    pub(crate) file: &'c str,
    pub(crate) run: i64,
    pub(crate) key: VersionKey,
    /// 1 for the first segment of a version.
    pub(crate) begun: i64,
}

/// What has been written of a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) number: i64,
    /// The next sequence number.
    pub(crate) cursor: u32,
    pub(crate) chunks: i64,
    pub(crate) without_vector: i64,
    pub(crate) length: i64,
    pub(crate) mixed: bool,
}

#[derive(Debug)]
pub(crate) struct Failed<'c> {
    pub(crate) document: i64,
    pub(crate) file: &'c str,
    pub(crate) run: i64,
    pub(crate) key: VersionKey,
}

/// A head that may change its pairs.
#[derive(Debug)]
pub(crate) struct Relabelled<'c> {
    /// Its pair so far.
    pub(crate) was: Option<i64>,
    pub(crate) enter: Enter<'c>,
}

/// A head with chunks that enters the pairs of their labels.
#[derive(Debug)]
pub(crate) struct Enter<'c> {
    pub(crate) document: i64,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) chunks: i64,
    pub(crate) label: &'c Label,
    pub(crate) mixed: bool,
}

/// What happens to dead letters, in this order.
#[derive(Debug)]
pub(crate) enum LetterOp<'c> {
    Put {
        about: About<'c>,
        failure: &'c Failure,
    },
    /// A new head: the document's own letter goes, and those of chunks of other versions.
    Settle {
        source: i64,
        document: String,
        head: i64,
    },
    /// Letters of chunks of a version that was given up.
    ForgetVersion {
        source: i64,
        document: String,
        version: i64,
    },
    ForgetDocument {
        source: i64,
        document: String,
    },
    ForgetFile {
        source: i64,
        file: &'c str,
    },
}

#[derive(Debug)]
pub(crate) struct About<'c> {
    pub(crate) source: i64,
    pub(crate) file: &'c str,
    pub(crate) document: &'c str,
    pub(crate) chunk: Option<u32>,
    /// 0 for a whole document.
    pub(crate) version: i64,
    pub(crate) key: VersionKey,
}

impl Batch<'_> {
    pub(crate) fn new() -> Self {
        Self {
            chunks: CopyRows::new(),
            vectors: CopyRows::new(),
            lexemes: Lexemes::default(),
            terms: Vec::new(),
            drop_now: Vec::new(),
            drop_later: Vec::new(),
            opened: Vec::new(),
            heads: Vec::new(),
            failed: Vec::new(),
            seen: Vec::new(),
            relabelled: Vec::new(),
            leave: Vec::new(),
            enter: Vec::new(),
            labelled: Vec::new(),
            letters: Vec::new(),
            forget_rescued: Vec::new(),
            removed: Vec::new(),
            lost: Vec::new(),
            noted: Vec::new(),
            gates: Vec::new(),
            removed_files: Vec::new(),
        }
    }
}
