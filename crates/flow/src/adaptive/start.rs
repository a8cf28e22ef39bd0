//! The ramp before the first refusal.
//!
//! What a wall costs is the number of calls that reach it before its first refusal is heard: the rate times the
//! time of a refusal. So the rate grows with what has succeeded, and the cost stays a fixed share of it.

/// Calls in the time of a refusal, to begin with: one is lost at a wall that comes at once.
const CALLS: f64 = 1.0;

/// And so many more for each success: what the first wall costs, as a share of what has succeeded.
const SHARE: f64 = 0.015;

/// Seconds until a refusal comes back, unless answers come sooner: a refusal is no more work than an answer.
const REFUSAL_SECS: f64 = 0.1;

/// Nothing comes back sooner than this, whatever a clock says.
const REFUSAL_SECS_MIN: f64 = 0.0005;

/// Calls that may start together.
const BURST: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Start {
    successes: f64,
    /// Smoothed; none before the first answer. The fastest of many answers is no measure: latencies may spread widely.
    answer_secs: Option<f64>,
    due: f64,
    over: bool,
}

impl Start {
    pub(super) fn new() -> Self {
        Self { successes: 0.0, answer_secs: None, due: f64::NEG_INFINITY, over: false }
    }

    /// When the next call may start.
    pub(super) fn next(&self, now: f64) -> f64 {
        if self.over { now } else { self.due.max(now) }
    }

    /// An answer came after so many seconds.
    pub(super) fn succeeded(&mut self, secs: f64) {
        self.successes += 1.0;
        let secs = secs.max(REFUSAL_SECS_MIN);
        self.answer_secs =
            Some(self.answer_secs.map_or(secs, |old| 0.9f64.mul_add(old, 0.1 * secs)));
    }

    /// At which a wall costs no more than its share of what has succeeded.
    pub(super) fn calls_per_sec(&self) -> f64 {
        SHARE.mul_add(self.successes, CALLS)
            / self.answer_secs.map_or(REFUSAL_SECS, |secs| secs.min(REFUSAL_SECS))
    }

    pub(super) fn sent(&mut self, now: f64) {
        let gap = 1.0 / self.calls_per_sec();
        self.due = self.due.max(now - (BURST - 1.0) * gap) + gap;
    }

    /// A limit is known.
    pub(super) fn end(&mut self) {
        self.over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that may start within a second, each answered after `secs`.
    fn started(secs: f64) -> u32 {
        let mut start = Start::new();
        let (mut now, mut calls) = (0.0, 0);
        loop {
            now = start.next(now);
            if now > 1.0 {
                return calls;
            }
            start.sent(now);
            start.succeeded(secs);
            calls += 1;
        }
    }

    #[test]
    fn the_ramp_is_as_fast_as_answers_come() {
        assert!(started(0.002) > 20 * started(0.4), "{} {}", started(0.002), started(0.4));
    }

    #[test]
    fn slow_answers_do_not_slow_the_ramp() {
        assert_eq!(started(0.1), started(2.0));
    }

    #[test]
    fn one_fast_answer_among_many_does_not_speed_the_ramp() {
        let mut start = Start::new();
        (0..100).for_each(|_| start.succeeded(0.1));
        let before = start.calls_per_sec();
        start.succeeded(0.01);
        assert!(start.calls_per_sec() < 1.2 * before, "{before} {}", start.calls_per_sec());
    }
}
