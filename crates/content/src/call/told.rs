//! What a line tells of itself, to whoever looks at it from outside.

use flow::dispatch::Counts;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use types::error_kind::ErrorKind;
use types::seam::llm::CallError;

/// A provider that gives no answer.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// When the first of the calls ended without one, or when something else was answered last.
    pub since: Instant,
    /// Of the last call.
    pub error: CallError,
}

#[derive(Default)]
pub(super) struct Told {
    counts: Mutex<Counts>,
    tokens_out: AtomicU64,
    /// Why nothing more is sent.
    halted: Mutex<Option<CallError>>,
    trouble: Mutex<Option<Trouble>>,
    heard_at: Mutex<Option<Instant>>,
}

impl Told {
    pub(super) fn halted(&self) -> Option<CallError> {
        locked(&self.halted).clone()
    }

    pub(super) fn ended(&self) -> CallError {
        self.halted().unwrap_or_else(|| CallError {
            kind: ErrorKind::Internal,
            message: "the line to the provider has ended".to_owned(),
            hint: "this is a defect of gristmill: please report it".to_owned(),
            quota: quota::Hint::default(),
        })
    }

    pub(super) fn counts(&self) -> Counts {
        *locked(&self.counts)
    }

    pub(super) fn tokens_out(&self) -> u64 {
        self.tokens_out.load(Ordering::Relaxed)
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        locked(&self.trouble).clone()
    }

    pub(super) fn resume(&self) {
        *locked(&self.halted) = None;
    }

    pub(super) fn count(&self, counts: Counts) {
        *locked(&self.counts) = counts;
    }

    pub(super) fn halt(&self, error: CallError) {
        *locked(&self.halted) = Some(error);
    }

    pub(super) fn wrote(&self, tokens: u64) {
        self.tokens_out.fetch_add(tokens, Ordering::Relaxed);
    }

    /// The provider is there, whatever it has said.
    pub(super) fn heard(&self) {
        *locked(&self.trouble) = None;
        *locked(&self.heard_at) = Some(Instant::now());
    }

    pub(super) fn heard_at(&self) -> Option<Instant> {
        *locked(&self.heard_at)
    }

    pub(super) fn failed(&self, error: &CallError) {
        if matches!(
            error.kind,
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::TooManyRequests
        ) {
            let mut trouble = locked(&self.trouble);
            let since = trouble.as_ref().map_or_else(Instant::now, |known| known.since);
            *trouble = Some(Trouble { since, error: error.clone() });
        } else {
            self.heard();
        }
    }
}

/// Each change is one assignment, so that a panic leaves nothing half done.
fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
