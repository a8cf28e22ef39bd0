//! Group commit: changes wait for each other, and share one transaction.

use super::assembly::LeasedSegment;
use crate::outcome::RunError;
use crate::run::Context;
use flow::memory::Lease;
use std::time::{Duration, Instant};
use types::ledger::Change;

/// A transaction of so many chunks costs 1.8 syncs at most and little memory (measured with `SQLite`).
const BATCH_CHUNKS: usize = 1000;
const BATCH_BYTES: usize = 4 << 20;
/// Changes without chunks (gates, unchanged documents) are small.
const BATCH_CHANGES: usize = 4000;
/// Nothing waits longer, even while more keeps coming: a crash costs what was not committed, and vectors of a
/// provider were paid for. A full batch comes sooner than this wherever vectors cost nothing.
const AGE_MAX: Duration = Duration::from_millis(100);

pub(super) struct Committer<'s, 'c> {
    cx: &'s Context<'c>,
    changes: Vec<Change>,
    leases: Vec<Lease>,
    chunks: usize,
    bytes: usize,
    oldest: Option<Instant>,
}

impl<'s, 'c> Committer<'s, 'c> {
    pub(super) fn new(cx: &'s Context<'c>) -> Self {
        Self { cx, changes: Vec::new(), leases: Vec::new(), chunks: 0, bytes: 0, oldest: None }
    }

    pub(super) fn add(&mut self, change: Change) -> Result<(), RunError> {
        self.changes.push(change);
        self.oldest.get_or_insert_with(Instant::now);
        let full = self.chunks >= BATCH_CHUNKS
            || self.bytes >= BATCH_BYTES
            || self.changes.len() >= BATCH_CHANGES;
        if full { self.flush() } else { self.flush_aged() }
    }

    /// Commits what has waited long enough.
    pub(super) fn flush_aged(&mut self) -> Result<(), RunError> {
        let aged = self.oldest.is_some_and(|oldest| oldest.elapsed() >= AGE_MAX);
        if aged { self.flush() } else { Ok(()) }
    }

    pub(super) fn add_segment(&mut self, segment: LeasedSegment) -> Result<(), RunError> {
        self.chunks += segment.segment.records.len();
        self.bytes += segment.bytes;
        self.leases.extend(segment.leases);
        self.add(Change::Segment(segment.segment))
    }

    pub(super) fn flush(&mut self) -> Result<(), RunError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let applied = self.cx.room().write(|| self.cx.parts.store.apply(&self.changes))?;
        self.changes.clear();
        self.cx.progress.store.add(self.chunks as u64, started.elapsed());
        self.leases.clear();
        (self.chunks, self.bytes, self.oldest) = (0, 0, None);
        for applied in applied {
            if applied.lost {
                return Err(RunError::fenced_out());
            }
            self.cx.progress.chunks_written.add(applied.written);
            self.cx.progress.chunks_removed.add(applied.removed);
        }
        Ok(())
    }
}
