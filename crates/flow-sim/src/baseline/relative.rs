//! The earlier system's rule with latency bounds relative to the fastest second, judged every second.
//!
//! A relative bound asks nothing of the user, who would have to know the provider's latency for the exact rule
//! ([`flow::aimd`]).

use super::pool::{Pool, is_refused};
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};

const START: usize = 20;
const MIN: usize = 2;
const MAX: usize = 50;
/// Seconds between two judgements.
const EVERY_SECS: f64 = 1.0;
/// Averages up to so many times the base raise the slots.
const QUICK: f64 = 1.1;
/// Averages above so many times the base lower them.
const SLOW: f64 = 1.5;

#[derive(Debug)]
pub struct RelativeAimd {
    pool: Pool,
    width: usize,
    judge_at: f64,
    hits: u32,
    sum: f64,
    answers: u32,
    /// Smallest average of a second.
    base: f64,
}

impl RelativeAimd {
    pub fn new(seed: u64) -> Self {
        Self {
            pool: Pool::new(seed),
            width: START,
            judge_at: EVERY_SECS,
            hits: 0,
            sum: 0.0,
            answers: 0,
            base: f64::INFINITY,
        }
    }

    fn judge(&mut self) {
        if self.hits > 0 {
            self.width = ((self.width as f64 * 0.7) as usize).max(MIN);
        } else if self.answers > 0 {
            let average = self.sum / f64::from(self.answers);
            self.base = self.base.min(average);
            if average <= QUICK * self.base {
                self.width = (self.width + 2).min(MAX);
            } else if average > SLOW * self.base {
                self.width = ((self.width as f64 * 0.9) as usize).max(MIN);
            }
        }
        self.hits = 0;
        self.sum = 0.0;
        self.answers = 0;
    }
}

impl Policy for RelativeAimd {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.pool.admit(now, self.width, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
        if is_refused(outcome.verdict) {
            self.hits += 1;
        } else if outcome.verdict == Verdict::Answered {
            self.sum += now - attempt.sent_at;
            self.answers += 1;
        }
        if now >= self.judge_at {
            self.judge();
            self.judge_at = now + EVERY_SECS;
        }
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.width as f64), ..Reading::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::{Calls, width};
    use super::*;

    /// One call per tenth of the `second`th second, each of `latency`.
    fn second(policy: &mut RelativeAimd, second: u32, latency: f64, verdict: Verdict) {
        let mut calls = Calls::default();
        for tenth in 1..=10 {
            let ended = f64::from(second) + f64::from(tenth) / 10.0;
            calls.end(policy, (ended - latency, ended), 1, verdict);
        }
    }

    #[test]
    fn the_fastest_second_is_the_base_of_quick_and_slow() {
        let mut policy = RelativeAimd::new(1);
        for (index, (latency, expected)) in
            [(0.50, 22.0), (0.40, 24.0), (0.43, 26.0), (0.50, 26.0), (0.61, 23.0)]
                .iter()
                .enumerate()
        {
            second(&mut policy, index as u32, *latency, Verdict::Answered);
            assert!((width(&policy) - expected).abs() < 1e-9, "{latency}: {}", width(&policy));
        }
    }

    #[test]
    fn any_refusal_in_a_second_leaves_seven_tenths_however_many_there_were() {
        let mut policy = RelativeAimd::new(1);
        second(&mut policy, 0, 0.1, Verdict::Throttled);
        assert!((width(&policy) - 14.0).abs() < 1e-9);
    }

    #[test]
    fn refusals_never_go_below_two_slots() {
        let mut policy = RelativeAimd::new(1);
        for index in 0..20 {
            second(&mut policy, index, 0.1, Verdict::Throttled);
        }
        assert!((width(&policy) - 2.0).abs() < 1e-9);
    }
}
