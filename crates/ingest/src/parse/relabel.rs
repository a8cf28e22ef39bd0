//! New rules for labels over an unchanged file: no parse, no vector.

use super::Stop;
use super::file::{FileReader, Labels};
use super::step::{FileRef, Step};
use crate::run::Context;
use crate::source::Opened;
use flow::queue::Sender;
use std::sync::Arc;
use types::ledger::{DocumentState, FileState};
use types::seam::ListedFile;

/// Rows read at once.
const PAGE: usize = 500;

/// Chunks with labels of their own take the rest of theirs from the rules, and with another label a chunk may be
/// another model's: such a document is read again. What stays with its model has its vector in the store.
pub(super) fn needs_parse(cx: &Context<'_>, state: &DocumentState) -> bool {
    let moves = || (cx.settings.labelling)(&state.name, &state.own) != state.label;
    state.mixed || (cx.parts.routing.routes.heed_labels() && moves())
}

pub(super) fn relabel(
    cx: &Context<'_>,
    from: &Opened,
    file: &ListedFile,
    gate: FileState,
    steps: &Sender<Step>,
) -> Result<(), Stop> {
    let file_ref = Arc::new(FileRef { source: from.id, name: file.name.clone() });
    let mut after: Option<String> = None;
    loop {
        let page = cx.parts.store.documents_of(from.id, &file.name, after.as_deref(), PAGE)?;
        if page.iter().any(|state| needs_parse(cx, state)) {
            return FileReader::new(cx, from, file, steps).with_labels(Labels::Changed).read();
        }
        for state in &page {
            let label = (cx.settings.labelling)(&state.name, &state.own);
            if state.head.is_some() {
                cx.progress.unchanged.add(1);
            }
            if state.head.is_some() && label != state.label {
                steps.send(Step::Relabel { document: state.id, label })?;
            }
        }
        steps.send(Step::Seen(page.iter().map(|state| state.id).collect()))?;
        let full = page.len() == PAGE;
        after = page.into_iter().next_back().map(|state| state.name);
        if !full {
            break;
        }
    }
    cx.progress.failed.add(u64::from(gate.failed));
    let state = FileState { labelling: cx.settings.labelling_hash, ..gate };
    steps.send(Step::File(file_ref, state))?;
    Ok(())
}
