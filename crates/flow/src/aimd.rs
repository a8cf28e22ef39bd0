//! The rule of the earlier system: concurrency by additive increase and multiplicative decrease, on latency and 429s.
//!
//! Kept as it was, for users who know how it behaves on their provider and as the mark to beat: it judges only
//! every few calls, lowers blindly, and never reads what the provider says of its limits, `Retry-After` included.

use crate::cost::Cost;
use crate::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};
use crate::slots::Slots;
use std::collections::VecDeque;

/// Calls between two judgements.
const JUDGED_EVERY: u32 = 5;
/// Slots more after quick answers.
const RAISE: usize = 2;
/// Share of the slots that slow answers leave.
const SLOW_LEAVES: f64 = 0.9;
/// Share of the slots that refusals leave.
const REFUSED_LEAVES: f64 = 0.7;
/// Longest wait after a refusal, in seconds.
const BACK_OFF_MAX_SECS: u32 = 32;

/// The settings of the earlier system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Slots at the start.
    pub start: usize,
    pub min: usize,
    pub max: usize,
    /// 429s that lower the slots.
    pub hits: u32,
    /// Latencies averaged for one judgement.
    pub window: usize,
    /// An average below it raises the slots.
    pub lower_secs: f64,
    /// An average above it lowers them.
    pub upper_secs: f64,
}

impl Rule {
    /// Its default, for a remote provider.
    pub const REMOTE: Self =
        Self { start: 20, min: 2, max: 50, hits: 3, window: 20, lower_secs: 0.6, upper_secs: 1.2 };
    /// Its preset for one local accelerator.
    pub const LOCAL: Self =
        Self { start: 15, min: 2, max: 25, hits: 10, window: 60, lower_secs: 0.5, upper_secs: 1.5 };
}

/// The earlier system's limiter. A refused call keeps its slot for min(2ⁿ, 32) s, n its refusals so far.
#[derive(Debug)]
pub struct Aimd {
    rule: Rule,
    width: usize,
    slots: Slots,
    ended: u32,
    hits: u32,
    latencies: VecDeque<f64>,
}

impl Aimd {
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            width: rule.start,
            slots: Slots::default(),
            ended: 0,
            hits: 0,
            latencies: VecDeque::with_capacity(rule.window),
        }
    }

    fn sample(&mut self, latency: f64) {
        if self.latencies.len() == self.rule.window {
            self.latencies.pop_front();
        }
        self.latencies.push_back(latency);
    }

    fn judge(&mut self) {
        if self.hits >= self.rule.hits {
            self.lower(REFUSED_LEAVES);
            self.hits = 0;
            self.latencies.clear();
        } else if self.latencies.len() >= self.rule.window {
            let average = self.latencies.iter().sum::<f64>() / self.latencies.len() as f64;
            if average < self.rule.lower_secs {
                self.width = (self.width + RAISE).min(self.rule.max);
            } else if average > self.rule.upper_secs {
                self.lower(SLOW_LEAVES);
            }
            self.latencies.clear();
        }
    }

    fn lower(&mut self, leaves: f64) {
        self.width = ((self.width as f64 * leaves) as usize).max(self.rule.min);
    }
}

impl Default for Aimd {
    fn default() -> Self {
        Self::new(Rule::REMOTE)
    }
}

impl Policy for Aimd {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.slots.admit(now, self.width, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.slots.on_sent(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        match outcome.verdict {
            // A quota that is used up came as a 429 too, and it could not tell them apart.
            Verdict::Throttled | Verdict::Parked => {
                self.hits += 1;
                self.slots.back_off(now, attempt, back_off);
            }
            Verdict::Answered => {
                self.sample(now - attempt.sent_at);
                self.slots.release(attempt);
            }
            Verdict::Overloaded | Verdict::Failed | Verdict::TimedOut | Verdict::Rejected => {
                self.slots.release(attempt);
            }
        }
        self.ended += 1;
        if self.ended == JUDGED_EVERY {
            self.ended = 0;
            self.judge();
        }
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.width as f64), ..Reading::default() }
    }
}

/// Seconds before a call is sent again after its nth refusal, from 1.
fn back_off(refusals: u32) -> f64 {
    f64::from(2_u32.saturating_pow(refusals).min(BACK_OFF_MAX_SECS))
}

#[cfg(test)]
mod tests;
