//! Scores a client on the scenarios, for tuning: `cargo run --release -p gristmill-flow-sim --example score -- --help`.

use flow::policy::{Outcome, Verdict};
use flow_sim::client::{Call, Step};
use flow_sim::contender::{CONTENDERS, Contender, contender};
use flow_sim::scenario::{Scenario, builtin, fresh, held_out, load};
use flow_sim::score::{Score, Scores, score_seeds, wanted_per_sec};
use flow_sim::work::Backlog;
use flow_sim::world::{Run, simulate};
use std::collections::VecDeque;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

const USAGE: &str = "score [--scenario NAME]... [--seeds N] [--policy NAME] [--held-out] [--fresh] [--file PATH] [--series SEED] [--decisions]
A NAME that ends in * stands for all that begin so. --series tells one seed's ten-second steps instead of scores,
--decisions how many decisions per second one processor makes.";

const STEP_SECS: usize = 10;

struct Asked {
    scenarios: Vec<String>,
    seeds: u64,
    policy: &'static Contender,
    from: From,
    series: Option<u64>,
    task: Task,
}

#[derive(PartialEq)]
enum Task {
    Score,
    Decisions,
}

enum From {
    BuiltIn,
    HeldOut,
    Fresh,
    File(PathBuf),
}

fn asked() -> Result<Asked, Box<dyn Error>> {
    let mut asked = Asked {
        scenarios: Vec::new(),
        seeds: 5,
        policy: &CONTENDERS[0],
        from: From::BuiltIn,
        series: None,
        task: Task::Score,
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
            "--fresh" => asked.from = From::Fresh,
            "--decisions" => asked.task = Task::Decisions,
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

/// Decisions to be timed; on 6000 requests a minute that is a quarter of an hour.
const DECISIONS: u32 = 1_000_000;

/// Asks one client every millisecond of virtual time, and answers what it sends after 0.4 s. Per second of real time.
fn decisions_per_sec(scenario: &Scenario, policy: &Contender) -> f64 {
    let mut client = (policy.make)(scenario, 1, 0);
    let mut backlog = Backlog::new(&scenario.work, 1);
    let mut under_way = VecDeque::new();
    let answered = Outcome::plain(Verdict::Answered);
    let started = Instant::now();
    let (mut decided, mut now) = (0, 0.0);
    while decided < DECISIONS {
        now += 0.001;
        while let Some(call) =
            under_way.pop_front_if(|call: &mut Call| call.attempt.sent_at + 0.4 <= now)
        {
            client.on_end(now, &call, &answered);
        }
        loop {
            decided += 1;
            let Step::Call(call) = client.next(now, &mut backlog) else { break };
            under_way.push_back(call);
            if under_way.len() > 1000 {
                break;
            }
        }
    }
    f64::from(decided) / started.elapsed().as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a table on standard output is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let asked = asked()?;
    let scenarios = match &asked.from {
        From::BuiltIn => builtin(),
        From::HeldOut => held_out(),
        From::Fresh => fresh(),
        From::File(path) => load(path)?,
    };
    if asked.task == Task::Decisions {
        for scenario in scenarios.iter().filter(|scenario| wanted(&asked, scenario)) {
            let per_sec = decisions_per_sec(scenario, asked.policy);
            println!("{:<28} {:.2} million decisions per second", scenario.name, per_sec / 1e6);
        }
        return Ok(());
    }
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
