//! Netflix's Vegas: the limit keeps a small queue at the server, estimated from the growth of the round trip.
//!
//! Source: Netflix concurrency-limits, `VegasLimit` with its defaults, after Brakmo and Peterson, "TCP Vegas" (1995).
//! Round trips are those of answers: a refusal comes back at once and would pass for an idle server.

use super::pool::Pool;
use fastrand::Rng;
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};

const START: f64 = 20.0;
const MAX: f64 = 1000.0;
/// The idle round trip is measured anew every so many calls per slot, times a random half to one.
const PROBE_EVERY: f64 = 30.0;

#[derive(Debug)]
pub struct Vegas {
    pool: Pool,
    random: Rng,
    limit: f64,
    /// Round trip of an idle server in seconds; none yet.
    idle: Option<f64>,
    calls: f64,
    jitter: f64,
}

impl Vegas {
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let jitter = jitter(&mut random);
        Self {
            pool: Pool::new(random.u64(..)),
            random,
            limit: START,
            idle: None,
            calls: 0.0,
            jitter,
        }
    }

    fn on_answer(&mut self, round_trip: f64, in_flight: usize) {
        self.calls += 1.0;
        if self.calls >= self.jitter * PROBE_EVERY * self.limit {
            self.calls = 0.0;
            self.jitter = jitter(&mut self.random);
            self.idle = Some(round_trip);
            return;
        }
        let Some(idle) = self.idle.filter(|idle| round_trip >= *idle) else {
            self.idle = Some(round_trip);
            return;
        };
        if 2 * in_flight < self.limit as usize {
            return;
        }
        let step = step(self.limit);
        let queue = (self.limit * (1.0 - idle / round_trip)).ceil();
        if queue <= step {
            self.shift(6.0 * step);
        } else if queue < 3.0 * step {
            self.shift(step);
        } else if queue > 6.0 * step {
            self.shift(-step);
        }
    }

    fn shift(&mut self, by: f64) {
        self.limit = (self.limit + by).clamp(1.0, MAX);
    }
}

fn jitter(random: &mut Rng) -> f64 {
    0.5 + 0.5 * random.f64()
}

/// Whole log₁₀ of the limit, at least one.
fn step(limit: f64) -> f64 {
    limit.log10().floor().max(1.0)
}

impl Policy for Vegas {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.pool.admit(now, self.limit as usize, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
        match outcome.verdict {
            Verdict::Answered => self.on_answer(now - attempt.sent_at, attempt.in_flight),
            Verdict::Throttled | Verdict::Overloaded | Verdict::TimedOut | Verdict::Parked => {
                self.shift(-step(self.limit));
            }
            Verdict::Failed | Verdict::Rejected => {}
        }
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.limit.floor()), ..Reading::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::Calls;
    use super::*;

    /// The limit after one answer of `round_trip` where an idle server takes 1 s, from `limit` slots in full use.
    fn after(limit: f64, round_trip: f64) -> f64 {
        let mut vegas = Vegas::new(1);
        vegas.idle = Some(1.0);
        vegas.limit = limit;
        vegas.on_answer(round_trip, limit as usize);
        vegas.limit
    }

    #[test]
    fn the_longer_the_queue_the_less_growth_and_then_shrinking() {
        // 100 slots: step 2, so grows by 12 up to a queue of 2, by 2 below 6, stays up to 12, shrinks above.
        for (round_trip, expected) in
            [(1.0, 112.0), (1.02, 112.0), (1.04, 102.0), (1.08, 100.0), (1.10, 100.0), (1.2, 98.0)]
        {
            assert!((after(100.0, round_trip) - expected).abs() < 1e-9, "{round_trip}");
        }
    }

    #[test]
    fn the_step_is_the_whole_logarithm_and_at_least_one() {
        let steps = [1.0, 9.0, 99.0, 100.0, 999.0].map(step);
        assert_eq!(steps.map(|step| step as u32), [1, 1, 1, 2, 2]);
    }

    #[test]
    fn a_refusal_lowers_by_one_step() {
        let mut vegas = Vegas::new(1);
        Calls::default().end(&mut vegas, (0.0, 0.05), 20, Verdict::Throttled);
        assert!((vegas.limit - 19.0).abs() < 1e-9);
        assert_eq!(vegas.idle, None, "a refusal is no round trip");
    }

    #[test]
    fn a_half_used_limit_does_not_move() {
        let mut vegas = Vegas::new(1);
        vegas.idle = Some(1.0);
        vegas.on_answer(1.0, 9);
        assert!((vegas.limit - START).abs() < 1e-9);
    }

    #[test]
    fn the_idle_round_trip_is_taken_anew_within_thirty_calls_per_slot() {
        let mut vegas = Vegas::new(1);
        vegas.idle = Some(0.1);
        let renewed = (0..600).any(|_| {
            vegas.on_answer(1.0, 1);
            vegas.idle == Some(1.0)
        });
        assert!(renewed);
    }
}
