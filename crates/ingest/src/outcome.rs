//! What a run did.

use crate::progress::{Calls, Progress};
use flow::meter::Reading;
use std::time::Duration;
use types::error_kind::ErrorKind;
use types::failure::{Failure, FailureClass};

/// The end of a run that could work.
#[derive(Debug)]
pub struct Outcome {
    pub documents: Documents,
    pub chunks: Chunks,
    pub plan: Plan,
    /// First failures, at most [`FAILURES_LISTED_MAX`]; all are in the store.
    pub failures: Vec<(String, Failure)>,
    pub stages: Vec<(&'static str, Reading)>,
    /// Calls to the model.
    pub calls: Calls,
    pub took: Duration,
    pub end: End,
    /// Number of the run in the store.
    pub run: i64,
}

/// A run keeps this many failures in memory for its result.
pub const FAILURES_LISTED_MAX: usize = 1000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Documents {
    pub seen: u64,
    pub ingested: u64,
    pub unchanged: u64,
    pub removed: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chunks {
    pub written: u64,
    pub embedded: u64,
    pub reused: u64,
    pub removed: u64,
    pub without_vector: u64,
}

/// What a dry run found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub removed: u64,
    /// To embed.
    pub chunks: u64,
    pub tokens: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Everything in the sources was looked at.
    Complete,
    /// Stopped by the user after a clean drain.
    Interrupted,
    /// Complete, but removing so much needs the user's word.
    PruneRefused { gone: u64, of: u64 },
}

/// The run could not go on; what was committed is kept.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    pub class: FailureClass,
    pub message: String,
    pub hint: String,
}

impl RunError {
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            class: FailureClass::Internal,
            message: message.into(),
            hint: "this is a fault of gristmill: please report it with the output of -v".into(),
        }
    }
}

/// The class of a model's error, for the run or for the chunk that it ends.
pub fn class_of(kind: ErrorKind) -> FailureClass {
    match kind {
        ErrorKind::Denied | ErrorKind::NotFound => FailureClass::Denied,
        ErrorKind::QuotaExhausted | ErrorKind::TooManyRequests => FailureClass::Quota,
        ErrorKind::Timeout | ErrorKind::Unavailable => FailureClass::Timeout,
        ErrorKind::InvalidInput => FailureClass::BadItem,
        ErrorKind::TooLarge => FailureClass::TooLarge,
        ErrorKind::Conflict | ErrorKind::Internal => FailureClass::Internal,
    }
}

impl RunError {
    /// Another process has what this run was writing.
    pub(crate) fn fenced_out() -> Self {
        Self {
            class: FailureClass::Internal,
            message: "another process wrote to the same documents of the store".into(),
            hint: "let one run at a time write to a store, then run again: nothing is lost".into(),
        }
    }

    /// Names and members that are too many for memory wait in a temporary file.
    pub(crate) fn of_spool(error: &std::io::Error) -> Self {
        let class = if error.kind() == std::io::ErrorKind::StorageFull {
            FailureClass::DiskFull
        } else {
            FailureClass::Internal
        };
        Self {
            class,
            message: format!("cannot use a temporary file: {error}"),
            hint: "make room in the folder for temporary files, or set TMPDIR to another disk"
                .into(),
        }
    }
}

impl From<types::seam::StoreError> for RunError {
    fn from(error: types::seam::StoreError) -> Self {
        Self { class: error.class(), message: error.message, hint: error.hint }
    }
}

impl From<types::seam::SourceError> for RunError {
    fn from(error: types::seam::SourceError) -> Self {
        Self { class: FailureClass::BadDocument, message: error.message, hint: error.hint }
    }
}

impl Outcome {
    pub(crate) fn of(progress: &Progress, took: Duration, end: End, run: i64) -> Self {
        Self {
            documents: progress.documents(),
            chunks: progress.chunks(),
            plan: progress.plan(),
            failures: progress.failures(),
            stages: progress.stages(),
            calls: progress.calls(),
            took,
            end,
            run,
        }
    }
}
