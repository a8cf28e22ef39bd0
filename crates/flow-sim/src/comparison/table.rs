//! The comparison as text.

use super::{Comparison, Entry, Figures, Mean, means};
use crate::contender::Role;
use crate::score::Miss;
use std::fmt::Write as _;

const HEAD: &str =
    "  policy              util  worst   429 %  worst  reconv s   p50 s   p99 s   score  bars";
const MEANS_HEAD: &str = "  policy              util   429 %   score   worst  bars met";

/// A table per scenario, then the means per policy, then the bars that ours missed.
pub fn table(comparisons: &[Comparison]) -> String {
    let mut out = String::new();
    for comparison in comparisons {
        let scenario = &comparison.scenario;
        line(&mut out, format_args!("{}: {}", scenario.name, scenario.about));
        line(&mut out, format_args!("{HEAD}"));
        for entry in &comparison.entries {
            row(&mut out, entry, &entry.figures());
        }
        line(&mut out, format_args!(""));
    }
    line(&mut out, format_args!("mean of {} scenarios", comparisons.len()));
    line(&mut out, format_args!("{MEANS_HEAD}"));
    for mean in means(comparisons) {
        mean_row(&mut out, &mean);
    }
    notes(&mut out, comparisons);
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string cannot fail");
}

fn row(out: &mut String, entry: &Entry, figures: &Figures) {
    let reconverged = match figures.reconverged {
        None => "-".to_owned(),
        Some(secs) if secs.is_infinite() => "never".to_owned(),
        Some(secs) => format!("{secs:.0}"),
    };
    line(
        out,
        format_args!(
            "  {:<18} {:5.3}  {:5.3}  {:6.2} {:6.2} {reconverged:>9} {:7.2} {:7.2} {:7.3}  {}",
            name(entry.policy, entry.role, entry.width),
            figures.utilisation,
            figures.utilisation_worst,
            100.0 * figures.throttled,
            100.0 * figures.throttled_worst,
            figures.p50,
            figures.p99,
            figures.combined,
            if entry.missed.is_empty() { "met" } else { "missed" },
        ),
    );
}

fn mean_row(out: &mut String, mean: &Mean) {
    line(
        out,
        format_args!(
            "  {:<18} {:5.3}  {:6.2} {:7.3} {:7.3}  {} of {}",
            name(mean.policy, mean.role, None),
            mean.utilisation,
            100.0 * mean.throttled,
            mean.combined,
            mean.combined_worst,
            mean.met,
            mean.scenarios,
        ),
    );
}

/// References bear a mark: they know what no client is told.
fn name(policy: &str, role: Role, width: Option<usize>) -> String {
    let width = width.map(|width| format!(" {width}")).unwrap_or_default();
    let mark = if role == Role::Reference { "*" } else { "" };
    format!("{policy}{mark}{width}")
}

fn notes(out: &mut String, comparisons: &[Comparison]) {
    let entries = || comparisons.iter().flat_map(|comparison| &comparison.entries);
    line(out, format_args!("score = utilisation x (1 - 10 x share of 429s); medians over seeds"));
    if entries().any(|entry| entry.role == Role::Reference) {
        line(
            out,
            format_args!("* a reference: it knows the limit or was chosen knowing the result"),
        );
    }
    for comparison in comparisons {
        for entry in comparison.entries.iter().filter(|entry| entry.role == Role::Ours) {
            for miss in &entry.missed {
                missed(out, &comparison.scenario.name, entry.policy, miss);
            }
        }
    }
}

fn missed(out: &mut String, scenario: &str, policy: &str, miss: &Miss) {
    let got = if miss.got.is_finite() { format!("{:.4}", miss.got) } else { "never".to_owned() };
    line(
        out,
        format_args!("missed by {policy}: {scenario}: {} {} (got {got})", miss.bar, miss.wanted),
    );
}
