//! The ramp before the first refusal.
//!
//! What a wall costs is the number of calls that reach it before its first refusal is heard: the rate times the
//! time of a refusal. So the rate grows with what has succeeded, and the cost stays a fixed share of it.

/// Calls per second, to begin with: two are under way to the wall when a refusal comes back in 0.1 s.
const RATE: f64 = 16.0;

/// Grows by this per second for each success: a refusal time of 0.1 s costs 1.5 % of what has succeeded.
const GROWTH: f64 = 0.15;

/// Calls that may start together.
const BURST: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Start {
    successes: f64,
    due: f64,
    over: bool,
}

impl Start {
    pub(super) fn new() -> Self {
        Self { successes: 0.0, due: f64::NEG_INFINITY, over: false }
    }

    /// When the next call may start.
    pub(super) fn next(&self, now: f64) -> f64 {
        if self.over { now } else { self.due.max(now) }
    }

    pub(super) fn succeeded(&mut self) {
        self.successes += 1.0;
    }

    pub(super) fn sent(&mut self, now: f64) {
        let gap = 1.0 / GROWTH.mul_add(self.successes, RATE);
        self.due = self.due.max(now - (BURST - 1.0) * gap) + gap;
    }

    /// A limit is known.
    pub(super) fn end(&mut self) {
        self.over = true;
    }
}
