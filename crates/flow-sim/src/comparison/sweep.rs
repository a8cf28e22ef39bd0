//! The best fixed number of calls at once: what somebody finds who knows the provider and has time to try.

use crate::contender::fixed;
use crate::scenario::Scenario;
use crate::score::{Score, Scores, score_seeds};

/// Its name among the policies.
pub const BEST_FIXED: &str = "fixed-best";

/// Numbers of calls at once that are tried.
const WIDTHS: [usize; 16] = [1, 2, 3, 4, 5, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 200];
/// Scores so near to each other are alike, and then fewer calls at once wait less.
const ALIKE: f64 = 0.005;
/// Seeds that decide; all seeds are scored with what they chose.
const SEEDS: u64 = 3;

/// The least width with the best combined score, and its scores.
pub(super) fn best_fixed(scenario: &Scenario, seeds: u64) -> (usize, Scores) {
    let run = |width: usize, seeds| {
        score_seeds(scenario, seeds, &move |_: &Scenario, seed, worker| fixed(width, seed, worker))
    };
    let tried = WIDTHS.map(|width| (width, run(width, seeds.min(SEEDS)).median(Score::combined)));
    let best = tried.iter().map(|(_, combined)| *combined).fold(f64::NEG_INFINITY, f64::max);
    let (width, _) = tried
        .into_iter()
        .find(|(_, combined)| *combined >= best - ALIKE)
        .expect("the best is as good as the best");
    (width, run(width, seeds))
}
