//! Models beside the store's own: opened by what routes say, or by what the store remembers.

use super::{Ask, BUILTIN, Chosen, OPTIONS_OF, builtin, is_of, local, remote, serves};
use crate::display;
use crate::failed::Failed;
use crate::settings::{EmbedderChoice, Settings};
use connectors::embed::ProviderSpec;
use types::embedding::ModelId;
use types::seam::Store;

/// Settings of a store with what a routed model's specification is, by its name.
const SPEC_OF: &str = "embedder of";

/// What routes name.
pub(crate) fn choose_named(
    settings: &Settings,
    store: &dyn Store,
    choice: &EmbedderChoice,
    ask: Ask,
) -> Result<Chosen, Failed> {
    match choice {
        EmbedderChoice::Builtin | EmbedderChoice::OfStore => builtin(settings.workers.get()),
        EmbedderChoice::Local(folder) => local::open(settings, store, folder),
        EmbedderChoice::Remote(spec) => remote(settings, store, spec, ask),
    }
}

/// A routed model of the store, for a query: where the routes say that it is, else where it was.
pub(crate) fn choose_routed(
    settings: &Settings,
    store: &dyn Store,
    model: &ModelId,
) -> Result<Chosen, Failed> {
    let named = settings.routes.iter().map(|route| &route.embedder);
    let named = named
        .into_iter()
        .find(|choice| matches!(choice, EmbedderChoice::Remote(spec) if is_of(model, spec)));
    let choice = match named {
        Some(choice) => choice.clone(),
        None => remembered(store, model)?,
    };
    choose_named(settings, store, &choice, Ask::One)
}

fn remembered(store: &dyn Store, model: &ModelId) -> Result<EmbedderChoice, Failed> {
    if model.provider == BUILTIN {
        return Ok(EmbedderChoice::Builtin);
    }
    let spec = store.setting(&format!("{SPEC_OF} {model}"))?.unwrap_or_else(|| model.to_string());
    if let Some(folder) = local::folder(&spec) {
        return Ok(EmbedderChoice::Local(folder));
    }
    ProviderSpec::parse(&spec).map(EmbedderChoice::Remote).map_err(|_| {
        Failed::usage(
            format!("the store holds vectors of {model}, which this version cannot make"),
            "use the version of gristmill that made the store",
        )
    })
}

/// Settings of a store that holds this model's vectors beside its own.
pub(crate) fn remembered_of_routed(chosen: &Chosen) -> Vec<(String, String)> {
    let spec = (format!("{SPEC_OF} {}", chosen.embedder.model()), chosen.spec.clone());
    let options =
        chosen.options.iter().map(|text| (format!("{OPTIONS_OF} {}", chosen.spec), text.clone()));
    std::iter::once(spec).chain(options).collect()
}

/// Endpoints that none of the models of a run has any use for.
pub(crate) fn tell_unused<'m>(settings: &Settings, models: impl Iterator<Item = &'m ModelId>) {
    let models: Vec<&ModelId> = models.collect();
    for endpoint in &settings.endpoints {
        if !models.iter().any(|model| serves(endpoint, model)) {
            let name = &endpoint.embedder;
            display::tell(
                &format!("the endpoint {name} is not used: it makes vectors of none of the models"),
                "if it does, write: serves = \"PROVIDER:MODEL\"",
            );
        }
    }
}
