//! The embedder that a specification names, with the ways to it.

mod local;
pub(crate) mod pulled;
mod routed;

use crate::display;
use crate::estimate::Address;
use crate::failed::Failed;
use crate::settings::{EmbedderChoice, Endpoint, Settings, Standby};
use connectors::embed::{
    ApiKey, BadSetup, BuiltinEmbedder, KeyOverPlainHttp, LocalEmbedder, OpenError, ProviderSpec,
    RemoteEmbedder, RemoteOptions,
};
use flow::dispatch::{Counts, Role};
use ingest::model::Group;
use std::num::NonZeroUsize;
use std::sync::Arc;
use types::embedding::ModelId;
use types::failure::FailureClass;
use types::seam::{Embedder, Store};

pub(crate) use local::{RunsOn, runs_on};
pub(crate) use routed::{choose_named, choose_routed, remembered_of_routed, tell_unused};

/// The embedder and what, besides its identity, its vectors depend on.
pub(crate) struct Chosen {
    pub embedder: Arc<dyn Embedder>,
    pub fingerprint: String,
    pub ways: Vec<Way>,
    /// As typed, to find it again without being told.
    pub spec: String,
    /// What else to remember of it.
    pub options: Option<String>,
    pub address: Address,
    pub dimensions: Dimensions,
    /// A transformer in this process, to ask what it ran on.
    pub local: Option<Arc<LocalEmbedder>>,
    /// What it took to find out the dimensions.
    pub asked: Counts,
}

/// Endpoints that share a limiter.
pub(crate) struct Way {
    pub role: Role,
    pub group: Group,
    /// Of the configuration; none: limits of its own.
    pub limits: Option<String>,
}

impl Way {
    /// The only one to a model in this process.
    fn here(embedder: Arc<dyn Embedder>) -> Self {
        Self { role: Role::Primary, group: Group { endpoints: vec![embedder] }, limits: None }
    }
}

impl Chosen {
    /// Settings of a store that holds this model's vectors.
    pub(crate) fn remembered(&self) -> Vec<(String, String)> {
        let options = self.options.iter().map(|text| (local::OPTIONS.to_owned(), text.clone()));
        std::iter::once((SPEC.to_owned(), self.spec.clone())).chain(options).collect()
    }
}

/// Whether the number of the model's dimensions is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dimensions {
    Known,
    /// Nothing may be asked of the model now, and nobody else knows.
    Unknown,
}

/// What may be asked of a model whose dimensions nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// One word to embed.
    One,
    Nothing,
}

/// The store's setting with the specification of its embedder, address included.
const SPEC: &str = "embedder";

/// Settings with what is remembered of a routed local model, by its specification.
const OPTIONS_OF: &str = "embedder_options of";

const BUILTIN: &str = "builtin";

/// What the settings name, else the store's own model, else the built-in one.
pub(crate) fn choose(settings: &Settings, store: &dyn Store, ask: Ask) -> Result<Chosen, Failed> {
    let choice = match &settings.embedder {
        EmbedderChoice::OfStore => &of_store(store)?,
        chosen => chosen,
    };
    choose_named(settings, store, choice, ask)
}

/// Remembers how the store's model is reached.
pub(crate) fn remember(chosen: &Chosen, store: &dyn Store) -> Result<(), Failed> {
    for (key, value) in chosen.remembered() {
        if store.setting(&key)?.as_deref() != Some(&value) {
            store.set_setting(&key, &value)?;
        }
    }
    Ok(())
}

fn of_store(store: &dyn Store) -> Result<EmbedderChoice, Failed> {
    let Some(model) = store.model()?.filter(|model| model.provider != BUILTIN) else {
        return Ok(EmbedderChoice::Builtin);
    };
    let spec = store.setting(SPEC)?.unwrap_or_else(|| model.to_string());
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

fn builtin(threads: usize) -> Result<Chosen, Failed> {
    let embedder =
        BuiltinEmbedder::new(threads).map_err(|error| Failed::internal(error.to_string()))?;
    let fingerprint = embedder.fingerprint();
    let embedder: Arc<dyn Embedder> = Arc::new(embedder);
    Ok(Chosen {
        ways: vec![Way::here(Arc::clone(&embedder))],
        embedder,
        fingerprint,
        spec: BUILTIN.to_owned(),
        options: None,
        address: Address::Provider,
        dimensions: Dimensions::Known,
        local: None,
        asked: Counts::default(),
    })
}

fn remote(
    settings: &Settings,
    store: &dyn Store,
    spec: &ProviderSpec,
    ask: Ask,
) -> Result<Chosen, Failed> {
    let begun = store.migration()?.map(|migration| migration.target.model);
    let mut models = store.model()?.into_iter().chain(begun).chain(store.routed_models()?);
    let known = models.find(|model| is_of(model, spec)).map(|model| model.dimensions);
    let (first, dimensions, asked) = open(settings, spec, None, known, ask)?;
    if first.withholds_key() {
        display::tell(
            &format!("the key of {spec} is not sent: the way to it is not encrypted"),
            "use https://, or set embed.key_over_http = true in a network that you trust",
        );
    }
    let (fingerprint, model) = (first.fingerprint(), first.model().clone());
    let first: Arc<dyn Embedder> = Arc::new(first);
    let own = Group { endpoints: vec![Arc::clone(&first)] };
    let mut ways =
        vec![Way { role: Role::Primary, group: own, limits: settings.embed_group.clone() }];
    for endpoint in &settings.endpoints {
        if !serves(endpoint, &model) {
            // With routes it may be another model's.
            if !settings.routes.is_empty() {
                continue;
            }
            display::tell(
                &format!(
                    "the endpoint {} is not used: it makes no vectors of {model}",
                    endpoint.embedder
                ),
                &format!("if it does, write: serves = \"{model}\""),
            );
            continue;
        }
        let other = endpoint_of(settings, endpoint, &model)?;
        let role = match endpoint.standby {
            Standby::No => Role::Primary,
            Standby::Yes => Role::Standby,
        };
        let same = |way: &&mut Way| {
            way.limits.is_some() && way.limits == endpoint.group && way.role == role
        };
        if let Some(way) = ways.iter_mut().find(same) {
            way.group.endpoints.push(other);
        } else {
            let group = Group { endpoints: vec![other] };
            ways.push(Way { role, group, limits: endpoint.group.clone() });
        }
    }
    Ok(Chosen {
        embedder: first,
        fingerprint,
        ways,
        spec: spec.to_string(),
        options: None,
        address: if spec.has_own_address() { Address::Other } else { Address::Provider },
        dimensions,
        local: None,
        asked,
    })
}

/// Vectors of different models are never mixed, equal as their dimensions may be.
fn serves(endpoint: &Endpoint, model: &ModelId) -> bool {
    match &endpoint.serves {
        Some(served) => *served == model.to_string(),
        None => is_of(model, &endpoint.embedder),
    }
}

fn is_of(model: &ModelId, spec: &ProviderSpec) -> bool {
    model.provider == spec.provider().as_str() && model.model == spec.model()
}

/// Another way to the model. It must make vectors of the same dimensions: they lie in one index.
fn endpoint_of(
    settings: &Settings,
    endpoint: &Endpoint,
    model: &ModelId,
) -> Result<Arc<dyn Embedder>, Failed> {
    let variable = endpoint.key.as_deref();
    let (embedder, ..) =
        open(settings, &endpoint.embedder, variable, Some(model.dimensions), Ask::Nothing)?;
    if embedder.model().dimensions != model.dimensions {
        return Err(Failed::usage(
            format!(
                "the endpoint {} gives {} dimensions, {model} gives {}",
                endpoint.embedder,
                embedder.model().dimensions,
                model.dimensions
            ),
            "vectors of different models are never mixed: name endpoints of one model",
        ));
    }
    Ok(Arc::new(embedder))
}

fn open(
    settings: &Settings,
    spec: &ProviderSpec,
    variable: Option<&str>,
    dimensions: Option<usize>,
    ask: Ask,
) -> Result<(RemoteEmbedder, Dimensions, Counts), Failed> {
    let key = key(settings, spec, variable)?;
    let mut options = RemoteOptions {
        dimensions: dimensions.and_then(NonZeroUsize::new),
        items: settings.embed.batch_items.and_then(NonZeroUsize::new),
        timeout: RemoteOptions::TIMEOUT,
        key_over_plain_http: if settings.embed.key_over_http {
            KeyOverPlainHttp::Send
        } else {
            KeyOverPlainHttp::Withhold
        },
    };
    match RemoteEmbedder::new(spec, key.clone(), &options) {
        Ok(embedder) => Ok((embedder, Dimensions::Known, Counts::default())),
        Err(BadSetup::UnknownDimensions { .. }) if ask == Ask::Nothing => {
            options.dimensions = Some(NonZeroUsize::MIN);
            let embedder = RemoteEmbedder::new(spec, key, &options).map_err(|e| setup(&e))?;
            Ok((embedder, Dimensions::Unknown, Counts::default()))
        }
        Err(BadSetup::UnknownDimensions { .. }) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Failed::internal(format!("cannot ask the model: {error}")))?;
            match runtime.block_on(RemoteEmbedder::open(spec, key, &options)) {
                Ok(opened) => {
                    let (requests, tokens) = (opened.calls, opened.tokens as f64);
                    let asked = Counts { requests, tokens, ..Counts::default() };
                    Ok((opened.embedder, Dimensions::Known, asked))
                }
                Err(OpenError::Setup(error)) => Err(setup(&error)),
                Err(OpenError::Call(error)) => Err(Failed::new(
                    ingest::outcome::class_of(error.kind),
                    error.message,
                    error.hint,
                )),
            }
        }
        Err(error) => Err(setup(&error)),
    }
}

/// The key of a provider, from the variable named or from its usual ones; none when none is set.
pub(crate) fn key(
    settings: &Settings,
    spec: &ProviderSpec,
    variable: Option<&str>,
) -> Result<Option<ApiKey>, Failed> {
    let own = variable.map(|name| vec![name]);
    let names = own.unwrap_or_else(|| spec.key_variables().to_vec());
    let Some((name, value)) = names.iter().find_map(|name| Some((*name, settings.keys.get(name)?)))
    else {
        return match variable {
            Some(name) => Err(Failed::usage(
                format!("the endpoint {spec} takes its key from {name}, which is not set"),
                format!("set {name} in the environment"),
            )),
            None => Ok(None),
        };
    };
    ApiKey::new(value)
        .map(Some)
        .map_err(|error| Failed::usage(format!("{name}: {error}"), "check the variable's value"))
}

fn setup(error: &BadSetup) -> Failed {
    let hint = match error {
        BadSetup::NoKey { variables, .. } => {
            return Failed::new(
                FailureClass::Denied,
                error.to_string(),
                format!("export {}=...", variables.first().unwrap_or(&"OPENAI_API_KEY")),
            )
            .into_usage();
        }
        BadSetup::Dimensions { .. } => "name a store of its own for this model with --store",
        BadSetup::UnknownDimensions { .. } => "use a model whose dimensions are known",
        BadSetup::Client { .. } => "check the system's certificates and network",
    };
    Failed::usage(error.to_string(), hint)
}
