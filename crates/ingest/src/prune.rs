//! Removes documents whose source is gone: only out of complete, non-empty listings, and not too many at once.

use crate::outcome::{End, RunError};
use crate::run::Context;
use crate::settings::{Mode, Prune};
use crate::source::Walked;
use types::ledger::Change;

/// More than this share and more than so many at once is more likely an unmounted disk than a wish.
const SHARE_MAX: f64 = 0.20;
const DOCUMENTS_MAX: u64 = 100;

/// Changes of one transaction.
const BATCH: usize = 200;

/// What is gone, over all sources whose listing can be trusted.
pub(crate) fn apply(cx: &Context<'_>, walked: &[Walked]) -> Result<Option<End>, RunError> {
    if cx.settings.prune == Prune::No {
        return Ok(None);
    }
    let trusted: Vec<&Walked> =
        walked.iter().filter(|source| source.complete && source.listed > 0).collect();
    let stale = stale(cx, &trusted)?;
    let gone =
        trusted.iter().flat_map(|source| &source.gone).map(|(_, documents)| documents).sum::<u64>()
            + stale.len() as u64;
    let known: u64 = trusted.iter().map(|source| source.known).sum();
    if cx.settings.prune == Prune::Some
        && gone > DOCUMENTS_MAX
        && gone as f64 > SHARE_MAX * known as f64
    {
        return Ok(Some(End::PruneRefused { gone, of: known }));
    }
    if cx.settings.mode == Mode::DryRun {
        cx.progress.plan_removed.add(gone);
        return Ok(None);
    }
    let files = trusted.iter().flat_map(|source| {
        source
            .gone
            .iter()
            .map(|(name, _)| Change::RemoveFile { source: source.id, name: name.clone() })
    });
    let documents = stale.into_iter().map(|document| Change::Remove { document });
    let mut changes = documents.chain(files).peekable();
    while changes.peek().is_some() {
        for applied in cx.parts.store.apply(changes.by_ref().take(BATCH).collect())? {
            cx.progress.chunks_removed.add(applied.removed);
        }
        if cx.interrupt.is_set() {
            return Ok(Some(End::Interrupted));
        }
    }
    cx.progress.removed.add(gone);
    Ok(None)
}

/// Documents that their files no longer hold. Asked after the run, which may have made some.
fn stale(
    cx: &Context<'_>,
    trusted: &[&Walked],
) -> Result<Vec<types::ledger::DocumentId>, RunError> {
    let mut found = Vec::new();
    for source in trusted {
        let mut after: Option<String> = None;
        loop {
            let page = cx.parts.store.files_after(source.id, after.as_deref(), 1000)?;
            for file in page.iter().filter(|file| file.stale > 0) {
                found.extend(cx.parts.store.stale_documents(source.id, &file.name, usize::MAX)?);
            }
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
        }
    }
    Ok(found)
}
