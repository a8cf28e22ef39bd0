//! What `simulate` says: lists as text and JSON, scores as JSON.

use flow_sim::comparison::{Comparison, Entrant, Entry, means};
use flow_sim::contender::Role;
use flow_sim::scenario::Scenario;
use serde_json::{Value, json};

pub(super) fn list(scenarios: &[Scenario], entrants: &[Entrant]) -> String {
    let scenarios = scenarios.iter().map(|one| (one.name.as_str(), one.about.clone()));
    let policies = entrants.iter().map(|one| {
        let note = if one.role() == Role::Reference { " (a reference)" } else { "" };
        (one.name(), format!("{}{note}", one.about()))
    });
    let mut lines = vec!["scenarios".to_owned()];
    lines.extend(rows(&scenarios.collect::<Vec<_>>()));
    lines.push("policies".to_owned());
    lines.extend(rows(&policies.collect::<Vec<_>>()));
    lines.join("\n")
}

fn rows<'a>(rows: &'a [(&'a str, String)]) -> impl Iterator<Item = String> + 'a {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(move |(name, about)| format!("  {name:width$}  {about}"))
}

pub(super) fn list_json(scenarios: &[Scenario], entrants: &[Entrant]) -> Value {
    json!({
        "scenarios": scenarios
            .iter()
            .map(|one| json!({"name": one.name, "about": one.about}))
            .collect::<Vec<_>>(),
        "policies": entrants
            .iter()
            .map(|one| json!({"name": one.name(), "role": role(one.role()), "about": one.about()}))
            .collect::<Vec<_>>(),
    })
}

pub(super) fn json(comparisons: &[Comparison], seeds: u64, drawings: &[String]) -> Value {
    let scenarios = comparisons.iter().map(|comparison| {
        json!({
            "name": comparison.scenario.name,
            "about": comparison.scenario.about,
            "entries": comparison.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    });
    let means = means(comparisons).into_iter().map(|mean| {
        json!({
            "policy": mean.policy,
            "role": role(mean.role),
            "utilisation": mean.utilisation,
            "throttled": mean.throttled,
            "score": {"mean": mean.combined, "worst": mean.combined_worst},
            "bars_met": mean.met,
            "scenarios": mean.scenarios,
        })
    });
    json!({
        "seeds": seeds,
        "scenarios": scenarios.collect::<Vec<_>>(),
        "means": means.collect::<Vec<_>>(),
        "drawings": drawings,
    })
}

fn entry(entry: &Entry) -> Value {
    let figures = entry.figures();
    let missed = entry
        .missed
        .iter()
        .map(|miss| json!({"bar": miss.bar, "wanted": miss.wanted, "got": seconds(miss.got)}));
    json!({
        "policy": entry.policy,
        "role": role(entry.role),
        "width": entry.width,
        "utilisation": {"median": figures.utilisation, "worst": figures.utilisation_worst},
        "throttled": {"median": figures.throttled, "worst": figures.throttled_worst},
        "reconverged_seconds": figures.reconverged.map(seconds),
        "p50_seconds": figures.p50,
        "p99_seconds": figures.p99,
        "score": {"median": figures.combined, "worst": figures.combined_worst},
        "missed": missed.collect::<Vec<_>>(),
    })
}

/// JSON has no infinity.
fn seconds(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!("never") }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Variant => "variant",
        Role::Rival => "rival",
        Role::Reference => "reference",
    }
}
