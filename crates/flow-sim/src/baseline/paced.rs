//! Pacing just below limits that are known: what a user can do who knows them and to whom they never change.
//!
//! A reference, not a rival: no client is told its limits so exactly. Also what the `OpenAI` cookbook's parallel
//! processor does, which advises to configure half to three quarters of the limit.

use flow::cost::{Cost, RATES};
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading};

/// Share of the limit that is used.
const SHARE: f64 = 0.98;
/// Calls at once; a bound for providers that do not answer.
const IN_FLIGHT_MAX: usize = 1000;

#[derive(Debug)]
pub struct Paced {
    /// Units per second, in the order of [`RATES`]; none: not limited.
    rates: [Option<f64>; RATES.len()],
    next: f64,
}

impl Paced {
    /// `per_minute`: the limits, in the order of [`RATES`].
    pub fn new(per_minute: [Option<f64>; RATES.len()]) -> Self {
        Self { rates: per_minute.map(|limit| limit.map(|limit| SHARE * limit / 60.0)), next: 0.0 }
    }

    /// Seconds that a call takes of the tightest limit.
    fn takes(&self, cost: &Cost) -> f64 {
        let each = self.rates.iter().zip(cost.0).filter_map(|(rate, units)| Some(units / (*rate)?));
        each.fold(0.0, f64::max)
    }
}

impl Policy for Paced {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        if in_flight >= IN_FLIGHT_MAX {
            Admission::Wait
        } else if now < self.next {
            Admission::NotBefore(self.next)
        } else {
            Admission::Send
        }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.next = self.next.max(attempt.sent_at) + self.takes(&attempt.cost);
    }

    fn on_result(&mut self, now: f64, _attempt: &Attempt, outcome: &Outcome) {
        if let Some(wait) = outcome.hint.retry_after {
            self.next = self.next.max(now + wait);
        }
    }

    fn reading(&self) -> Reading {
        Reading { rates: self.rates, in_flight: Some(IN_FLIGHT_MAX as f64), closed_until: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_calls_is_98_percent_of_the_tightest_limit() {
        let mut paced = Paced::new([Some(600.0), Some(30_000.0), None, None]);
        let cost = Cost::request(100.0, 1.0);
        let (mut now, mut sent) = (0.0, 0_u32);
        while now < 60.0 {
            match paced.can_send(now, &cost, 1) {
                Admission::Send => {
                    paced.on_sent(&Attempt { id: 0, sent_at: now, cost, in_flight: 1 });
                    sent += 1;
                }
                Admission::NotBefore(later) => now = later,
                Admission::Wait => panic!("too many in flight"),
            }
        }
        assert_eq!(sent, 294);
    }

    #[test]
    fn without_limits_only_the_calls_at_once_are_bounded() {
        let mut paced = Paced::new([None; RATES.len()]);
        let cost = Cost::request(1.0, 1.0);
        paced.on_sent(&Attempt { id: 0, sent_at: 0.0, cost, in_flight: 1 });
        assert_eq!(paced.can_send(0.0, &cost, 1), Admission::Send);
        assert_eq!(paced.can_send(0.0, &cost, IN_FLIGHT_MAX), Admission::Wait);
    }
}
