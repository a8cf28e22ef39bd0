//! What each part of our limiter is worth: the score without it, over all scenarios.
//!
//! `cargo run --release -p gristmill-flow-sim --example ablation -- [SEEDS]`; a few minutes for three seeds.

use flow::adaptive::{Adaptive, Bounds, Part};
use flow_sim::client::Client;
use flow_sim::contender::{dispatched, of_worker};
use flow_sim::scenario::{Scenario, builtin, held_out};
use flow_sim::score::{Score, Scores, score_seeds};
use std::error::Error;

fn client(part: Option<Part>, seed: u64, worker: usize) -> Box<dyn Client> {
    let whole = Adaptive::new(Bounds::default(), of_worker(seed, worker));
    let limiter = match part {
        Some(part) => whole.without(part),
        None => whole,
    };
    dispatched(limiter, seed, worker)
}

/// Means over the scenarios of the medians over the seeds, and the worst.
fn row(name: &str, scenarios: &[Scenario], seeds: u64, part: Option<Part>) -> String {
    let make = move |_: &Scenario, seed, worker| client(part, seed, worker);
    let all: Vec<Scores> =
        scenarios.iter().map(|scenario| score_seeds(scenario, seeds, &make)).collect();
    let mean = |of: fn(&Score) -> f64| {
        all.iter().map(|scores| scores.median(of)).sum::<f64>() / all.len() as f64
    };
    let met = scenarios.iter().zip(&all).filter(|(scenario, scores)| {
        scores.0.iter().all(|score| scenario.bars.misses(score).is_empty())
    });
    format!(
        "| {name} | {:.3} | {:.2} | {:.3} | {:.3} | {} |",
        mean(|score| score.utilisation),
        100.0 * mean(|score| score.throttled),
        mean(Score::combined),
        all.iter().map(|scores| scores.least(Score::combined)).fold(f64::INFINITY, f64::min),
        met.count(),
    )
}

#[expect(clippy::print_stdout, reason = "a table on standard output is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let seeds = std::env::args().nth(1).map_or(Ok(3), |word| word.parse())?;
    let scenarios: Vec<Scenario> = builtin().into_iter().chain(held_out()).collect();
    println!(
        "| without | util | 429 % | score | worst | scenarios met |\n|---|---|---|---|---|---|"
    );
    println!("{}", row("nothing", &scenarios, seeds, None));
    for (name, part) in Part::ALL {
        println!("{}", row(name, &scenarios, seeds, Some(part)));
    }
    Ok(())
}
