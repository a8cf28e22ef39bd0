//! A document's chunks on their way to the next stage.

use super::Stop;
use super::file::FileReader;
use super::step::{DocumentRef, Step};
use crate::settings::Mode;
use std::collections::HashMap;
use std::sync::Arc;
use types::document::OwnLabel;
use types::record::Chunk;

/// What a chunk's own label leaves open is decided as for its document.
pub(super) fn resolve_label(
    reader: &FileReader<'_, '_>,
    document: &DocumentRef,
    own: &OwnLabel,
    chunk: &mut Chunk,
) {
    if chunk.label.is_empty() {
        return;
    }
    let said = OwnLabel {
        domain: chunk.label.domain.take().or_else(|| own.domain.clone()),
        category: chunk.label.category.take().or_else(|| own.category.clone()),
    };
    let label = (reader.cx.settings.labelling)(&document.name, &said);
    chunk.label = OwnLabel { domain: Some(label.domain), category: Some(label.category) };
}

/// A chunk to the next stage, with the vector that the store has for its text; chunks that are committed already
/// are skipped.
pub(super) fn hand_on(
    reader: &FileReader<'_, '_>,
    document: &Arc<DocumentRef>,
    known: &HashMap<[u8; 16], i64>,
    begun: &mut bool,
    chunk: Chunk,
) -> Result<(), Stop> {
    let cx = reader.cx;
    if chunk.seq < document.first {
        return Ok(());
    }
    let place = known.get(&chunk.text_hash);
    if cx.settings.mode == Mode::DryRun {
        if place.is_none() {
            cx.progress.plan_chunks.add(1);
            cx.progress.plan_tokens.add(u64::from(chunk.tokens));
        }
        return Ok(());
    }
    let vector = match place {
        Some(place) => cx.parts.store.vectors_at(&[*place])?.pop().flatten(),
        None => None,
    };
    if !std::mem::replace(begun, true) {
        reader.steps.send(Step::Begin(Arc::clone(document)))?;
    }
    // The vector is part of what will be alive.
    let bytes = chunk.bytes() + cx.parts.model.embedder.model().dimensions * 4;
    let lease = cx.chunks.lease(bytes as u64);
    let leased = flow::memory::Leased { value: chunk, lease };
    reader.steps.send(Step::Chunk(Arc::clone(document), leased, vector))?;
    Ok(())
}
