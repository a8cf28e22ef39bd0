//! When a call is tried again: the only retry schedule there is.
//!
//! [`Retries::after`] gives each failed call its own delay: exponential with equal jitter, which keeps half of
//! the delay certain. Full jitter would put some retries at once and burn them all within one minute's window
//! of the limit (aws-sdk-net #4341). Source of the bases: AWS SDKs, standard mode, 1 s where the server is short
//! of room and a fraction of that for chance failures.
//!
//! [`Retries::release`] is the budget over all calls: what is due leaves only as far as calls succeed, so that
//! retries cannot multiply the load of a provider that fails. It is the retry quota of the AWS SDKs' standard
//! mode (every success earns a share, a retry that succeeds gets back what it paid, a timeout pays double) with
//! the expiry of Finagle's `RetryBudget` (what was earned lives 10 s on average). Nothing is given up for want of
//! budget, it only waits. Retries of which five in six succeed pay for themselves, so that a pile of them does
//! not trickle when the trouble is over.
//!
//! How often a call may fail before it is given up, and its deadline, are the caller's decision.

use crate::policy::{Outcome, Verdict};

/// Share of a retry that a success earns: retries may add a fifth to the load.
pub const EARNED: f64 = 0.2;

/// Retries at hand without any success, so that the first failures need not wait.
pub const RESERVE: f64 = 10.0;

/// Retries per second that come back into the reserve by themselves.
pub const REFILL: f64 = 1.0;

/// Mean life in seconds of what was earned beyond the reserve.
pub const TTL: f64 = 10.0;

/// Longest `Retry-After` in seconds that is waited for as a delay; longer ones park the group, since something
/// else than a passing shortage is meant. As in openai-python.
pub const RETRY_AFTER_MAX: f64 = 120.0;

/// Bounds of the exponential delays, in seconds: first and longest.
const FAILED: (f64, f64) = (0.25, 8.0);
const OVERLOADED: (f64, f64) = (1.0, 20.0);

/// Share added to a `Retry-After`, at most 5 s, so that those who were told the same do not come back together.
const SPREAD: f64 = 0.1;
const SPREAD_MAX: f64 = 5.0;

/// What becomes of a call that ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Retry {
    /// It was answered, or its input refused: the same call is not sent again.
    Never,
    /// Due at this time, then to be released for this price.
    At { due: f64, price: f64 },
    /// As soon as the policy admits it, without a price: the provider did not try.
    WhenAdmitted,
    /// The group rests until then, without a time for good; then as [`Retry::WhenAdmitted`].
    Park { until: Option<f64> },
}

/// The schedule and the budget of one limit group. Times are seconds on any clock that does not run backwards.
#[derive(Debug)]
pub struct Retries {
    at_hand: f64,
    reckoned_at: f64,
    random: fastrand::Rng,
}

impl Retries {
    pub fn new(seed: u64) -> Self {
        Self {
            at_hand: RESERVE,
            reckoned_at: f64::NEG_INFINITY,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// What becomes of a call whose attempt ended now. `failures`: how often it failed before, not counting
    /// attempts that were throttled.
    pub fn after(&mut self, now: f64, outcome: &Outcome, failures: u32) -> Retry {
        let told = outcome.hint.retry_after;
        let (bounds, price) = match outcome.verdict {
            Verdict::Answered | Verdict::Rejected => return Retry::Never,
            Verdict::Parked => return Retry::Park { until: told.map(|wait| now + wait) },
            Verdict::Throttled => (None, 0.0),
            Verdict::Overloaded => (Some(OVERLOADED), 1.0),
            Verdict::Failed => (Some(FAILED), 1.0),
            Verdict::TimedOut => (Some(FAILED), 2.0),
        };
        if let Some(wait) = told.filter(|wait| *wait > RETRY_AFTER_MAX) {
            return Retry::Park { until: Some(now + wait) };
        }
        let Some((first, longest)) = bounds else { return Retry::WhenAdmitted };
        let delay = match told {
            // Some say 0 seconds while they fail.
            Some(wait) => self.spread(wait.max(first)),
            None => self.equal_jitter((first * 2f64.powi(failures.min(64) as i32)).min(longest)),
        };
        Retry::At { due: now + delay, price }
    }

    /// May a retry that is due go now? Error: the time at which to ask again; a success in between makes it
    /// earlier.
    pub fn release(&mut self, now: f64, price: f64) -> Result<(), f64> {
        self.reckon(now);
        if self.at_hand >= price {
            self.at_hand -= price;
            Ok(())
        } else {
            Err(now + (price - self.at_hand) / REFILL)
        }
    }

    /// A call was answered. `paid`: the price of its last release, 0 if it was never retried.
    pub fn on_success(&mut self, now: f64, paid: f64) {
        self.reckon(now);
        self.at_hand += EARNED + paid;
    }

    /// Retries that could be released at once.
    pub fn at_hand(&self) -> f64 {
        self.at_hand
    }

    fn reckon(&mut self, now: f64) {
        let elapsed = now - self.reckoned_at;
        self.reckoned_at = now;
        let earned = self.at_hand - RESERVE;
        self.at_hand = if earned > 0.0 {
            RESERVE + earned * (-elapsed / TTL).exp()
        } else {
            (self.at_hand + elapsed * REFILL).min(RESERVE)
        };
    }

    fn equal_jitter(&mut self, delay: f64) -> f64 {
        delay * (0.5 + 0.5 * self.random.f64())
    }

    fn spread(&mut self, wait: f64) -> f64 {
        wait + (wait * SPREAD).min(SPREAD_MAX) * self.random.f64()
    }
}

#[cfg(test)]
mod tests;
