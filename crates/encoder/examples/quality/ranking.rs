//! From scores to ranks, and from ranks to the two figures.
#![forbid(unsafe_code)]

use std::{cmp::Reverse, fmt};

use crate::evaluation::{Evaluation, Query};

/// One for each passage, more is better.
pub(crate) type Scores = Vec<f64>;

/// Ranks above this count for nothing.
const CUT: usize = 10;

/// The constant of reciprocal rank fusion. Source: Cormack, Clarke, Büttcher (2009).
const RRF_K: f64 = 60.0;

/// Mean reciprocal rank of the first answer, and share of queries with an answer, both in the first ten.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) mrr: f64,
    hit: f64,
}

impl Summary {
    pub(crate) fn mean(summaries: &[Summary]) -> Self {
        let mean = |value: fn(&Summary) -> f64| {
            summaries.iter().map(value).sum::<f64>() / summaries.len() as f64
        };
        Self { mrr: mean(|summary| summary.mrr), hit: mean(|summary| summary.hit) }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "   {:.3} {:.3}", self.mrr, self.hit)
    }
}

/// Figures of one task, each query among the passages of its own source.
pub(crate) fn summarise(evaluation: &Evaluation, task: &str, scores: &[Scores]) -> Summary {
    let of_task = evaluation.queries.iter().zip(scores).filter(|(query, _)| query.task == task);
    let each: Vec<Summary> = of_task
        .map(|(query, scores)| {
            let rank = first_answer(evaluation, query, scores);
            if rank < CUT {
                Summary { mrr: 1.0 / (rank + 1) as f64, hit: 1.0 }
            } else {
                Summary { mrr: 0.0, hit: 0.0 }
            }
        })
        .collect();
    Summary::mean(&each)
}

/// Rank from 0. Equal scores keep the order of the passages.
fn first_answer(evaluation: &Evaluation, query: &Query, scores: &[f64]) -> usize {
    let among = (0..scores.len()).filter(|&at| evaluation.passages[at].source == query.source);
    let order = best_first(among.collect(), scores);
    order
        .iter()
        .position(|at| query.relevant.contains(at))
        .expect("an answer is a passage of the query's source")
}

/// Reciprocal rank fusion over all passages.
pub(crate) fn fuse(one: &[f64], other: &[f64]) -> Scores {
    let mut fused = vec![0.0; one.len()];
    for scores in [one, other] {
        for (rank, at) in best_first((0..scores.len()).collect(), scores).into_iter().enumerate() {
            fused[at] += 1.0 / (RRF_K + (rank + 1) as f64);
        }
    }
    fused
}

pub(crate) fn best_first(mut order: Vec<usize>, scores: &[f64]) -> Vec<usize> {
    order.sort_by(|&a, &b| {
        Reverse(scores[a]).partial_cmp(&Reverse(scores[b])).expect("a score is a number")
    });
    order
}
