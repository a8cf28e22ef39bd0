//! A transformer from a folder, with what the store remembers of it.

use super::{Chosen, Dimensions, Way, pulled};
use crate::display;
use crate::estimate::Address;
use crate::failed::Failed;
use crate::settings::Settings;
use connectors::embed::local::{LocalError, Machine, Options, Precision, RanOn};
use connectors::embed::{LocalEmbedder, local};
use flow::dispatch::Counts;
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
    let folder = pulled::place(&settings.models, folder)?;
    // The next run may start elsewhere.
    let folder = std::path::absolute(&folder).map_err(|error| {
        Failed::usage(format!("local:{}: {error}", folder.display()), "name a folder")
    })?;
    let spec = format!("{}:{}", local::PROVIDER, folder.display());
    let options = options(settings, store, &spec)?;
    let remembered = json!({
        "precision": options.precision.name(),
        "query_prompt": options.query_prompt,
        "document_prompt": options.document_prompt,
    });
    let machine = Machine {
        threads: settings.workers.get(),
        device: settings.local.device,
        notice: Arc::new(display::note),
    };
    let local = Arc::new(LocalEmbedder::open(&folder, options, machine).map_err(failed)?);
    for note in local.notes() {
        display::note(&note);
    }
    let fingerprint = local.fingerprint();
    let embedder: Arc<dyn Embedder> = Arc::<LocalEmbedder>::clone(&local);
    Ok(Chosen {
        ways: vec![Way::here(Arc::clone(&embedder))],
        embedder,
        fingerprint,
        spec,
        options: Some(remembered.to_string()),
        address: Address::Provider,
        dimensions: Dimensions::Known,
        local: Some(local),
        asked: Counts::default(),
    })
}

/// What a local model has run on, for the result of a run.
#[derive(Debug, Clone)]
pub(crate) struct RunsOn {
    /// In one line.
    pub text: String,
    pub device: Value,
}

/// Numbers and devices of the vectors that were made, or would have been.
pub(crate) fn runs_on(embedder: &LocalEmbedder) -> RunsOn {
    let ran = embedder.ran_on();
    let processor = format!("{} on {}", embedder.precision().name(), embedder.instructions());
    let cards: Vec<&str> = ran.in_use().map(|card| card.name.as_str()).collect();
    let text = match &ran.why_not {
        _ if !cards.is_empty() => format!("f16 on {}", cards.join(", ")),
        Some(why) => format!("{processor}: {why}"),
        None => processor,
    };
    let device = if cards.is_empty() { "cpu" } else { "cuda" };
    RunsOn { text, device: device_json(device, &ran) }
}

fn device_json(device: &str, ran: &RanOn) -> Value {
    let cards = ran.cards.iter().map(|card| {
        json!({
            "name": card.name,
            "texts": card.texts,
            "tokens": card.tokens,
            "out_of_memory": card.out_of_memory,
            "batch_tokens": card.tokens_max,
            "given_up": card.given_up,
        })
    });
    json!({
        "device": device,
        "why_not_cuda": ran.why_not,
        "cards": cards.collect::<Vec<_>>(),
        "left_to_processor": ran.left_to_processor,
    })
}

/// What the settings say, else what the store's vectors were made with, if they are of the same folder.
fn options(settings: &Settings, store: &dyn Store, spec: &str) -> Result<Options, Failed> {
    let known = store.setting(super::SPEC)?.as_deref() == Some(spec);
    let of_routed = || store.setting(&format!("{} {spec}", super::OPTIONS_OF));
    let text = if known { store.setting(OPTIONS)? } else { of_routed()? };
    let remembered: Value = match text {
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
        LocalError::Device(_) => Failed::usage(
            error.to_string(),
            "write embed.device = \"auto\" to use a card where there is one",
        ),
        LocalError::Thread(error) => Failed::internal(error.to_string()),
    }
}
