//! nDCG@10 with its interval: how much of what answers a query stands in the first ten, weighted by rank.
//!
//! Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with gains of 0 and 1.
//! The interval is a percentile bootstrap over queries, drawn within each task, as the mean is one of tasks.
#![forbid(unsafe_code)]

use crate::{
    evaluation::{Evaluation, Query, TASKS},
    ranking::{Scores, best_first},
};

const CUT: usize = 10;
const RESAMPLES: usize = 2000;
const SEED: u64 = 1;

/// Mean over the tasks, and the 2.5th and 97.5th percentile of resampled means.
pub(crate) struct Measured {
    pub(crate) mean: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

pub(crate) fn measure(evaluation: &Evaluation, scores: &[Scores]) -> Measured {
    let tasks = TASKS.map(|task| {
        let of_task = evaluation.queries.iter().zip(scores).filter(|(query, _)| query.task == task);
        of_task.map(|(query, scores)| of_query(evaluation, query, scores)).collect::<Vec<f64>>()
    });
    let mean = |of: &dyn Fn(&[f64]) -> f64| tasks.iter().map(|task| of(task)).sum::<f64>() / 3.0;
    let mut draws = Draws(SEED);
    let mut means = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let draws = std::cell::RefCell::new(&mut draws);
        means.push(mean(&|task| {
            let drawn = task.iter().map(|_| task[draws.borrow_mut().below(task.len())]);
            drawn.sum::<f64>() / task.len() as f64
        }));
    }
    means.sort_by(f64::total_cmp);
    let percentile = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
    Measured {
        mean: mean(&|task| task.iter().sum::<f64>() / task.len() as f64),
        low: percentile(0.025),
        high: percentile(0.975),
    }
}

/// Among the passages of the query's own source.
fn of_query(evaluation: &Evaluation, query: &Query, scores: &[f64]) -> f64 {
    let among = (0..scores.len()).filter(|&at| evaluation.passages[at].source == query.source);
    let order = best_first(among.collect(), scores);
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let found = order.iter().take(CUT).enumerate().filter(|(_, at)| query.relevant.contains(at));
    let best: f64 = (0..query.relevant.len().min(CUT)).map(gain).sum();
    found.map(|(rank, _)| gain(rank)).sum::<f64>() / best
}

/// `SplitMix64`. Source: Steele, Lea, Flood (2014).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
