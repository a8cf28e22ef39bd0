//! A transformer from a folder, with what the store remembers of it.

use super::{Chosen, Dimensions};
use crate::display;
use crate::estimate::Address;
use crate::failed::Failed;
use crate::settings::Settings;
use connectors::embed::local::{LocalError, Options, Precision};
use connectors::embed::{LocalEmbedder, local};
use flow::dispatch::{Counts, Role};
use ingest::model::Group;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::seam::{Embedder, Store};

/// The store's setting with precision and prompts, so that a search needs none of them.
pub(super) const OPTIONS: &str = "embedder_options";

/// The folder of a specification that a store remembers; none: it is no local model's.
pub(super) fn folder(spec: &str) -> Option<PathBuf> {
    spec.strip_prefix(local::PROVIDER)?.strip_prefix(':').map(PathBuf::from)
}

pub(super) fn open(
    settings: &Settings,
    store: &dyn Store,
    folder: &Path,
) -> Result<Chosen, Failed> {
    // The next run may start elsewhere.
    let folder = std::path::absolute(folder).map_err(|error| {
        Failed::usage(format!("local:{}: {error}", folder.display()), "name a folder")
    })?;
    let spec = format!("{}:{}", local::PROVIDER, folder.display());
    let options = options(settings, store, &spec)?;
    let remembered = json!({
        "precision": options.precision.name(),
        "query_prompt": options.query_prompt,
        "document_prompt": options.document_prompt,
    });
    let embedder = LocalEmbedder::open(&folder, options, settings.workers.get()).map_err(failed)?;
    for note in embedder.notes() {
        display::note(&note);
    }
    let runs_on = format!("{} on {}", embedder.precision().name(), embedder.instructions());
    let fingerprint = embedder.fingerprint();
    let embedder: Arc<dyn Embedder> = Arc::new(embedder);
    let group = Group { endpoints: vec![Arc::clone(&embedder)] };
    Ok(Chosen {
        embedder,
        fingerprint,
        groups: vec![(Role::Primary, group)],
        spec,
        options: Some(remembered.to_string()),
        address: Address::Provider,
        dimensions: Dimensions::Known,
        runs_on: Some(runs_on),
        asked: Counts::default(),
    })
}

/// What the settings say, else what the store's vectors were made with, if they are of the same folder.
fn options(settings: &Settings, store: &dyn Store, spec: &str) -> Result<Options, Failed> {
    let known = store.setting(super::SPEC)?.as_deref() == Some(spec);
    let remembered: Value = match store.setting(OPTIONS)?.filter(|_| known) {
        Some(text) => serde_json::from_str(&text).unwrap_or_default(),
        None => Value::Null,
    };
    let text = |key: &str| remembered[key].as_str().map(str::to_owned);
    let own = settings.local.clone();
    let precision = own.precision.or_else(|| Precision::from_name(&text("precision")?));
    Ok(Options {
        precision: precision.unwrap_or_default(),
        query_prompt: own.query_prompt.or_else(|| text("query_prompt")),
        document_prompt: own.document_prompt.or_else(|| text("document_prompt")),
    })
}

fn failed(error: LocalError) -> Failed {
    match error {
        LocalError::Load(error) => Failed::usage(error.to_string(), error.hint()),
        LocalError::Thread(error) => Failed::internal(error.to_string()),
    }
}
