//! What happened on one scenario, over time: ours beside the strongest others.

use super::{Comparison, Entrant};
use crate::chart::{Chart, Line, Panel, Scale, Stroke};
use crate::contender::{Contender, Role};
use crate::scenario::Scenario;
use crate::score::{Score, wanted_per_sec};
use crate::world::{Run, simulate};
use flow::cost::RATES;
use flow::policy::Verdict;
use quota::Dimension;

/// The seed that is drawn.
const SEED: u64 = 1;
/// Others beside ours; more lines hide each other.
const OTHERS: [Stroke; 3] = [Stroke::First, Stroke::Second, Stroke::Third];
/// Rates are means over so many seconds, as the judge of convergence sees them.
const WINDOW_SECS: usize = 10;
/// Times the limit: a first burst that empties a bucket would flatten all the rest.
const CUT_AT: f64 = 2.0;

/// Admitted rate, limit and 429s of ours and of the three others with the best scores; without ours, of the best.
pub fn drawing(comparison: &Comparison, entrants: &[Entrant]) -> Chart {
    let scenario = &comparison.scenario;
    let runs: Vec<(&'static str, Stroke, Run)> = chosen(comparison, entrants)
        .into_iter()
        .map(|(contender, stroke)| {
            (contender.name, stroke, simulate(scenario, SEED, &contender.make))
        })
        .collect();
    let mut panels = vec![admitted(scenario, &runs), refused(&runs)];
    if wanted_per_sec(scenario, 0.0).is_none() {
        panels.push(in_flight(&runs));
    }
    Chart {
        title: scenario.name.clone(),
        subtitle: format!("{}; seed {SEED}", scenario.about),
        seconds: scenario.duration_secs,
        panels,
    }
}

fn chosen(comparison: &Comparison, entrants: &[Entrant]) -> Vec<(&'static Contender, Stroke)> {
    let contender = |wanted: &str| {
        entrants.iter().find_map(|entrant| match entrant {
            Entrant::Contender(contender) if contender.name == wanted => Some(*contender),
            _ => None,
        })
    };
    let of = |role: Role| comparison.entries.iter().filter(move |entry| entry.role == role);
    let mut others: Vec<_> = of(Role::Rival).collect();
    others.sort_by(|a, b| {
        b.scores.median(Score::combined).total_cmp(&a.scores.median(Score::combined))
    });
    let ours = of(Role::Ours).map(|entry| (entry.policy, Stroke::Main)).take(1);
    let rest = others.iter().map(|entry| entry.policy).zip(OTHERS);
    // Others lie below ours.
    let mut chosen: Vec<_> =
        rest.chain(ours).filter_map(|(name, stroke)| Some((contender(name)?, stroke))).collect();
    if chosen.is_empty() {
        let references = of(Role::Reference).map(|entry| entry.policy).zip(OTHERS);
        chosen.extend(references.filter_map(|(name, stroke)| Some((contender(name)?, stroke))));
    }
    chosen
}

fn admitted(scenario: &Scenario, runs: &[(&'static str, Stroke, Run)]) -> Panel {
    let seconds = scenario.duration_secs as usize;
    let limit: Vec<(f64, f64)> = (0..=seconds)
        .filter_map(|at| Some((at as f64, wanted_per_sec(scenario, at as f64)?)))
        .collect();
    let mut lines = vec![Line { name: "limit".to_owned(), stroke: Stroke::Bound, points: limit }];
    for (name, stroke, run) in runs {
        if *stroke == Stroke::Main {
            lines.push(believed(name, scenario.measured(), run));
        }
        let points = means(scenario.duration_secs, run);
        lines.push(Line { name: (*name).to_owned(), stroke: *stroke, points });
    }
    let limit = lines[0].points.iter().map(|point| point.1).reduce(f64::max);
    lines.retain(|line| !line.points.is_empty());
    Panel {
        label: unit(scenario.measured()).to_owned(),
        scale: Scale::Linear,
        most: limit.map(|limit| CUT_AT * limit),
        lines,
    }
}

fn unit(measured: Dimension) -> &'static str {
    match measured {
        Dimension::InputTokens => "admitted, tokens/s",
        Dimension::Items => "admitted, texts/s",
        Dimension::Requests | Dimension::OutputTokens | Dimension::InFlight | Dimension::Day => {
            "admitted, requests/s"
        }
    }
}

/// The rate that the client holds to, where it holds to one.
fn believed(name: &str, measured: Dimension, run: &Run) -> Line {
    let index = RATES.iter().position(|dimension| *dimension == measured);
    let points = run.samples.iter().enumerate().filter_map(|(at, sample)| {
        let rate = index.and_then(|index| sample.reading.rates[index])?;
        rate.is_finite().then_some((at as f64, rate))
    });
    Line { name: format!("{name} holds to"), stroke: Stroke::Belief, points: points.collect() }
}

/// Per second, the mean rate of the window around it.
fn means(duration_secs: f64, run: &Run) -> Vec<(f64, f64)> {
    let seconds = duration_secs as usize;
    let mut amounts = vec![0.0; seconds];
    for one in &run.admitted {
        if let Some(second) = amounts.get_mut(one.at as usize) {
            *second += one.amount;
        }
    }
    let half = WINDOW_SECS as f64 / 2.0;
    let window = |(at, amounts): (usize, &[f64])| {
        (at as f64 + half, amounts.iter().sum::<f64>() / WINDOW_SECS as f64)
    };
    amounts.windows(WINDOW_SECS).enumerate().map(window).collect()
}

fn refused(runs: &[(&'static str, Stroke, Run)]) -> Panel {
    let line = |(name, stroke, run): &(&'static str, Stroke, Run)| {
        let refusals = run.calls.iter().filter(|call| call.verdict == Verdict::Throttled);
        let mut times: Vec<f64> = refusals.map(|call| call.replied_at).collect();
        times.sort_by(f64::total_cmp);
        let so_far = |at: usize| times.partition_point(|time| *time <= at as f64) as f64;
        let points = (0..run.samples.len()).map(|at| (at as f64, so_far(at))).collect();
        Line { name: (*name).to_owned(), stroke: *stroke, points }
    };
    Panel {
        label: "429s so far".to_owned(),
        scale: Scale::Counts,
        most: None,
        lines: runs.iter().map(line).collect(),
    }
}

fn in_flight(runs: &[(&'static str, Stroke, Run)]) -> Panel {
    let line = |(name, stroke, run): &(&'static str, Stroke, Run)| Line {
        name: (*name).to_owned(),
        stroke: *stroke,
        points: run
            .samples
            .iter()
            .enumerate()
            .map(|(at, sample)| (at as f64, sample.in_flight as f64))
            .collect(),
    };
    Panel {
        label: "calls in flight".to_owned(),
        scale: Scale::Linear,
        most: None,
        lines: runs.iter().map(line).collect(),
    }
}
