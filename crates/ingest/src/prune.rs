//! Removes documents whose source is gone: only out of complete, non-empty listings, and not too many at once.
//!
//! Counted first and removed then, page by page, so that neither needs to hold what is gone.

use crate::outcome::{End, RunError};
use crate::run::Context;
use crate::settings::{Mode, Prune};
use crate::source::Walked;
use types::ledger::{Change, FileState};

/// More than this share and more than so many at once is more likely an unmounted disk than a wish.
const SHARE_MAX: f64 = 0.20;
const DOCUMENTS_MAX: u64 = 100;

/// Changes of one transaction.
const BATCH: usize = 200;
/// Files read at once.
const PAGE: usize = 1000;

/// What is gone, over all sources whose listing can be trusted.
pub(crate) fn apply(cx: &Context<'_>, walked: Vec<Walked>) -> Result<Option<End>, RunError> {
    if cx.settings.prune == Prune::No {
        return Ok(None);
    }
    let trusted: Vec<Walked> =
        walked.into_iter().filter(|source| source.complete && source.listed > 0).collect();
    let (mut gone, mut known) = (0, 0);
    for source in &trusted {
        gone += source.gone.documents + stale(cx, source)?;
        known += source.known;
    }
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
    for source in trusted {
        if remove_stale(cx, &source)? == Went::Interrupted
            || remove_files(cx, source)? == Went::Interrupted
        {
            return Ok(Some(End::Interrupted));
        }
    }
    cx.progress.removed.add(gone);
    Ok(None)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    ToTheEnd,
    Interrupted,
}

/// Documents that their files no longer hold. Asked after the run, which may have made some.
fn stale(cx: &Context<'_>, source: &Walked) -> Result<u64, RunError> {
    let mut count = 0;
    files(cx, source, &mut |file| {
        count += u64::from(file.stale);
        Ok(Went::ToTheEnd)
    })?;
    Ok(count)
}

fn remove_stale(cx: &Context<'_>, source: &Walked) -> Result<Went, RunError> {
    files(cx, source, &mut |file| {
        if file.stale == 0 {
            return Ok(Went::ToTheEnd);
        }
        loop {
            let page = cx.parts.store.stale_documents(source.id, &file.name, BATCH)?;
            if page.is_empty() {
                return Ok(Went::ToTheEnd);
            }
            let changes: Vec<_> =
                page.into_iter().map(|document| Change::Remove { document }).collect();
            if remove(cx, &changes)? == Went::Interrupted {
                return Ok(Went::Interrupted);
            }
        }
    })
}

fn remove_files(cx: &Context<'_>, source: Walked) -> Result<Went, RunError> {
    let mut names = source.gone.into_names().map_err(|error| RunError::of_spool(&error))?;
    loop {
        let mut changes = Vec::new();
        for name in names.by_ref().take(BATCH) {
            let name = name.map_err(|error| RunError::of_spool(&error))?;
            changes.push(Change::RemoveFile { source: source.id, name });
        }
        if changes.is_empty() {
            return Ok(Went::ToTheEnd);
        }
        if remove(cx, &changes)? == Went::Interrupted {
            return Ok(Went::Interrupted);
        }
    }
}

fn remove(cx: &Context<'_>, changes: &[Change]) -> Result<Went, RunError> {
    for applied in cx.room().write(|| cx.parts.store.apply(changes))? {
        cx.progress.chunks_removed.add(applied.removed);
    }
    Ok(if cx.interrupt.is_set() { Went::Interrupted } else { Went::ToTheEnd })
}

/// Every file that the store has of a source.
fn files(
    cx: &Context<'_>,
    source: &Walked,
    visit: &mut dyn FnMut(&FileState) -> Result<Went, RunError>,
) -> Result<Went, RunError> {
    let mut after: Option<String> = None;
    loop {
        let page = cx.parts.store.files_after(source.id, after.as_deref(), PAGE)?;
        for file in &page {
            if visit(file)? == Went::Interrupted {
                return Ok(Went::Interrupted);
            }
        }
        let Some(last) = page.into_iter().next_back() else { return Ok(Went::ToTheEnd) };
        after = Some(last.name);
    }
}
