//! The embedder that a specification names.

use crate::failed::Failed;
use crate::settings::EmbedderChoice;
use connectors::embed::builtin::BuiltinEmbedder;
use std::sync::Arc;
use types::seam::{Embedder, Store};

/// The embedder and what, besides its identity, its vectors depend on.
pub(crate) struct Chosen {
    pub embedder: Arc<dyn Embedder>,
    pub fingerprint: String,
}

/// What the settings name, else the store's own model, else the built-in one.
pub(crate) fn choose(
    choice: EmbedderChoice,
    store: &dyn Store,
    threads: usize,
) -> Result<Chosen, Failed> {
    if choice == EmbedderChoice::OfStore
        && let Some(model) = store.model()?
        && model.provider != "builtin"
    {
        return Err(Failed::usage(
            format!("the store holds vectors of {model}, which this version cannot make"),
            "use the version of gristmill that made the store",
        ));
    }
    let embedder =
        BuiltinEmbedder::new(threads).map_err(|error| Failed::internal(error.to_string()))?;
    let fingerprint = embedder.fingerprint();
    Ok(Chosen { embedder: Arc::new(embedder), fingerprint })
}
