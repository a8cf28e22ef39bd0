//! Netflix's Gradient2: the limit follows the ratio of long-term to current round trip.
//!
//! Source: Netflix concurrency-limits, `Gradient2Limit`, with its minimum lowered from 20 to 1 and the tolerance of
//! 1.5 that it once had. It ignores refusals by design: it is made for servers that shed load.

use super::pool::Pool;
use super::window::{Sample, Window};
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};

const START: f64 = 20.0;
const MIN: f64 = 1.0;
const MAX: f64 = 200.0;
/// Samples that are averaged plainly before the average becomes exponential.
const WARM_UP: u32 = 10;
/// Weight of a sample in the long-term average over 600 of them.
const LONG: f64 = 2.0 / 601.0;
const TOLERANCE: f64 = 1.5;
const SMOOTHING: f64 = 0.2;
/// Calls that may queue at the server.
const QUEUE: f64 = 4.0;

#[derive(Debug)]
pub struct Gradient2 {
    pool: Pool,
    window: Window,
    limit: f64,
    long: f64,
    samples: u32,
}

impl Gradient2 {
    pub fn new(seed: u64) -> Self {
        Self {
            pool: Pool::new(seed),
            window: Window::default(),
            limit: START,
            long: 0.0,
            samples: 0,
        }
    }

    fn update(&mut self, sample: Sample) {
        let short = sample.round_trip;
        if self.samples < WARM_UP {
            self.samples += 1;
            self.long += (short - self.long) / f64::from(self.samples);
        } else {
            self.long += LONG * (short - self.long);
        }
        let ratio = self.long / short;
        if ratio > 2.0 {
            self.long *= 0.95;
        }
        if (sample.in_flight as f64) < self.limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * ratio).clamp(0.5, 1.0);
        let next = self.limit * gradient + QUEUE;
        self.limit = ((1.0 - SMOOTHING) * self.limit + SMOOTHING * next).clamp(MIN, MAX);
    }
}

impl Policy for Gradient2 {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.pool.admit(now, self.limit as usize, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
        if outcome.verdict == Verdict::Answered {
            let sample = self.window.add(now, now - attempt.sent_at, attempt.in_flight);
            if let Some(sample) = sample {
                self.update(sample);
            }
        }
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.limit.floor()), ..Reading::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::{Calls, width};
    use super::*;

    #[test]
    fn steady_latency_adds_four_fifths_of_a_slot_per_window() {
        let mut limit = Gradient2::new(1);
        limit.update(Sample { round_trip: 0.4, in_flight: 20 });
        assert!((limit.limit - 20.8).abs() < 1e-9);
    }

    #[test]
    fn latency_twice_the_long_term_shrinks_and_three_times_halves_the_target() {
        let mut limit = Gradient2::new(1);
        limit.samples = WARM_UP;
        limit.long = 0.4;
        limit.update(Sample { round_trip: 0.8, in_flight: 20 });
        let long = 0.4 + 0.4 * 2.0 / 601.0;
        let gradient = 1.5 * long / 0.8;
        assert!((limit.limit - (16.0 + 0.2 * (20.0 * gradient + 4.0))).abs() < 1e-9);
        limit.limit = 20.0;
        limit.long = 0.4;
        limit.update(Sample { round_trip: 1.4, in_flight: 20 });
        assert!((limit.limit - (16.0 + 0.2 * 14.0)).abs() < 1e-9, "{}", limit.limit);
    }

    #[test]
    fn half_used_limit_does_not_move_but_a_long_term_twice_the_current_is_lowered() {
        let mut limit = Gradient2::new(1);
        limit.samples = WARM_UP;
        limit.long = 1.0;
        limit.update(Sample { round_trip: 0.2, in_flight: 9 });
        assert!((limit.limit - START).abs() < 1e-9);
        assert!((limit.long - 0.95 * (1.0 - 0.8 * 2.0 / 601.0)).abs() < 1e-9);
    }

    #[test]
    fn refusals_change_nothing() {
        let mut limit = Gradient2::new(1);
        let mut calls = Calls::default();
        for tenth in 0..100 {
            let sent = f64::from(tenth) / 10.0;
            calls.end(&mut limit, (sent, sent + 0.05), 20, Verdict::Throttled);
        }
        assert!((width(&limit) - START).abs() < 1e-9);
    }
}
