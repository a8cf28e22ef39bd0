//! When a client has found its rate, and found it again.

use super::ratio;
use crate::provider::{Limited, Schedule};
use crate::scenario::Scenario;
use crate::world::{Admitted, Run};

/// Convergence is told by windows of this length.
const WINDOW_SECS: usize = 10;
/// So many windows in a row must be good.
const WINDOWS: usize = 3;
/// A window is good at this share of what the limits allow in it.
const GOOD: f64 = 0.9;

/// What the tightest limit allows per second at this time, in the measured dimension; none without limits by rate.
pub fn wanted_per_sec(scenario: &Scenario, now: f64) -> Option<f64> {
    let cost = |limited: Limited| match limited {
        Limited::InputTokens => scenario.work.tokens.mean() * scenario.work.factor_at(now),
        Limited::Items => scenario.work.items.mean(),
        Limited::Requests | Limited::InFlight | Limited::Day => 1.0,
    };
    let rated = scenario
        .limits
        .iter()
        .filter(|limit| !matches!(limit.dimension, Limited::InFlight | Limited::Day));
    let requests = rated.map(|limit| Schedule::new(limit).ours(now) / 60.0 / cost(limit.dimension));
    let measured = scenario.limits.first().map_or(1.0, |limit| cost(limit.dimension));
    requests.min_by(f64::total_cmp).map(|requests| requests * measured)
}

/// For each second, how good the window is that begins there.
#[derive(Debug)]
pub(super) struct Convergence {
    windows: Vec<f64>,
}

impl Convergence {
    /// A window's measure is the limit in force, not the oracle's use of it, which comes all at once where windows
    /// are fixed; without limits by rate it is the oracle's mean.
    pub(super) fn of(scenario: &Scenario, run: &Run, possible: &[Admitted]) -> Self {
        let seconds = run.end.floor() as usize;
        let mut admitted = vec![0.0; seconds];
        for one in run.admitted.iter().filter(|one| (one.at as usize) < seconds) {
            admitted[one.at as usize] += one.amount;
        }
        let mean = possible.iter().map(|one| one.amount).sum::<f64>() / scenario.duration_secs;
        let share = 1.0 - scenario.service.failed_share;
        let wanted =
            |at: usize| wanted_per_sec(scenario, at as f64).map_or(mean, |rate| rate * share);
        let wanted: Vec<f64> = (0..seconds).map(wanted).collect();
        let sum = |list: &[f64], from: usize| list[from..from + WINDOW_SECS].iter().sum::<f64>();
        let windows = (0..=seconds.saturating_sub(WINDOW_SECS))
            .filter(|from| from + WINDOW_SECS <= seconds)
            .map(|from| ratio(sum(&admitted, from), sum(&wanted, from), 1.0))
            .collect();
        Self { windows }
    }

    /// Seconds from a time to the first of so many good windows in a row; none: never.
    pub(super) fn after(&self, from: f64) -> Option<f64> {
        let good = |at: &usize| {
            (0..WINDOWS)
                .map(|n| self.windows.get(at + n * WINDOW_SECS))
                .all(|window| window.is_some_and(|share| *share >= GOOD))
        };
        let first = from.ceil() as usize;
        (first..self.windows.len()).find(good).map(|at| at as f64 - from)
    }
}
