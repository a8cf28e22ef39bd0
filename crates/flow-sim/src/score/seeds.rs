//! Many seeds at once.

use super::{Score, quantile, score};
use crate::scenario::Scenario;
use crate::world::MakeClient;
use std::sync::atomic::{AtomicU64, Ordering};

/// The scores of one scenario, by seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores(pub Vec<Score>);

impl Scores {
    /// The middle of one figure.
    pub fn median(&self, figure: impl Fn(&Score) -> f64) -> f64 {
        let mut all: Vec<f64> = self.0.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        quantile(&all, 0.5)
    }

    pub fn least(&self, figure: impl Fn(&Score) -> f64) -> f64 {
        self.0.iter().map(figure).fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self, figure: impl Fn(&Score) -> f64) -> f64 {
        self.0.iter().map(figure).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Scores seeds 1 to `seeds`, on all processors.
pub fn score_seeds(scenario: &Scenario, seeds: u64, make: &MakeClient<'_>) -> Scores {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(1);
    let work = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return done;
            }
            done.push(score(scenario, seed, make).0);
        }
    };
    let mut scores: Vec<Score> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().expect("a simulation does not panic"))
            .collect()
    });
    scores.sort_by_key(|score| score.seed);
    Scores(scores)
}
