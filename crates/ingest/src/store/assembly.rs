//! One document's records, put back in order.

use crate::parse::step::DocumentRef;
use crate::settings::BadChunk;
use flow::memory::{Lease, Leased};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::failure::Failure;
use types::ledger::{Finish, Segment};
use types::record::{Record, Vector};

/// Chunks of one segment: what a crash may cost at most.
const SEGMENT_CHUNKS: usize = 200;
/// A segment of long chunks closes earlier, so that documents in progress hold little memory.
const SEGMENT_BYTES: usize = 1 << 20;

pub(super) struct Assembly {
    pub document: Arc<DocumentRef>,
    /// Why the first refused chunk was refused.
    pub refused: Option<Failure>,
    /// Every refusal, for the run's result.
    pub flaws: Vec<Failure>,
    /// Sequence number that the next segment begins with.
    first: u32,
    /// Next sequence number that is wanted.
    next: u32,
    early: BTreeMap<u32, Leased<Record>>,
    ready: Vec<Leased<Record>>,
    ready_bytes: usize,
    end: Option<(Finish, Option<Failure>)>,
}

/// A segment with the leases of its records.
pub(super) struct LeasedSegment {
    pub segment: Segment,
    pub leases: Vec<Lease>,
    pub bytes: usize,
}

impl Assembly {
    pub(super) fn new(document: Arc<DocumentRef>) -> Self {
        let first = document.first;
        Self {
            document,
            refused: None,
            flaws: Vec::new(),
            first,
            next: first,
            early: BTreeMap::new(),
            ready: Vec::new(),
            ready_bytes: 0,
            end: None,
        }
    }

    pub(super) fn add(&mut self, record: Leased<Record>) {
        if let Vector::Refused(failure) = &record.value.vector {
            self.flaws.push(failure.clone());
            self.refused.get_or_insert_with(|| failure.clone());
        }
        self.early.insert(record.value.chunk.seq, record);
        while let Some(record) = self.early.remove(&self.next) {
            self.next += 1;
            self.ready_bytes += record.value.bytes();
            self.ready.push(record);
        }
    }

    pub(super) fn ends(&mut self, finish: Finish, loss: Option<Failure>) {
        self.end = Some((finish, loss));
    }

    pub(super) fn ending(&mut self) -> (Option<Finish>, Option<Failure>) {
        self.end.take().map_or((None, None), |(finish, loss)| (Some(finish), loss))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.end.as_ref().is_some_and(|(finish, _)| finish.total == self.next)
    }

    pub(super) fn is_long(&self) -> bool {
        self.ready.len() >= SEGMENT_CHUNKS || self.ready_bytes >= SEGMENT_BYTES
    }

    /// Some of it is in the store, as an open version.
    pub(super) fn is_begun(&self) -> bool {
        self.first > 0
    }

    pub(super) fn has_segment(&self) -> bool {
        !self.ready.is_empty()
    }

    /// No refusal yet that costs the whole document.
    pub(super) fn tolerates(&self, policy: BadChunk) -> bool {
        policy == BadChunk::Skip || self.refused.is_none()
    }

    /// What is ready, as the next segment.
    pub(super) fn segment(&mut self, run: i64, finish: Option<Finish>) -> LeasedSegment {
        let (records, leases): (Vec<Record>, Vec<Lease>) =
            self.ready.drain(..).map(|leased| (leased.value, leased.lease)).unzip();
        let segment = Segment {
            source: self.document.source,
            file: self.document.file.clone(),
            name: self.document.name.clone(),
            key: self.document.key,
            run,
            first: self.first,
            records,
            finish,
        };
        self.first = self.next;
        LeasedSegment { segment, leases, bytes: std::mem::take(&mut self.ready_bytes) }
    }
}
