//! How well a client did, against what was possible.

mod bars;
mod seeds;

pub use bars::{Bars, Miss};
pub use seeds::{Scores, score_seeds};

use crate::baseline::fixed::Fixed;
use crate::contender::driven;
use crate::oracle;
use crate::scenario::Scenario;
use crate::world::{Admitted, MakeClient, Run, simulate};
use flow::policy::Verdict;

/// Convergence is told by windows of this length.
const WINDOW_SECS: f64 = 10.0;
/// So many windows in a row must be good.
const WINDOWS: usize = 3;
/// A window is good at this share of what the limit allows in it.
const GOOD: f64 = 0.9;
/// From here on a client has had its start.
pub const START_SECS: f64 = 60.0;

/// One run, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub seed: u64,
    /// Admitted by the end, of what was possible by then (initial burst included).
    pub utilisation: f64,
    /// The same from 60 s on; above 1 where a burst is spent late.
    pub utilisation_late: f64,
    /// Of all attempts, how many the limits refused.
    pub throttled: f64,
    /// Of the attempts sent after 60 s.
    pub throttled_late: f64,
    pub throttled_count: u64,
    pub attempts_per_answer: f64,
    /// Seconds to three good windows in a row; none: never.
    pub converged: Option<f64>,
    /// The same after each change of the first limit, from the change on.
    pub reconverged: Vec<Option<f64>>,
    /// Of answered calls, sending to reply, seconds.
    pub p50: f64,
    pub p99: f64,
    /// Median against the best fixed number of calls at once; only where a bar asks for it.
    pub p50_ratio: Option<f64>,
    pub in_flight_max: usize,
    /// Jain's index of the workers' answers: 1 is even.
    pub jain: f64,
    /// Calls per minute to a parked or closed key, from the first such reply on.
    pub parked_per_minute: Option<f64>,
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
    if scenario.bars.p50_ratio_max.is_some() {
        score.p50_ratio = best_fixed_p50(scenario, seed).map(|best| score.p50 / best);
    }
    (score, run)
}

/// Judges a run against what was possible.
pub fn judge(scenario: &Scenario, run: &Run, possible: &[Admitted]) -> Score {
    let before = |list: &[Admitted], end: f64| -> f64 {
        list.iter().take_while(|one| one.at < end).map(|one| one.amount).sum()
    };
    let (ours, best) = (before(&run.admitted, run.end), before(possible, run.end));
    let start = START_SECS.min(run.end);
    let (early, best_early) = (before(&run.admitted, start), before(possible, start));
    let refused = |from: f64| {
        let sent = run.calls.iter().filter(|call| call.at >= from);
        let (mut all, mut refused) = (0_u64, 0_u64);
        for call in sent {
            all += 1;
            refused += u64::from(call.verdict == Verdict::Throttled);
        }
        (refused, ratio(refused as f64, all as f64, 0.0))
    };
    let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
    let mut latencies: Vec<f64> = answers.map(|call| call.replied_at - call.at).collect();
    latencies.sort_by(f64::total_cmp);
    let good = good_windows(scenario, run, possible);
    let changes = scenario.limits.first().map_or(&[][..], |limit| &limit.changes);
    Score {
        seed: run.seed,
        utilisation: ratio(ours, best, 1.0),
        utilisation_late: ratio(ours - early, best - best_early, 1.0),
        throttled: refused(0.0).1,
        throttled_late: refused(START_SECS).1,
        throttled_count: refused(0.0).0,
        attempts_per_answer: ratio(run.calls.len() as f64, latencies.len() as f64, f64::INFINITY),
        converged: converged(&good, 0.0),
        reconverged: changes.iter().map(|change| converged(&good, change.at_secs)).collect(),
        p50: quantile(&latencies, 0.5),
        p99: quantile(&latencies, 0.99),
        p50_ratio: None,
        in_flight_max: run.in_flight_max,
        jain: jain(run),
        parked_per_minute: parked_per_minute(run),
    }
}

fn ratio(part: f64, whole: f64, of_nothing: f64) -> f64 {
    if whole > 0.0 { part / whole } else { of_nothing }
}

/// Of sorted values, by rank; 0 of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Per second from 0: whether the window that begins there is good.
///
/// A window's measure is the limit in force, not the oracle's use of it, which comes all at once where windows
/// are fixed; without a limit by rate it is the oracle's mean.
fn good_windows(scenario: &Scenario, run: &Run, possible: &[Admitted]) -> Vec<f64> {
    let seconds = run.end.floor() as usize;
    let mut admitted = vec![0.0; seconds];
    for one in run.admitted.iter().filter(|one| (one.at as usize) < seconds) {
        admitted[one.at as usize] += one.amount;
    }
    let mean = possible.iter().map(|one| one.amount).sum::<f64>() / scenario.duration_secs;
    let wanted: Vec<f64> =
        (0..seconds).map(|at| scenario.rate_at(at as f64).unwrap_or(mean)).collect();
    let window = WINDOW_SECS as usize;
    let share = |from: usize| {
        let sum = |list: &[f64]| list[from..from + window].iter().sum::<f64>();
        ratio(sum(&admitted), sum(&wanted), 1.0)
    };
    (0..seconds.saturating_sub(window - 1)).map(share).collect()
}

fn converged(windows: &[f64], from: f64) -> Option<f64> {
    let step = WINDOW_SECS as usize;
    let first = from.ceil() as usize;
    let good = |at: &usize| {
        (0..WINDOWS).all(|n| windows.get(at + n * step).is_some_and(|share| *share >= GOOD))
    };
    (first..windows.len()).find(good).map(|at| at as f64 - from)
}

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

/// The lowest median latency of a fixed number of calls at once that reaches 95 % of the best throughput.
fn best_fixed_p50(scenario: &Scenario, seed: u64) -> Option<f64> {
    let slots = scenario.service.slots?;
    let runs = (slots / 2..=slots * 2).map(|width| {
        let make = move |_: &Scenario, seed, worker| driven(Fixed::new(width, seed), seed, worker);
        let run = simulate(scenario, seed, &make);
        let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
        let mut latencies: Vec<f64> = answers.map(|call| call.replied_at - call.at).collect();
        latencies.sort_by(f64::total_cmp);
        (latencies.len() as f64, quantile(&latencies, 0.5))
    });
    let runs: Vec<(f64, f64)> = runs.collect();
    let most = runs.iter().map(|run| run.0).fold(0.0, f64::max);
    runs.iter().filter(|run| run.0 >= 0.95 * most).map(|run| run.1).min_by(f64::total_cmp)
}
