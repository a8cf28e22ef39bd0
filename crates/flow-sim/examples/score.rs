//! Scores a client on the scenarios, for tuning: `cargo run --release -p gristmill-flow-sim --example score -- --help`.

use flow::policy::Verdict;
use flow_sim::contender::{CONTENDERS, Contender, contender};
use flow_sim::scenario::{Scenario, builtin, held_out, load};
use flow_sim::score::{Score, Scores, score_seeds, wanted_per_sec};
use flow_sim::world::{Run, simulate};
use std::error::Error;
use std::path::PathBuf;

const USAGE: &str = "score [--scenario NAME]... [--seeds N] [--policy NAME] [--held-out] [--file PATH] [--series SEED]
A NAME that ends in * stands for all that begin so. --series tells one seed's ten-second steps instead of scores.";

const STEP_SECS: usize = 10;

struct Asked {
    scenarios: Vec<String>,
    seeds: u64,
    policy: &'static Contender,
    from: From,
    series: Option<u64>,
}

enum From {
    BuiltIn,
    HeldOut,
    File(PathBuf),
}

fn asked() -> Result<Asked, Box<dyn Error>> {
    let mut asked = Asked {
        scenarios: Vec::new(),
        seeds: 5,
        policy: &CONTENDERS[0],
        from: From::BuiltIn,
        series: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--scenario" => asked.scenarios.push(value()?),
            "--seeds" => asked.seeds = value()?.parse()?,
            "--policy" => {
                let name = value()?;
                let names: Vec<&str> = CONTENDERS.iter().map(|contender| contender.name).collect();
                asked.policy = contender(&name)
                    .ok_or_else(|| format!("no policy {name}: there are {}", names.join(", ")))?;
            }
            "--held-out" => asked.from = From::HeldOut,
            "--file" => asked.from = From::File(value()?.into()),
            "--series" => asked.series = Some(value()?.parse()?),
            _ => return Err(format!("unknown argument {word}\n{USAGE}").into()),
        }
    }
    Ok(asked)
}

fn wanted(asked: &Asked, scenario: &Scenario) -> bool {
    let matches = |name: &String| match name.strip_suffix('*') {
        Some(start) => scenario.name.starts_with(start),
        None => scenario.name == *name,
    };
    asked.scenarios.is_empty() || asked.scenarios.iter().any(matches)
}

fn row(scenario: &Scenario, scores: &Scores) -> String {
    let secs = |secs: Option<f64>| secs.unwrap_or(f64::INFINITY);
    let again = |score: &Score| score.reconverged.iter().map(|one| secs(*one)).fold(0.0, f64::max);
    let mut misses: Vec<&str> = scores
        .0
        .iter()
        .flat_map(|score| scenario.bars.misses(score))
        .map(|miss| miss.bar)
        .collect();
    misses.sort_unstable();
    misses.dedup();
    format!(
        "{:<28} {:.3} {:.3}  {:.3}  {:5.2} {:5.2} {:5.2} {:>5}  {:>4.0} {:>4.0}  {:5.2} {:6.2} {:5.2} {:>5}  {:.2}  {}",
        scenario.name,
        scores.median(|score| score.utilisation),
        scores.least(|score| score.utilisation),
        scores.least(|score| score.utilisation_whole),
        100.0 * scores.median(|score| score.throttled),
        100.0 * scores.most(|score| score.throttled),
        100.0 * scores.most(|score| score.throttled_late),
        scores.most(|score| score.throttled_count as f64),
        scores.most(|score| secs(score.converged)),
        scores.most(again),
        scores.median(|score| score.p50),
        scores.most(|score| score.p99),
        scores.most(|score| score.attempts_per_answer),
        scores.most(|score| score.in_flight_max as f64),
        scores.least(|score| score.jain),
        if misses.is_empty() { "ok".to_owned() } else { format!("MISS {}", misses.join(" ")) },
    )
}

/// What was admitted, allowed and refused, and what the policy held to, in steps of ten seconds.
fn series(scenario: &Scenario, run: &Run) -> String {
    let head = format!("{}\n seconds   admitted allowed  429s inflt  rates", scenario.name);
    let step = |from: usize| {
        let inside = |at: f64| at as usize / STEP_SECS == from / STEP_SECS;
        let admitted: f64 =
            run.admitted.iter().filter(|one| inside(one.at)).map(|one| one.amount).sum();
        let refused =
            run.calls.iter().filter(|call| inside(call.at) && call.verdict == Verdict::Throttled);
        let allowed =
            wanted_per_sec(scenario, from as f64).unwrap_or(f64::INFINITY) * STEP_SECS as f64;
        let sample = &run.samples[from];
        let rates: Vec<String> =
            sample.reading.rates.iter().flatten().map(|rate| format!("{rate:.2}")).collect();
        format!(
            "{from:>8} {admitted:>10.0} {allowed:>7.0} {:>5} {:>5}  {}",
            refused.count(),
            sample.in_flight,
            rates.join(" "),
        )
    };
    let steps = (0..run.samples.len()).step_by(STEP_SECS).map(step);
    std::iter::once(head).chain(steps).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::print_stdout, reason = "a table on standard output is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let asked = asked()?;
    let scenarios = match &asked.from {
        From::BuiltIn => builtin(),
        From::HeldOut => held_out(),
        From::File(path) => load(path)?,
    };
    if let Some(seed) = asked.series {
        for scenario in scenarios.iter().filter(|scenario| wanted(&asked, scenario)) {
            println!("{}", series(scenario, &simulate(scenario, seed, &asked.policy.make)));
        }
        return Ok(());
    }
    println!(
        "{:<28} util  worst whole   429%  worst late  count  conv again   p50    p99  att/ok inflt jain",
        asked.policy.name
    );
    for scenario in scenarios.iter().filter(|scenario| wanted(&asked, scenario)) {
        let scores = score_seeds(scenario, asked.seeds, &asked.policy.make);
        println!("{}", row(scenario, &scores));
    }
    Ok(())
}
