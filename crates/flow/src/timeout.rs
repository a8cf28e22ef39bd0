//! How long a call may take, learnt from how long calls take.
//!
//! One and a half times what 99.5 % of the calls of about this cost need, plus a round trip, within a floor and
//! a cap. Large calls take longer than small ones, so costs are told apart by powers of four. Three things keep it from
//! tightening into an outage, where slow answers become timeouts, timeouts become retries and only fast answers
//! are left to learn from:
//!
//! * a call that timed out is learnt as having taken as long as it was given;
//! * when more than 1 % time out, everything may take one and a half times as long for the next minute, again
//!   so for calls that were sent with that;
//! * failures and refusals are not learnt from, since they come fast.

mod durations;

use durations::{Durations, Share};

/// Of the earlier system; shorter limits save little and fire by chance.
pub const FLOOR: f64 = 5.0;

/// Default for the most that a call may take, and what it may take before anything is known.
pub const CAP: f64 = 60.0;

/// Answers before a quantile of them means anything.
pub const SAMPLES_MIN: u64 = 30;

const MARGIN: f64 = 1.5;
const WIDENING: f64 = 1.5;
/// Seconds of being wider, and of counting.
const WIDENED: f64 = 60.0;
const TIMEOUTS_MAX: f64 = 0.01;

/// Costs from 1 to 4^12, which is 16 million.
const BUCKETS: usize = 13;

/// The limits of one provider. Times and durations are in seconds, costs in any unit, the same for all calls.
#[derive(Debug)]
pub struct Timeouts {
    floor: f64,
    cap: f64,
    buckets: [Option<Durations>; BUCKETS],
    /// The shortest answer ever: stands for a round trip, of which it is an upper bound.
    fastest: f64,
    factor: f64,
    widened_at: f64,
    counted_from: f64,
    calls: f64,
    late: f64,
}

impl Timeouts {
    /// Limits are never below `floor`, and never above `cap`.
    pub fn new(floor: f64, cap: f64) -> Self {
        assert!(0.0 < floor && floor <= cap, "timeouts from {floor} to {cap} seconds");
        Self {
            floor,
            cap,
            buckets: std::array::from_fn(|_| None),
            fastest: f64::INFINITY,
            factor: 1.0,
            widened_at: f64::NEG_INFINITY,
            counted_from: f64::NEG_INFINITY,
            calls: 0.0,
            late: 0.0,
        }
    }

    /// How long a call of this cost that is sent now may take.
    pub fn limit(&self, now: f64, cost: f64) -> f64 {
        let slow =
            self.buckets[bucket(cost)].as_ref().and_then(|known| known.quantile(Share::P995));
        let Some(slow) = slow else { return self.cap };
        ((MARGIN * slow + self.fastest) * self.factor(now)).clamp(self.floor, self.cap)
    }

    /// What 99 % of the answers took, of the costs that take longest; none before enough is known.
    pub fn p99(&self) -> Option<f64> {
        let known = self.buckets.iter().flatten().filter_map(|known| known.quantile(Share::P99));
        known.max_by(f64::total_cmp)
    }

    /// A call was answered after `seconds`.
    pub fn on_answer(&mut self, now: f64, cost: f64, seconds: f64) {
        self.fastest = self.fastest.min(seconds);
        self.learn(cost, seconds);
        self.reckon(now);
        self.calls += 1.0;
    }

    /// A call was given up after `seconds`.
    pub fn on_timeout(&mut self, now: f64, cost: f64, seconds: f64) {
        self.learn(cost, seconds);
        self.reckon(now);
        // All that were under way when the limits were widened had the old ones, and say nothing of the new.
        if now - seconds < self.widened_at {
            return;
        }
        self.calls += 1.0;
        self.late += 1.0;
        if self.late > TIMEOUTS_MAX * self.calls {
            self.factor = (self.factor(now) * WIDENING).min(self.cap / self.floor);
            self.widened_at = now;
            self.count_from(now);
        }
    }

    fn factor(&self, now: f64) -> f64 {
        if now < self.widened_at + WIDENED { self.factor } else { 1.0 }
    }

    fn learn(&mut self, cost: f64, seconds: f64) {
        self.buckets[bucket(cost)].get_or_insert_with(Durations::new).record(seconds);
    }

    fn reckon(&mut self, now: f64) {
        if now >= self.counted_from + WIDENED {
            self.count_from(now);
        }
    }

    fn count_from(&mut self, now: f64) {
        self.counted_from = now;
        (self.calls, self.late) = (0.0, 0.0);
    }
}

fn bucket(cost: f64) -> usize {
    ((cost.max(1.0).log2() / 2.0) as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests;
