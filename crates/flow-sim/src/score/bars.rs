//! What a scenario demands.

use super::{AgainstFixed, Score};
use serde::Deserialize;

/// Bars of one scenario; what is not given is not demanded.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bars {
    pub utilisation_min: Option<f64>,
    /// From 60 s on.
    pub utilisation_late_min: Option<f64>,
    /// Share of all attempts.
    pub throttled_max: Option<f64>,
    /// Share of the attempts after 60 s.
    pub throttled_late_max: Option<f64>,
    pub throttled_count_max: Option<f64>,
    pub converged_secs_max: Option<f64>,
    /// After every one of [`crate::scenario::Scenario::disturbances`].
    pub reconverged_secs_max: Option<f64>,
    pub attempts_per_answer_max: Option<f64>,
    /// Against the best fixed number of calls at once.
    pub p50_ratio_max: Option<f64>,
    pub p99_ratio_max: Option<f64>,
    pub p99_secs_max: Option<f64>,
    /// Whatever they end in.
    pub attempts_per_minute_max: Option<f64>,
    pub urgent_wait_p99_secs_max: Option<f64>,
    pub jain_min: Option<f64>,
    pub parked_per_minute_max: Option<f64>,
}

/// A bar that was not met.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    pub bar: &'static str,
    pub wanted: f64,
    /// Infinite: never reached.
    pub got: f64,
}

impl Bars {
    pub(super) fn asks_for_fixed(&self) -> bool {
        self.p50_ratio_max.or(self.p99_ratio_max).is_some()
    }

    /// The bars that this score does not meet.
    pub fn misses(&self, score: &Score) -> Vec<Miss> {
        let never = f64::INFINITY;
        let reconverged =
            score.reconverged.iter().map(|secs| secs.unwrap_or(never)).fold(0.0, f64::max);
        let fixed = |figure: fn(AgainstFixed) -> f64| score.fixed.map_or(never, figure);
        let least = [
            ("utilisation_min", self.utilisation_min, score.utilisation),
            ("utilisation_late_min", self.utilisation_late_min, score.utilisation_late),
            ("jain_min", self.jain_min, score.jain),
        ];
        let most = [
            ("throttled_max", self.throttled_max, score.throttled),
            ("throttled_late_max", self.throttled_late_max, score.throttled_late),
            ("throttled_count_max", self.throttled_count_max, score.throttled_count as f64),
            ("converged_secs_max", self.converged_secs_max, score.converged.unwrap_or(never)),
            ("reconverged_secs_max", self.reconverged_secs_max, reconverged),
            ("attempts_per_answer_max", self.attempts_per_answer_max, score.attempts_per_answer),
            ("attempts_per_minute_max", self.attempts_per_minute_max, score.attempts_per_minute),
            ("urgent_wait_p99_secs_max", self.urgent_wait_p99_secs_max, score.urgent_wait_p99),
            ("p50_ratio_max", self.p50_ratio_max, fixed(|fixed| fixed.p50_ratio)),
            ("p99_ratio_max", self.p99_ratio_max, fixed(|fixed| fixed.p99_ratio)),
            ("p99_secs_max", self.p99_secs_max, score.p99),
            (
                "parked_per_minute_max",
                self.parked_per_minute_max,
                score.parked_per_minute.unwrap_or(0.0),
            ),
        ];
        let below = least.into_iter().filter(|(_, bar, got)| bar.is_some_and(|bar| *got < bar));
        let above = most.into_iter().filter(|(_, bar, got)| bar.is_some_and(|bar| *got > bar));
        below
            .chain(above)
            .filter_map(|(bar, wanted, got)| Some(Miss { bar, wanted: wanted?, got }))
            .collect()
    }
}
