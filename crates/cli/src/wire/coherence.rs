//! Whether a model tells texts apart: checked once for each model of a store that costs nothing to ask.

use super::lanes::{Kind, kind};
use crate::display;
use crate::failed::Failed;
use ingest::quality::{Coherence, PAIRS};
use serde_json::{Value, json};
use types::seam::{Embedder, Purpose, Store};

/// The store's setting with what was found, for `status`.
pub(crate) const COHERENCE: &str = "coherence";

/// Asks a local model for a few vectors, unless this store knows already what it makes of them.
pub(crate) fn check_once(store: &dyn Store, embedder: &dyn Embedder) -> Result<(), Failed> {
    let model = embedder.model();
    let known =
        store.setting(COHERENCE)?.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let asked = known.is_some_and(|known| known["embedder"] == model.to_string());
    if asked || kind(model) == Kind::Remote {
        return Ok(());
    }
    let texts: Vec<&str> = PAIRS.iter().flat_map(|(a, b, c)| [*a, *b, *c]).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::internal(format!("cannot ask the model: {error}")))?;
    let answer = runtime
        .block_on(embedder.embed(Purpose::Document, &texts))
        .map_err(|e| Failed::new(ingest::outcome::class_of(e.kind), e.message, e.hint))?;
    let vectors: Vec<_> = answer.vectors.into_iter().map(Result::ok).collect();
    let found = Coherence::of(&vectors);
    if !found.is_coherent() {
        display::tell(
            &format!(
                "{model} orders {} of {} pairs of texts wrongly",
                found.of - found.right,
                found.of
            ),
            "check the model's files and its pooling: search by meaning may find little",
        );
    }
    let verdict = json!({
        "embedder": model.to_string(),
        "right": found.right,
        "of": found.of,
        "coherent": found.is_coherent(),
    });
    store.set_setting(COHERENCE, &verdict.to_string())?;
    Ok(())
}
