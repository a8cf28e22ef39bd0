//! A pool of callers as baselines have it: each sends, and backs off with its slot when it is refused.
//!
//! The back-off is the same for all baselines: what the provider asks for plus up to 50 ms, else full jitter up to
//! min(20, 2ⁿ) s. Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

use fastrand::Rng;
use flow::policy::{Admission, Attempt, Outcome, Verdict};
use flow::slots::Slots;
use quota::Hint;

/// Spread of calls that were given the same time to come back, in seconds.
const SPREAD_SECS: f64 = 0.05;
/// Longest back-off without a hint, in seconds.
const BACK_OFF_MAX_SECS: u32 = 20;

#[derive(Debug)]
pub struct Pool {
    slots: Slots,
    random: Rng,
}

impl Pool {
    pub fn new(seed: u64) -> Self {
        Self { slots: Slots::default(), random: Rng::with_seed(seed) }
    }

    /// As [`Slots::admit`].
    pub fn admit(&self, now: f64, width: usize, in_flight: usize) -> Admission {
        self.slots.admit(now, width, in_flight)
    }

    /// Calls that back off.
    pub fn asleep(&self, now: f64) -> usize {
        self.slots.asleep(now)
    }

    pub fn on_sent(&mut self, attempt: &Attempt) {
        self.slots.on_sent(attempt);
    }

    pub fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        if is_refused(outcome.verdict) {
            let random = &mut self.random;
            self.slots.back_off(now, attempt, |nth| delay(random, &outcome.hint, nth));
        } else {
            self.slots.release(attempt);
        }
    }
}

/// A 429 of any kind: none of the baselines can tell a quota that is used up from a limit. Failures are sent again
/// by the client, alike for all.
pub fn is_refused(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Throttled | Verdict::Parked)
}

/// Seconds until the next attempt after the `nth` refusal, from 1.
fn delay(random: &mut Rng, hint: &Hint, nth: u32) -> f64 {
    match hint.retry_after {
        Some(asked) => asked + SPREAD_SECS * random.f64(),
        None => f64::from(2_u32.saturating_pow(nth).min(BACK_OFF_MAX_SECS)) * random.f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Smallest and largest of a thousand delays.
    fn range(hint: &Hint, nth: u32) -> (f64, f64) {
        let mut random = Rng::with_seed(1);
        let delays: Vec<f64> = (0..1000).map(|_| delay(&mut random, hint, nth)).collect();
        (
            delays.iter().copied().fold(f64::INFINITY, f64::min),
            delays.iter().copied().fold(0.0, f64::max),
        )
    }

    #[test]
    fn without_a_hint_the_delay_is_anything_up_to_a_bound_that_doubles_to_20_s() {
        for (nth, bound) in [(1, 2.0), (3, 8.0), (4, 16.0), (5, 20.0), (40, 20.0)] {
            let (least, most) = range(&Hint::default(), nth);
            assert!(least < 0.02 * bound && most > 0.98 * bound && most <= bound, "{nth}: {most}");
        }
    }

    #[test]
    fn a_hint_is_waited_for_and_little_longer() {
        let hint = Hint { retry_after: Some(7.0), ..Hint::default() };
        let (least, most) = range(&hint, 9);
        assert!((7.0..7.01).contains(&least) && (7.04..=7.05).contains(&most));
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let delays = |seed| {
            let mut random = Rng::with_seed(seed);
            [(); 8].map(|()| delay(&mut random, &Hint::default(), 3).to_bits())
        };
        assert_eq!(delays(5), delays(5));
        assert_ne!(delays(5), delays(6));
    }
}
