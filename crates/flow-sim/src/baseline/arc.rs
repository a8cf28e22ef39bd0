//! Vector's adaptive request concurrency.
//!
//! One decision per average round trip: one slot more when the limit was reached, nothing was refused and answers
//! are no slower than before; a tenth less after any refusal or when answers are far slower. Source: Vector,
//! `src/sinks/util/adaptive_concurrency/controller.rs`, measured per attempt as its pull request 26124 has it, and
//! with the slot kept during retries as since its pull request 9026.

use super::pool::Pool;
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};

const START: usize = 1;
const MAX: usize = 200;
/// Weight of the newest average round trip.
const ALPHA: f64 = 0.4;
/// Standard deviations by which a round trip must grow to count as back pressure.
const DEVIATIONS: f64 = 2.5;
const DECREASE: f64 = 0.9;

#[derive(Debug)]
pub struct Arc {
    pool: Pool,
    width: usize,
    past: Option<Past>,
    decide_at: f64,
    sum: f64,
    answers: u32,
    back_pressure: bool,
    reached_limit: bool,
}

/// Exponentially weighted mean and variance of round trips, in seconds.
#[derive(Debug, Clone, Copy)]
struct Past {
    mean: f64,
    variance: f64,
}

impl Past {
    fn update(&mut self, value: f64) {
        let step = value - self.mean;
        let increment = ALPHA * step;
        self.mean += increment;
        self.variance = (1.0 - ALPHA) * (self.variance + step * increment);
    }
}

impl Arc {
    pub fn new(seed: u64) -> Self {
        Self {
            pool: Pool::new(seed),
            width: START,
            past: None,
            decide_at: 0.0,
            sum: 0.0,
            answers: 0,
            back_pressure: false,
            reached_limit: false,
        }
    }

    fn current(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.sum / f64::from(self.answers))
    }

    fn decide(&mut self, past: Past, current: Option<f64>) {
        let slow = past.mean + DEVIATIONS * past.variance.sqrt();
        if self.width < MAX
            && self.reached_limit
            && !self.back_pressure
            && current.is_some_and(|current| current <= past.mean)
        {
            self.width += 1;
        } else if self.width > 1 && (self.back_pressure || current.unwrap_or(0.0) >= slow) {
            self.width = ((self.width as f64 * DECREASE) as usize).max(1);
        }
    }

    fn tick(&mut self, now: f64) {
        let current = self.current();
        let Some(mut past) = self.past else {
            if let Some(mean) = current {
                self.past = Some(Past { mean, variance: 0.0 });
                self.decide_at = now + mean;
            }
            return;
        };
        if now < self.decide_at {
            return;
        }
        self.decide(past, current);
        if let Some(current) = current {
            past.update(current);
        }
        self.past = Some(past);
        self.decide_at = now + past.mean;
        self.sum = 0.0;
        self.answers = 0;
        self.back_pressure = false;
        self.reached_limit = false;
    }
}

impl Policy for Arc {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.pool.admit(now, self.width, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
        // A slot that backs off is taken too.
        let taken = attempt.in_flight + self.pool.asleep(attempt.sent_at);
        self.reached_limit |= taken >= self.width;
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
        match outcome.verdict {
            Verdict::Answered => {
                self.sum += now - attempt.sent_at;
                self.answers += 1;
            }
            Verdict::Rejected => {}
            Verdict::Throttled
            | Verdict::Overloaded
            | Verdict::Failed
            | Verdict::TimedOut
            | Verdict::Parked => self.back_pressure = true,
        }
        self.tick(now);
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.width as f64), ..Reading::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::{Calls, width};
    use super::*;

    /// Full use with the same latency: one slot more each round trip.
    fn grown(to: usize) -> (Arc, Calls, f64) {
        let mut arc = Arc::new(1);
        let mut calls = Calls::default();
        let mut now = 0.0;
        while arc.width < to {
            let in_flight = arc.width;
            calls.end(&mut arc, (now, now + 0.5), in_flight, Verdict::Answered);
            now += 0.5;
        }
        (arc, calls, now)
    }

    #[test]
    fn starts_at_one_and_grows_by_one_per_round_trip_at_the_limit() {
        let mut arc = Arc::new(1);
        let mut calls = Calls::default();
        for trip in 0..10 {
            let sent = f64::from(trip) * 0.5;
            let in_flight = arc.width;
            calls.end(&mut arc, (sent, sent + 0.5), in_flight, Verdict::Answered);
        }
        assert!((width(&arc) - 10.0).abs() < 1e-9, "{}", width(&arc));
    }

    #[test]
    fn does_not_grow_below_its_limit() {
        let (mut arc, mut calls, now) = grown(10);
        // Ever quicker: answers all alike have no deviation, and the rule takes them for back pressure.
        for trip in 0..20 {
            let sent = now + f64::from(trip);
            calls.end(
                &mut arc,
                (sent, sent + 0.49 - 0.001 * f64::from(trip)),
                3,
                Verdict::Answered,
            );
        }
        assert!((width(&arc) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn many_refusals_in_one_round_trip_lower_once_by_a_tenth() {
        let (mut arc, mut calls, now) = grown(20);
        for _ in 0..5 {
            calls.end(&mut arc, (now, now + 0.05), 20, Verdict::Throttled);
        }
        calls.end(&mut arc, (now, now + 0.5), 20, Verdict::Answered);
        assert!((width(&arc) - 18.0).abs() < 1e-9, "{}", width(&arc));
    }

    #[test]
    fn answers_slower_by_two_and_a_half_deviations_lower_without_a_refusal() {
        for (round_trip, expected) in [(0.74, 20), (0.76, 18)] {
            let mut arc = Arc { width: 20, ..Arc::new(1) };
            arc.decide(Past { mean: 0.5, variance: 0.01 }, Some(round_trip));
            assert_eq!(arc.width, expected, "{round_trip}");
        }
    }

    #[test]
    fn mean_and_variance_of_round_trips_move_two_fifths_of_the_way() {
        let mut past = Past { mean: 1.0, variance: 0.0 };
        past.update(2.0);
        assert!((past.mean - 1.4).abs() < 1e-12 && (past.variance - 0.24).abs() < 1e-12);
    }
}
