//! `gristmill verify`: source = ledger = store, and `--repair`.

use super::ingest::{Job, Only, Request as IngestRequest, Sources};
use super::print;
use crate::failed::{EXIT_FINDINGS, Failed};
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::{signals, store};
use connectors::source::open_named;
use flow::interrupt::Interrupt;
use ingest::settings::{Mode, Prune};
use serde_json::{Value, json};
use std::sync::Arc;
use stores::Access;
use types::ledger::Violation;
use types::seam::{Repair, Store};

pub(crate) fn verify(
    repair: Repair,
    mut request: IngestRequest,
    settings: &Settings,
) -> Result<u8, Failed> {
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let url = settings.store.reveal();
    match repair {
        Repair::Yes => {
            let (store, _writing) = store::open_to_write(url)?;
            request.sources = Sources::Stored(reachable(store.as_ref(), settings)?);
            mend(&request, settings, &store, &interrupt)
        }
        Repair::No => {
            let store = store::open(url, Access::Read)?;
            request.sources = Sources::Stored(reachable(store.as_ref(), settings)?);
            check(request, settings, &store, &interrupt)
        }
    }
}

fn check(
    request: IngestRequest,
    settings: &Settings,
    store: &Arc<dyn Store>,
    interrupt: &Interrupt,
) -> Result<u8, Failed> {
    let found = store.verify(Repair::No)?;
    let format = request.format;
    let differences = compare(request, settings, store, interrupt)?;
    let findings = found.len() + differences.iter().filter(|(_, n)| *n > 0).count();
    let sources: serde_json::Map<String, Value> =
        differences.iter().map(|(what, n)| ((*what).to_owned(), Value::from(*n))).collect();
    let mut lines: Vec<String> = found.iter().map(violation_text).collect();
    lines.extend(differences.iter().filter(|(_, n)| *n > 0).map(|(what, n)| {
        format!("source: {n} documents are {what} since the last run\n   hint: gristmill ingest brings them in (--prune removes)")
    }));
    lines.push(format!("{findings} findings"));
    let result = json!({ "violations": found.iter().map(violation_json).collect::<Vec<_>>(), "sources": sources });
    print(format, &result, &lines.join("\n"))?;
    Ok(if findings > 0 { EXIT_FINDINGS } else { 0 })
}

fn mend(
    request: &IngestRequest,
    settings: &Settings,
    store: &Arc<dyn Store>,
    interrupt: &Interrupt,
) -> Result<u8, Failed> {
    let found = store.verify(Repair::Yes)?;
    let mut result = json!({ "violations": found.iter().map(violation_json).collect::<Vec<_>>() });
    if !found.is_empty() {
        let job = Job::new(request, settings, Arc::clone(store))?;
        let only = ungated(store.as_ref())?;
        if !request.sources.is_empty() && !only.is_empty() {
            let done = job.run(Some(only), interrupt)?;
            result["run"] = job.report(&done).json();
            store.end_run(done.outcome.run, &result["run"].to_string())?;
        } else {
            job.consolidate()?;
        }
    }
    let left = if found.is_empty() { Vec::new() } else { store.verify(Repair::No)? };
    result["left"] = left.iter().map(violation_json).collect();
    let mut lines: Vec<String> = found.iter().map(violation_text).collect();
    lines.push(format!("{} findings, {} left after the repair", found.len(), left.len()));
    lines.extend(left.iter().map(violation_text));
    print(request.format, &result, &lines.join("\n"))?;
    Ok(if left.is_empty() { 0 } else { EXIT_FINDINGS })
}

/// Files that the next run has to open: what the repair could not mend out of the store is among them.
fn ungated(store: &dyn Store) -> Result<Only, Failed> {
    let mut only = Only::new();
    for (id, source) in store.sources()? {
        let mut after: Option<String> = None;
        loop {
            let page = store.files_after(id, after.as_deref(), 1000)?;
            only.extend(
                page.iter()
                    .filter(|file| file.is_taken())
                    .map(|file| (source.clone(), file.name.clone())),
            );
            let Some(last) = page.into_iter().next_back() else { break };
            after = Some(last.name);
        }
    }
    Ok(only)
}

/// Documents in which the sources differ from the ledger: a dry run over all of them.
fn compare(
    mut request: IngestRequest,
    settings: &Settings,
    store: &Arc<dyn Store>,
    interrupt: &Interrupt,
) -> Result<[(&'static str, u64); 3], Failed> {
    if request.sources.is_empty() {
        return Ok([("new", 0), ("changed", 0), ("gone", 0)]);
    }
    request.mode = Mode::DryRun;
    request.prune = Prune::All;
    let plan = Job::new(&request, settings, Arc::clone(store))?.run(None, interrupt)?.outcome.plan;
    Ok([("new", plan.new), ("changed", plan.changed), ("gone", plan.removed)])
}

/// Sources that can be read again now: standard input is over, folders may be unmounted.
fn reachable(store: &dyn Store, settings: &Settings) -> Result<Vec<String>, Failed> {
    let names = store.sources()?.into_iter().map(|(_, name)| name);
    Ok(names.filter(|name| open_named(name, &settings.exclude).is_ok()).collect())
}

fn violation_json(violation: &Violation) -> Value {
    json!({
        "invariant": violation.invariant,
        "subject": violation.subject,
        "message": violation.message,
        "needs_ingest": violation.needs_ingest,
    })
}

fn violation_text(violation: &Violation) -> String {
    format!("{}: {}: {}", violation.invariant, printable(&violation.subject), violation.message)
}
