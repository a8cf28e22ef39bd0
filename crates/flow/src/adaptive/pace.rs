//! The rate of a limit that stores nothing: windows of a second, or a bucket that holds no more.
//!
//! A window that refuses has accepted all that it holds within the second before; so has a bucket of a second, but
//! for what was left in it. So each refusal is a count that the limit cannot exceed, however the calls before it were
//! spread, and the least of the last ones is the limit as soon as calls come about as fast as it allows.

use super::shape::Sent;
use std::collections::VecDeque;

/// Counts that are kept: fewer are misled by one that began with a full bucket, more are late when the limit falls.
const KEPT: usize = 3;

/// Below the limit by this: rounding, and clocks.
const MARGIN: f64 = 0.002;
const MARGIN_MAX: f64 = 0.03;

/// A count that is no lower than before by this says that the margin was too small.
const SAME: f64 = 0.97;

/// A count this much above the rate is another limit, or a bucket that had something left.
const FASTER: f64 = 1.04;

/// Seconds after which such a count is not confirmed by the next one.
const AGAIN_SECS: f64 = 60.0;

#[derive(Debug, Default)]
pub(super) struct Pace {
    counts: VecDeque<f64>,
    /// When a count was far above the rate, and that count.
    higher: Option<(f64, f64)>,
    margin: f64,
}

/// A refusal where calls were spread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    /// When the refused call was sent.
    pub(super) at: f64,
    /// What it would have cost.
    pub(super) cost: f64,
    /// Accepted in the second before, and in the ten before.
    pub(super) second: f64,
    pub(super) ten: f64,
    pub(super) sent: Sent,
}

impl Pace {
    /// Units per second after a refusal; none: to be confirmed by the next one. `rate` and `unit` are what was
    /// believed and what a call costs.
    pub(super) fn refused(&mut self, refusal: Refusal, rate: f64, unit: f64) -> Option<f64> {
        // Something was left, but not a call. Where calls cost the same, limits are multiples of that.
        let left = if (refusal.cost - unit).abs() > 1e-6 * unit { 0.5 * refusal.cost } else { 0.0 };
        let count = (refusal.second + left).max(unit);
        let higher = self.higher.take().filter(|(at, _)| refusal.at - at < AGAIN_SECS);
        if refusal.sent == Sent::Beyond
            && !self.counts.is_empty()
            && count > FASTER.mul_add(rate, 0.5 * unit)
        {
            let surely = refusal.ten > 11.0 * FASTER * rate + unit;
            if higher.is_none() && !surely {
                self.higher = Some((refusal.at, count));
                return None;
            }
            self.counts.clear();
            self.counts.extend(higher.map(|(_, count)| count));
        }
        let lower = count < SAME * self.least();
        self.margin = match (refusal.sent, lower) {
            (Sent::Within, false) => (2.0 * self.margin).min(MARGIN_MAX),
            _ => 0.8 * self.margin,
        }
        .max(MARGIN);
        if self.counts.len() == KEPT {
            self.counts.pop_front();
        }
        self.counts.push_back(count);
        Some(self.least() * (1.0 - self.margin))
    }

    fn least(&self) -> f64 {
        self.counts.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
