//! One limit group that several lines send to.
//!
//! A provider counts what comes with one key, whether it asks for vectors or for text. So the policy is one object,
//! and each line has a [`Member`] of it, which is a policy to that line: calls under way are those of all, a refusal to
//! one closes the gate for all, and a result of one wakes the others.

#[cfg(test)]
mod tests;

use crate::cost::Cost;
use crate::policy::{Admission, Attempt, Changes, Outcome, Policy, Reading, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// What a provider counts together. Clones share it.
#[derive(Debug, Clone)]
pub struct Group {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// Where the group's clock begins. Lines have clocks of their own, which begin with them.
    epoch: Instant,
}

#[derive(Debug)]
struct State {
    policy: Box<dyn Policy>,
    in_flight: usize,
    attempts: u64,
    latest: f64,
}

/// What of a call's cost the provider counts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    All,
    /// The other amounts are the line's own, such as bytes.
    Requests,
}

/// The group as the policy of one line.
#[derive(Debug)]
pub struct Member {
    shared: Arc<Shared>,
    counted: Counted,
    /// Calls of this line at once.
    width: usize,
    /// What the line's clock is behind the group's; none before the first question.
    behind: Option<f64>,
    /// Attempts under way by their number in the line, as the group knows them.
    open: HashMap<u64, Attempt>,
}

impl Group {
    pub fn new(policy: Box<dyn Policy>) -> Self {
        let state = State { policy, in_flight: 0, attempts: 0, latest: 0.0 };
        let changes = watch::Sender::new(0);
        let epoch = Instant::now();
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changes, epoch }) }
    }

    pub fn member(&self, counted: Counted) -> Member {
        let shared = Arc::clone(&self.shared);
        Member { shared, counted, width: usize::MAX, behind: None, open: HashMap::new() }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A policy that panicked has panicked in the middle of a decision; the next one is its own.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        let mut state = self.lock();
        let now = state.at(now);
        state.in_flight -= 1;
        state.policy.on_result(now, attempt, outcome);
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }
}

impl State {
    /// The clocks of lines differ by what passes between two looks at them; a policy's time never goes back.
    fn at(&mut self, now: f64) -> f64 {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Member {
    /// No more calls of this line at once, whatever the group has room for.
    #[must_use]
    pub fn at_most(mut self, width: usize) -> Self {
        self.width = width.max(1);
        self
    }

    fn behind(&mut self, now: f64) -> f64 {
        let epoch = self.shared.epoch;
        *self.behind.get_or_insert_with(|| epoch.elapsed().as_secs_f64() - now)
    }

    fn cost(&self, cost: &Cost) -> Cost {
        match self.counted {
            Counted::All => *cost,
            Counted::Requests => Cost([cost.0[0], 0.0, 0.0, 0.0]),
        }
    }
}

impl Policy for Member {
    fn can_send(&mut self, now: f64, cost: &Cost, _in_flight: usize) -> Admission {
        if self.open.len() >= self.width {
            return Admission::Wait;
        }
        let behind = self.behind(now);
        let mut state = self.shared.lock();
        let now = state.at(now + behind);
        let in_flight = state.in_flight;
        match state.policy.can_send(now, &self.cost(cost), in_flight) {
            Admission::NotBefore(at) => Admission::NotBefore(at - behind),
            other => other,
        }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        let behind = self.behind(attempt.sent_at);
        let mut state = self.shared.lock();
        state.in_flight += 1;
        state.attempts += 1;
        let known = Attempt {
            id: state.attempts,
            sent_at: state.at(attempt.sent_at + behind),
            cost: self.cost(&attempt.cost),
            in_flight: state.in_flight,
        };
        state.policy.on_sent(&known);
        drop(state);
        self.open.insert(attempt.id, known);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        let now = now + self.behind(now);
        let Some(known) = self.open.remove(&attempt.id) else { return };
        let usage = outcome.usage.map(|usage| self.cost(&usage));
        self.shared.ended(now, &known, &Outcome { usage, ..outcome.clone() });
    }

    fn reading(&self) -> Reading {
        let reading = self.shared.lock().policy.reading();
        let behind = self.behind.unwrap_or(0.0);
        Reading { closed_until: reading.closed_until.map(|at| at - behind), ..reading }
    }

    fn changes(&self) -> Option<Changes> {
        Some(self.shared.changes.subscribe())
    }
}

impl Drop for Member {
    /// A line that is given up gives back the places of its calls; nobody knows what became of them.
    fn drop(&mut self) {
        let now = self.shared.epoch.elapsed().as_secs_f64();
        for attempt in self.open.values() {
            self.shared.ended(now, attempt, &Outcome::plain(Verdict::Failed));
        }
    }
}
