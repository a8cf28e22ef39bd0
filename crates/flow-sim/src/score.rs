//! How well a client did, against what was possible.

mod bars;
mod convergence;
mod seeds;
mod span;

pub use bars::{Bars, Miss};
pub use convergence::wanted_per_sec;
pub use seeds::{Scores, score_seeds};
pub use span::judged;

use crate::contender::fixed;
use crate::oracle;
use crate::scenario::Scenario;
use crate::world::{Admitted, MakeClient, Run, simulate};
use convergence::Convergence;
use flow::fair::Class;
use flow::policy::Verdict;

/// From here on a client has had its start.
pub const START_SECS: f64 = 60.0;

/// One run, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub seed: u64,
    /// Admitted, of what was possible, over the times that can be judged: see [`judged`].
    pub utilisation: f64,
    /// The same over the whole run, initial burst and broken windows included.
    pub utilisation_whole: f64,
    /// From 60 s on; above 1 where a burst is spent late.
    pub utilisation_late: f64,
    /// Of all attempts, how many the limits refused.
    pub throttled: f64,
    /// Of the attempts sent after 60 s.
    pub throttled_late: f64,
    pub throttled_count: u64,
    pub attempts_per_answer: f64,
    pub attempts_per_minute: f64,
    /// Seconds to three good windows of 10 s in a row; none: never.
    pub converged: Option<f64>,
    /// The same after each of [`Scenario::disturbances`], from then on.
    pub reconverged: Vec<Option<f64>>,
    /// Of answered calls, sending to reply, seconds.
    pub p50: f64,
    pub p99: f64,
    /// Against the best fixed number of calls at once; only where a bar asks for it.
    pub fixed: Option<AgainstFixed>,
    /// From coming to the pile to being sent, of answered urgent calls, seconds; 0 where nothing is urgent.
    pub urgent_wait_p99: f64,
    pub in_flight_max: usize,
    /// Jain's index of the workers' answers: 1 is even.
    pub jain: f64,
    /// Calls per minute to a parked key, from the first such reply on.
    pub parked_per_minute: Option<f64>,
}

/// Latencies as multiples of those of the best fixed number of calls at once: the one with the lowest median among
/// those that reach 95 % of the best throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgainstFixed {
    pub width: usize,
    pub p50_ratio: f64,
    pub p99_ratio: f64,
}

impl Score {
    /// Utilisation with each 429 counted ten times.
    pub fn combined(&self) -> f64 {
        self.utilisation * (1.0 - 10.0 * self.throttled)
    }
}

/// Simulates and judges one seed.
pub fn score(scenario: &Scenario, seed: u64, make: &MakeClient<'_>) -> (Score, Run) {
    let run = simulate(scenario, seed, make);
    let mut score = judge(scenario, &run, &oracle::possible(scenario, seed));
    if scenario.bars.asks_for_fixed() {
        score.fixed = against_fixed(scenario, &score);
    }
    (score, run)
}

/// Judges a run against what was possible.
pub fn judge(scenario: &Scenario, run: &Run, possible: &[Admitted]) -> Score {
    let spans = judged(scenario, run);
    let used = |from: f64, until: f64| {
        ratio(sum_between(&run.admitted, from, until), sum_between(possible, from, until), 1.0)
    };
    let inside =
        |list: &[Admitted]| spans.iter().map(|span| sum_between(list, span.0, span.1)).sum::<f64>();
    let (throttled_count, throttled) = throttled(run, 0.0);
    let latencies = latencies(run);
    let convergence = Convergence::of(scenario, run, possible);
    Score {
        seed: run.seed,
        utilisation: ratio(inside(&run.admitted), inside(possible), 1.0),
        utilisation_whole: used(0.0, run.end),
        utilisation_late: used(START_SECS.min(run.end), run.end),
        throttled,
        throttled_late: self::throttled(run, START_SECS).1,
        throttled_count,
        attempts_per_answer: ratio(run.calls.len() as f64, latencies.len() as f64, f64::INFINITY),
        attempts_per_minute: run.attempts as f64 * 60.0 / run.end,
        converged: convergence.after(0.0),
        reconverged: scenario.disturbances().iter().map(|at| convergence.after(*at)).collect(),
        p50: quantile(&latencies, 0.5),
        p99: quantile(&latencies, 0.99),
        fixed: None,
        urgent_wait_p99: urgent_wait_p99(run),
        in_flight_max: run.in_flight_max,
        jain: jain(run),
        parked_per_minute: parked_per_minute(run),
    }
}

/// Of a list in order of time.
fn sum_between(list: &[Admitted], from: f64, until: f64) -> f64 {
    let first = list.partition_point(|one| one.at < from);
    let last = list.partition_point(|one| one.at < until);
    list[first..last].iter().map(|one| one.amount).sum()
}

/// How many calls sent from a time on were refused by limits, and their share.
fn throttled(run: &Run, from: f64) -> (u64, f64) {
    let sent = run.calls.iter().filter(|call| call.at >= from);
    let (mut all, mut refused) = (0_u64, 0_u64);
    for call in sent {
        all += 1;
        refused += u64::from(call.verdict == Verdict::Throttled);
    }
    (refused, ratio(refused as f64, all as f64, 0.0))
}

/// Of answered calls, sorted.
fn latencies(run: &Run) -> Vec<f64> {
    let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
    let mut latencies: Vec<f64> = answers.map(|call| call.replied_at - call.at).collect();
    latencies.sort_by(f64::total_cmp);
    latencies
}

fn urgent_wait_p99(run: &Run) -> f64 {
    let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
    let urgent = answers.filter(|call| call.work.class == Class::Urgent);
    let mut waits: Vec<f64> = urgent.map(|call| call.at - call.work.came_at).collect();
    waits.sort_by(f64::total_cmp);
    quantile(&waits, 0.99)
}

fn ratio(part: f64, whole: f64, of_nothing: f64) -> f64 {
    if whole > 0.0 { part / whole } else { of_nothing }
}

/// Of sorted values, by rank; 0 of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Jain, Chiu, Hawe: "A Quantitative Measure of Fairness" (1984).
fn jain(run: &Run) -> f64 {
    let mut answers = vec![0.0; run.workers];
    for call in run.calls.iter().filter(|call| call.verdict == Verdict::Answered) {
        answers[call.worker] += 1.0;
    }
    let sum: f64 = answers.iter().sum();
    let squares: f64 = answers.iter().map(|one| one * one).sum();
    ratio(sum * sum, run.workers as f64 * squares, 1.0)
}

fn parked_per_minute(run: &Run) -> Option<f64> {
    let first = run.calls.iter().find(|call| call.verdict == Verdict::Parked)?.replied_at;
    let after = run.calls.iter().filter(|call| call.at > first).count();
    Some(after as f64 / ((run.end - first) / 60.0).max(1.0))
}

fn against_fixed(scenario: &Scenario, score: &Score) -> Option<AgainstFixed> {
    let slots = scenario.service.slots?;
    let runs: Vec<(usize, Vec<f64>)> = (slots / 2..=slots * 2)
        .map(|width| {
            let make = move |_: &Scenario, seed, worker| fixed(width, seed, worker);
            (width, latencies(&simulate(scenario, score.seed, &make)))
        })
        .collect();
    let most = runs.iter().map(|run| run.1.len()).max()?;
    let enough = runs.iter().filter(|run| run.1.len() as f64 >= 0.95 * most as f64);
    let (width, best) =
        enough.min_by(|a, b| quantile(&a.1, 0.5).total_cmp(&quantile(&b.1, 0.5)))?;
    Some(AgainstFixed {
        width: *width,
        p50_ratio: score.p50 / quantile(best, 0.5),
        p99_ratio: score.p99 / quantile(best, 0.99),
    })
}

#[cfg(test)]
mod tests;
