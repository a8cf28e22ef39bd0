//! A document's chunks on their way to the next stage.

use super::Stop;
use super::file::FileReader;
use super::step::{DocumentRef, Routed, Step};
use crate::route::Passage;
use crate::run::Context;
use crate::settings::Mode;
use std::collections::HashMap;
use std::sync::Arc;
use types::document::OwnLabel;
use types::embedding::Embedding;
use types::ledger::DocumentId;
use types::record::Chunk;
use types::seam::{ModelNumber, StoreError};

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

/// Where vectors of a document's texts lie in the store, for each model.
#[derive(Default)]
pub(super) struct KnownVectors(Vec<HashMap<[u8; 16], i64>>);

impl KnownVectors {
    pub(super) fn of(cx: &Context<'_>, document: DocumentId) -> Result<Self, StoreError> {
        let mut known = vec![cx.parts.store.known_vectors(document)?];
        for model in &cx.parts.routing.models {
            known.push(match model.number {
                Some(number) => cx.parts.store.known_routed(document, number)?,
                None => HashMap::new(),
            });
        }
        Ok(Self(known))
    }

    fn place(&self, model: usize, text_hash: &[u8; 16]) -> Option<i64> {
        self.0.get(model)?.get(text_hash).copied()
    }
}

fn at(cx: &Context<'_>, model: usize, place: i64) -> Result<Option<Embedding>, StoreError> {
    let store = &cx.parts.store;
    let found = match cx.parts.routing.number(model) {
        ModelNumber::OWN => store.vectors_at(&[place])?,
        routed => store.routed_at(routed, &[place])?,
    };
    Ok(found.into_iter().next().flatten())
}

/// Index of the model that the chunk belongs to: the first that the routes name and that takes so long a text.
pub(super) fn model_for(
    cx: &Context<'_>,
    document: &DocumentRef,
    own: &OwnLabel,
    chunk: &Chunk,
) -> usize {
    let routes = &cx.parts.routing.routes;
    if routes.rules.is_empty() {
        return 0;
    }
    let label = if chunk.label.is_empty() { own } else { &chunk.label };
    let label = (cx.settings.labelling)(&document.name, label);
    let passage = Passage {
        text: &chunk.text,
        tokens: chunk.tokens,
        domain: &label.domain,
        category: &label.category,
    };
    let takes = |model: &usize| {
        let embedder = &cx.parts.access(*model).embedder;
        let most = embedder.limits().text_tokens;
        // No token is shorter than a byte.
        *model == 0 || chunk.text.len() <= most || embedder.tokens().count(&chunk.text) <= most
    };
    routes.models(passage).find(takes).unwrap_or(0)
}

/// A chunk to the next stage, with the vector that the store has for its text; chunks that are committed already
/// are skipped.
pub(super) fn hand_on(
    reader: &FileReader<'_, '_>,
    document: &Arc<DocumentRef>,
    (known, model): (&KnownVectors, usize),
    begun: &mut bool,
    chunk: Chunk,
) -> Result<(), Stop> {
    let cx = reader.cx;
    if chunk.seq < document.first {
        return Ok(());
    }
    let place = known.place(model, &chunk.text_hash);
    if cx.settings.mode == Mode::DryRun {
        if place.is_none() {
            cx.progress.plan_chunk(model, u64::from(chunk.tokens));
        }
        return Ok(());
    }
    let vector = match place {
        Some(place) => at(cx, model, place)?,
        None => None,
    };
    if !std::mem::replace(begun, true) {
        reader.steps.send(Step::Begin(Arc::clone(document)))?;
    }
    // The vector is part of what will be alive.
    let bytes = chunk.bytes() + cx.parts.access(model).embedder.model().dimensions * 4;
    let lease = cx.chunks.lease(bytes as u64);
    let leased = flow::memory::Leased { value: chunk, lease };
    reader.steps.send(Step::Chunk(Arc::clone(document), leased, Routed { model, vector }))?;
    Ok(())
}
