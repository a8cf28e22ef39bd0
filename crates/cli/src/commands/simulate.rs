//! `gristmill simulate`: limiters against simulated providers, with scores and drawings.

mod answer;
mod scenarios;

use crate::args::{Format, SimulateArgs};
use crate::commands::print;
use crate::config::nearest::nearest;
use crate::display::Verbosity;
use crate::failed::{EXIT_FINDINGS, Failed};
use flow_sim::chart;
use flow_sim::comparison::{self, Comparison, Entrant};
use flow_sim::contender::{CONTENDERS, Role};
use flow_sim::scenario::Scenario;
use std::io::{Write, stderr};
use std::path::Path;
use types::failure::FailureClass;

/// Exit status 3: ours missed a bar.
pub(crate) fn simulate(
    args: &SimulateArgs,
    format: Format,
    verbosity: Verbosity,
) -> Result<u8, Failed> {
    let scenarios = scenarios::chosen(&args.scenarios)?;
    let entrants = entrants(&args.policies)?;
    if args.list {
        print(
            format,
            &answer::list_json(&scenarios, &entrants),
            &answer::list(&scenarios, &entrants),
        )?;
        return Ok(0);
    }
    let mut comparisons = Vec::with_capacity(scenarios.len());
    for (done, scenario) in scenarios.iter().enumerate() {
        if verbosity == Verbosity::Shown {
            progress(done + 1, scenarios.len(), scenario);
        }
        comparisons.push(comparison::compare(scenario, &entrants, args.seeds));
    }
    let table = comparison::table(&comparisons);
    let drawings = match &args.out {
        Some(folder) => write(folder, &comparisons, &entrants, &table)?,
        None => Vec::new(),
    };
    print(format, &answer::json(&comparisons, args.seeds, &drawings), table.trim_end())?;
    let missed = comparisons.iter().flat_map(|comparison| &comparison.entries);
    let missed =
        missed.filter(|entry| entry.role == Role::Ours).any(|entry| !entry.missed.is_empty());
    Ok(if missed { EXIT_FINDINGS } else { 0 })
}

fn progress(number: usize, all: usize, scenario: &Scenario) {
    // Who closed stderr does not want to know.
    drop(writeln!(stderr().lock(), "simulating {number} of {all}: {}", scenario.name));
}

/// In the order of the registry, whatever the order of the names, so that the same question has one answer.
fn entrants(names: &[String]) -> Result<Vec<Entrant>, Failed> {
    let all = || CONTENDERS.iter().map(Entrant::Contender).chain([Entrant::BestFixed]);
    if let Some(unknown) = names.iter().find(|name| all().all(|one| one.name() != name.as_str())) {
        let near = nearest(unknown, all().map(Entrant::name));
        return Err(Failed::usage(
            format!("there is no policy {unknown}; the nearest is {}", near.unwrap_or("none")),
            "gristmill simulate --list names all policies",
        ));
    }
    let wanted = |one: &Entrant| names.is_empty() || names.iter().any(|name| name == one.name());
    Ok(all().filter(wanted).collect())
}

/// The paths of the drawings.
fn write(
    folder: &Path,
    comparisons: &[Comparison],
    entrants: &[Entrant],
    table: &str,
) -> Result<Vec<String>, Failed> {
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let mut drawings = Vec::with_capacity(comparisons.len());
    for comparison in comparisons {
        let path = folder.join(format!("{}.svg", comparison.scenario.name));
        let svg = chart::svg(&comparison::drawing(comparison, entrants));
        std::fs::write(&path, svg).map_err(|error| cannot_write(&path, &error))?;
        drawings.push(path.display().to_string());
    }
    let path = folder.join("table.txt");
    std::fs::write(&path, table).map_err(|error| cannot_write(&path, &error))?;
    Ok(drawings)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failed {
    Failed::new(
        FailureClass::Denied,
        format!("cannot write {}: {error}", path.display()),
        "give --out a folder that can be written",
    )
}
