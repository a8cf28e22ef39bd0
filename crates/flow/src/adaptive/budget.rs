//! Refusals as money: earned by successes, spent on experiments.
//!
//! An unannounced rise of a limit can only be found by asking for more than is believed to be there, and each time
//! it has not risen that costs a refusal. The budget holds the share of refusals down whatever the rate.

/// Earned per success: leaves the greater part of 1 % to walls, which nobody plans.
const EARNED: f64 = 0.002;

/// More would allow a burst of experiments after a long calm.
const CAP: f64 = 4.0;

/// Debt that is forgiven: else a bad start would forbid experiments for an hour at low rates.
const FLOOR: f64 = -1.0;

#[derive(Debug)]
pub(super) struct Budget {
    account: f64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { account: 1.0 }
    }

    pub(super) fn earn(&mut self) {
        self.account = (self.account + EARNED).min(CAP);
    }

    pub(super) fn spend(&mut self) {
        self.account = (self.account - 1.0).max(FLOOR);
    }

    pub(super) fn affords(&self, refusals: f64) -> bool {
        self.account >= refusals
    }
}
