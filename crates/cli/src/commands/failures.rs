//! `gristmill failures list|retry|purge`: the dead letters.

use super::ingest::{Job, Only, Request as IngestRequest, Sources};
use super::print;
use crate::args::{Format, Targets};
use crate::failed::{EXIT_FINDINGS, Failed};
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::{signals, store};
use flow::interrupt::Interrupt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use stores::Access;
use types::ledger::DeadLetter;
use types::seam::Store;

/// The letters meant; a number that does not exist is a mistake.
fn chosen(targets: &Targets, letters: Vec<DeadLetter>) -> Result<Vec<DeadLetter>, Failed> {
    if let Some(missing) = targets.missing(&letters).first() {
        return Err(Failed::usage(
            format!("there is no failure {missing}"),
            "see the numbers in: gristmill failures list",
        ));
    }
    Ok(letters.into_iter().filter(|letter| targets.holds(letter)).collect())
}

pub(crate) fn list(format: Format, settings: &Settings) -> Result<u8, Failed> {
    let letters = store::open(settings.store.reveal(), Access::Read)?.dead_letters()?;
    let result = json!({ "failures": letters.iter().map(letter_json).collect::<Vec<_>>() });
    let mut lines: Vec<String> = letters.iter().map(letter_text).collect();
    lines.push(format!("{} failures", letters.len()));
    print(format, &result, &lines.join("\n"))?;
    Ok(0)
}

pub(crate) fn purge(targets: &Targets, format: Format, settings: &Settings) -> Result<u8, Failed> {
    let (store, _writing) = store::open_to_write(settings.store.reveal())?;
    let letters = chosen(targets, store.dead_letters()?)?;
    store.purge(&letters.iter().map(|letter| letter.id).collect::<Vec<_>>())?;
    print(
        format,
        &json!({ "purged": letters.len() }),
        &format!("{} failures forgotten", letters.len()),
    )?;
    Ok(0)
}

/// Ingests just the files of these letters again.
pub(crate) fn retry(
    targets: &Targets,
    mut request: IngestRequest,
    settings: &Settings,
) -> Result<u8, Failed> {
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let (store, _writing) = store::open_to_write(settings.store.reveal())?;
    let letters = chosen(targets, store.dead_letters()?)?;
    store.mark_for_retry(&letters.iter().map(|letter| letter.id).collect::<Vec<_>>())?;
    let only: Only =
        letters.iter().map(|letter| (letter.source.clone(), letter.file.clone())).collect();
    request.sources = Sources::Stored(sources_of(&letters));
    let mut result = json!({ "retried": letters.len() });
    if !request.sources.is_empty() {
        let job = Job::new(&request, settings, Arc::clone(&store))?;
        let done = job.run(Some(only.clone()), &interrupt)?;
        result["run"] = job.report(&done).json();
        store.end_run(done.outcome.run, &result["run"].to_string())?;
    }
    let left = left(store.as_ref(), &only)?;
    result["left"] = Value::from(left);
    let text = format!("{} failures tried again, {left} left", letters.len());
    print(request.format, &result, &text)?;
    Ok(if interrupt.is_set() {
        signals::INTERRUPTED as u8
    } else if left > 0 {
        EXIT_FINDINGS
    } else {
        0
    })
}

fn left(store: &dyn Store, only: &Only) -> Result<usize, Failed> {
    let letters = store.dead_letters()?;
    Ok(letters
        .iter()
        .filter(|letter| only.contains(&(letter.source.clone(), letter.file.clone())))
        .count())
}

/// Standard input is over; its documents come back only with the next one.
fn sources_of(letters: &[DeadLetter]) -> Vec<String> {
    let names: BTreeSet<&String> =
        letters.iter().map(|letter| &letter.source).filter(|name| *name != "-").collect();
    names.into_iter().cloned().collect()
}

fn letter_json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "source": letter.source,
        "document": letter.document,
        "chunk": letter.chunk,
        "class": letter.failure.class,
        "message": letter.failure.message,
        "hint": letter.failure.hint,
        "attempts": letter.attempts,
        "first_at": letter.first_at,
        "last_at": letter.last_at,
    })
}

fn letter_text(letter: &DeadLetter) -> String {
    let chunk = letter.chunk.map(|seq| format!(", chunk {seq}")).unwrap_or_default();
    format!(
        "{}  {}{chunk}: {} ({}, {} attempts)\n   hint: {}",
        letter.id,
        printable(&letter.document),
        letter.failure.message,
        letter.failure.class,
        letter.attempts,
        letter.failure.hint
    )
}
