//! What was sent lately, and how much of it the server still counts.
//!
//! A server that logs a minute of calls gives capacity back as an echo of what was sent a minute before. Pacing
//! alone runs into it again and again; only the list of sends tells when there is room.

use crate::cost::{Cost, RATES};
use std::collections::VecDeque;

/// Five of the longest windows that providers use (a minute): when a gate opens after a whole one, what was sent in
/// the one before the wall tells the limit, and several refusals together tell how it is counted. At fifteen calls a
/// second refusals are a minute and more apart, and it takes three of them.
const KEPT_SECS: f64 = 310.0;

/// Sends closer than this share an entry, which bounds the ledger at 155,000 entries whatever the rate.
const QUANTUM_SECS: f64 = 0.002;

pub(super) type Amounts = [f64; RATES.len()];

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: f64,
    cost: Amounts,
    refused: Amounts,
}

/// Where the counting of a dimension starts.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    at: f64,
    /// Index of the first entry at or after it.
    first: usize,
    /// Sent since.
    sum: f64,
}

/// Sends of the last five minutes, oldest first, and per dimension the sum of those since a mark.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: VecDeque<Entry>,
    /// Something was sent before the oldest.
    forgets: bool,
    marks: [Mark; RATES.len()],
}

impl Ledger {
    pub(super) fn push(&mut self, at: f64, cost: &Cost) {
        while self.entries.front().is_some_and(|entry| entry.at < at - KEPT_SECS) {
            self.drop_oldest();
        }
        match self.entries.back_mut() {
            Some(last) if at - last.at < QUANTUM_SECS => add(&mut last.cost, &cost.0),
            _ => self.entries.push_back(Entry { at, cost: cost.0, refused: Amounts::default() }),
        }
        let noted = self.entries.back().map_or(at, |last| last.at);
        for (mark, amount) in self.marks.iter_mut().zip(cost.0) {
            if noted >= mark.at {
                mark.sum += amount;
            }
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.forgets = true;
            for (mark, cost) in self.marks.iter_mut().zip(oldest.cost) {
                if mark.first > 0 {
                    mark.first -= 1;
                } else {
                    mark.sum = (mark.sum - cost).max(0.0);
                }
            }
        }
    }

    /// Sets the mark: [`Ledger::used`] counts from here. Cheap when it moves on, a scan when it moves back.
    pub(super) fn mark(&mut self, dimension: usize, at: f64) {
        let mark = &mut self.marks[dimension];
        if at < mark.at {
            mark.first = self.entries.partition_point(|entry| entry.at < at);
            mark.sum = self.entries.range(mark.first..).map(|entry| entry.cost[dimension]).sum();
        }
        while let Some(entry) = self.entries.get(mark.first)
            && entry.at < at
        {
            mark.sum = (mark.sum - entry.cost[dimension]).max(0.0);
            mark.first += 1;
        }
        if mark.first == self.entries.len() {
            mark.sum = 0.0;
        }
        mark.at = at;
    }

    /// Sent since the mark, refused calls included: some servers count them.
    pub(super) fn used(&self, dimension: usize) -> f64 {
        self.marks[dimension].sum
    }

    /// When so much of what was sent since the mark will be older than `length` seconds; none if never.
    pub(super) fn freed_at(&self, dimension: usize, amount: f64, length: f64) -> Option<f64> {
        let mut freed = 0.0;
        for entry in self.entries.range(self.marks[dimension].first..) {
            freed += entry.cost[dimension];
            if freed >= amount {
                return Some(entry.at + length);
            }
        }
        None
    }

    /// The server accepted or charged something else than was noted.
    pub(super) fn adjust(&mut self, sent_at: f64, by: &Amounts) {
        if let Some(index) = self.index(sent_at) {
            for (dimension, change) in by.iter().enumerate() {
                let noted = &mut self.entries[index].cost[dimension];
                let change = change.max(-*noted);
                *noted += change;
                let mark = &mut self.marks[dimension];
                if index >= mark.first {
                    mark.sum = (mark.sum + change).max(0.0);
                }
            }
        }
    }

    pub(super) fn refuse(&mut self, sent_at: f64, cost: &Cost) {
        if let Some(index) = self.index(sent_at) {
            add(&mut self.entries[index].refused, &cost.0);
        }
    }

    /// Accepted (as far as is known) of what was sent in `from..to`.
    pub(super) fn accepted(&self, from: f64, to: f64) -> Amounts {
        let mut sum = Amounts::default();
        let start = self.entries.partition_point(|entry| entry.at < from);
        for entry in self.entries.range(start..).take_while(|entry| entry.at < to) {
            for (index, total) in sum.iter_mut().enumerate() {
                *total += (entry.cost[index] - entry.refused[index]).max(0.0);
            }
        }
        sum
    }

    /// Accepted of what was sent since, and of what shares an entry with that.
    pub(super) fn accepted_after(&self, at: f64) -> Amounts {
        self.accepted(at - QUANTUM_SECS, f64::INFINITY)
    }

    /// Requests refused of those sent at or after a time.
    pub(super) fn refused_since(&self, at: f64) -> f64 {
        let start = self.entries.partition_point(|entry| entry.at < at - QUANTUM_SECS);
        self.entries.range(start..).map(|entry| entry.refused[0]).sum()
    }

    /// When the last of so many requests was sent, counted from a time on.
    pub(super) fn sent_until(&self, from: f64, requests: f64) -> f64 {
        let start = self.entries.partition_point(|entry| entry.at < from);
        let mut sent = 0.0;
        for entry in self.entries.range(start..) {
            sent += entry.cost[0];
            if sent >= requests {
                return entry.at;
            }
        }
        from
    }

    /// When the last call was sent.
    pub(super) fn last_sent(&self) -> Option<f64> {
        self.entries.back().map(|entry| entry.at)
    }

    /// First send at or after a time.
    pub(super) fn first_since(&self, at: f64) -> Option<f64> {
        let index = self.entries.partition_point(|entry| entry.at < at);
        self.entries.get(index).map(|entry| entry.at)
    }

    /// What was accepted of one dimension, for many questions at once.
    pub(super) fn history(&self, dimension: usize) -> History {
        let begins = match self.entries.front() {
            Some(first) if self.forgets => first.at,
            _ => f64::NEG_INFINITY,
        };
        let mut sent = History { begins, times: Vec::new(), sums: vec![0.0] };
        let mut sum = 0.0;
        for entry in &self.entries {
            let accepted = (entry.cost[dimension] - entry.refused[dimension]).max(0.0);
            if accepted > 0.0 {
                sum += accepted;
                sent.times.push(entry.at);
                sent.sums.push(sum);
            }
        }
        sent
    }

    fn index(&self, sent_at: f64) -> Option<usize> {
        self.entries.partition_point(|entry| entry.at <= sent_at).checked_sub(1)
    }
}

/// What was accepted of one dimension, and when it was sent.
#[derive(Debug)]
pub(super) struct History {
    begins: f64,
    times: Vec<f64>,
    /// Of all before; one more than times.
    sums: Vec<f64>,
}

impl History {
    /// All that was sent since is known: from the very first call on nothing was sent before.
    pub(super) fn begins(&self) -> f64 {
        self.begins
    }

    /// Sent in `from..to`.
    pub(super) fn within(&self, from: f64, to: f64) -> f64 {
        let index = |at: f64| self.times.partition_point(|time| *time < at);
        self.sums[index(to)] - self.sums[index(from)]
    }

    /// The most in any `length` seconds that ended at or after `since`.
    pub(super) fn most_within(&self, since: f64, length: f64) -> f64 {
        let first = self.times.partition_point(|time| *time < since);
        let mut begun = 0;
        let mut most = 0.0f64;
        for index in first..self.times.len() {
            while self.times[begun] <= self.times[index] - length {
                begun += 1;
            }
            most = most.max(self.sums[index + 1] - self.sums[begun]);
        }
        most
    }
}

fn add(sum: &mut Amounts, more: &Amounts) {
    for (total, amount) in sum.iter_mut().zip(more) {
        *total += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(times: &[f64]) -> Ledger {
        let mut ledger = Ledger::default();
        for at in times {
            ledger.push(*at, &Cost::request(10.0, 2.0));
        }
        ledger
    }

    #[test]
    fn what_is_before_the_mark_is_not_counted() {
        let mut ledger = ledger(&[0.0, 1.0, 2.0, 3.0]);
        ledger.mark(0, 1.5);
        assert!((ledger.used(0) - 2.0).abs() < 1e-9);
        assert!((ledger.used(1) - 40.0).abs() < 1e-9, "each dimension has its own mark");
        ledger.mark(0, 0.5);
        assert!((ledger.used(0) - 3.0).abs() < 1e-9, "a mark may move back");
    }

    #[test]
    fn capacity_comes_back_as_an_echo() {
        let mut ledger = ledger(&[0.0, 1.0, 2.0]);
        ledger.mark(0, 0.5);
        assert_eq!(ledger.freed_at(0, 1.0, 60.0), Some(61.0));
        assert_eq!(ledger.freed_at(0, 2.0, 60.0), Some(62.0));
        assert_eq!(ledger.freed_at(0, 3.0, 60.0), None);
    }

    #[test]
    fn a_refused_call_stays_in_use_but_was_not_accepted() {
        let mut ledger = ledger(&[0.0, 1.0]);
        ledger.refuse(1.0, &Cost::request(10.0, 2.0));
        assert!((ledger.used(0) - 2.0).abs() < 1e-9);
        assert!((ledger.accepted(0.0, 5.0)[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn settling_changes_what_is_in_use() {
        let mut ledger = ledger(&[0.0, 1.0]);
        ledger.adjust(1.0, &[0.0, 25.0, 0.0, 0.0]);
        assert!((ledger.used(1) - 45.0).abs() < 1e-9);
        ledger.mark(1, 1.0);
        assert!((ledger.used(1) - 35.0).abs() < 1e-9);
    }

    #[test]
    fn the_ledger_is_bounded_and_forgets_what_is_old() {
        let mut ledger = Ledger::default();
        for step in 0..200_000 {
            ledger.push(f64::from(step) * 0.002, &Cost::request(1.0, 1.0));
        }
        assert!(ledger.entries.len() <= 155_002, "{}", ledger.entries.len());
        let kept: f64 = ledger.entries.iter().map(|entry| entry.cost[0]).sum();
        assert!((ledger.used(0) - kept).abs() < 1e-6);
    }
}
