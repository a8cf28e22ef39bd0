//! Events by time, and by their order of birth where times are equal.

use crate::client::Call;
use flow::policy::Outcome;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

#[derive(Debug)]
pub(super) enum Event {
    /// A client wanted to be asked again.
    Wake { worker: usize },
    /// A call reached the provider.
    Arrived { worker: usize, call: Call },
    /// The provider is done with an admitted call.
    Served,
    /// A reply reached its client.
    Replied { worker: usize, call: Call, outcome: Outcome },
    /// Time to note how things stand.
    Sample,
}

impl Event {
    /// Whose machine must run for it.
    pub(super) fn worker(&self) -> Option<usize> {
        match self {
            Self::Wake { worker } | Self::Replied { worker, .. } => Some(*worker),
            Self::Arrived { .. } | Self::Served | Self::Sample => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Events {
    heap: BinaryHeap<Timed>,
    born: u64,
}

impl Events {
    pub(super) fn push(&mut self, at: f64, event: Event) {
        self.born += 1;
        self.heap.push(Timed { at, born: self.born, event });
    }

    pub(super) fn pop(&mut self) -> Option<(f64, Event)> {
        self.heap.pop().map(|timed| (timed.at, timed.event))
    }
}

#[derive(Debug)]
struct Timed {
    at: f64,
    born: u64,
    event: Event,
}

impl Ord for Timed {
    /// The heap gives the greatest first: the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.born.cmp(&self.born))
    }
}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timed {}
