//! Models beside the embedder, as the routes name them.

use super::embedder::{self, Ask, Chosen, Dimensions};
use super::groups::Groups;
use super::lanes::access;
use crate::commands::ingest::{calls, tokens_max};
use crate::estimate::Address;
use crate::failed::Failed;
use crate::settings::{EmbedderChoice, LocalModel, Settings};
use flow::dispatch::Counts;
use ingest::model::{RoutedModel, Routing};
use ingest::route::{Routes, Rule};
use ingest::settings::Mode;
use types::embedding::ModelId;
use types::seam::{BatchLimits, ModelNumber, Store, StoreErrorKind};

/// The routes of a run, wired.
pub(crate) struct Wired {
    pub routing: Routing,
    /// Of each routed model, in their order.
    pub about: Vec<About>,
}

/// What a run's result needs to know of a routed model.
pub(crate) struct About {
    pub model: ModelId,
    pub number: Option<ModelNumber>,
    /// US dollars per million tokens.
    pub price: Option<f64>,
    pub limits: BatchLimits,
    pub address: Address,
    pub dimensions: Dimensions,
    /// What it took to find out the dimensions.
    pub asked: Counts,
}

/// Opens the models that the routes name, and makes room for them in a store that is written.
pub(crate) fn wire(
    settings: &Settings,
    store: &dyn Store,
    own: &ModelId,
    groups: &Groups,
    (mode, run_id): (Mode, &str),
) -> Result<Wired, Failed> {
    if settings.routes.is_empty() {
        refuse_lost_routes(store)?;
        return Ok(Wired { routing: Routing::default(), about: Vec::new() });
    }
    let ask = if mode == Mode::Ingest { Ask::One } else { Ask::Nothing };
    let (routes, chosen) = choose(settings, store, own, ask)?;
    embedder::tell_unused(settings, std::iter::once(own).chain(chosen.iter().map(model_of)));
    refuse_two_paid(settings, std::iter::once(own).chain(chosen.iter().map(model_of)))?;
    let (mut models, mut about) = (Vec::new(), Vec::new());
    for chosen in chosen {
        let model = model_of(&chosen).clone();
        let number = match mode {
            Mode::Ingest => Some(add(store, &chosen)?),
            Mode::DryRun => number(store, &model)?,
        };
        let price = settings.prices.of(&model);
        let budget = budget(settings, &model)?;
        let calls = calls(settings, &model, tokens_max(budget, price), run_id);
        about.push(About {
            model,
            number,
            price,
            limits: chosen.embedder.limits(),
            address: chosen.address,
            dimensions: chosen.dimensions,
            asked: chosen.asked,
        });
        models.push(RoutedModel {
            access: access(chosen, settings, groups, run_id),
            number,
            calls,
        });
    }
    Ok(Wired { routing: Routing { routes, models }, about })
}

fn model_of(chosen: &Chosen) -> &ModelId {
    chosen.embedder.model()
}

/// The rules with the models that they name, each model once; those that name the embedder's own lead to it.
fn choose(
    settings: &Settings,
    store: &dyn Store,
    own: &ModelId,
    ask: Ask,
) -> Result<(Routes, Vec<Chosen>), Failed> {
    // Prompts and the limit group are those of one model: a routed one has the prompts of its folder.
    let prompts =
        LocalModel { query_prompt: None, document_prompt: None, ..settings.local.clone() };
    let settings_of_routed = Settings { local: prompts, embed_group: None, ..settings.clone() };
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut known: Vec<(&EmbedderChoice, usize)> = Vec::new();
    let mut routes = Routes::default();
    for route in &settings.routes {
        let opened = known.iter().find(|(choice, _)| *choice == &route.embedder);
        let model = if let Some((_, model)) = opened {
            *model
        } else {
            let other = embedder::choose_named(&settings_of_routed, store, &route.embedder, ask)?;
            let model = place(own, &mut chosen, other);
            known.push((&route.embedder, model));
            model
        };
        routes.rules.push(Rule { when: route.when.clone(), model });
    }
    Ok((routes, chosen))
}

/// Index of the model in the routes; one that is met for the first time is put behind the others.
fn place(own: &ModelId, chosen: &mut Vec<Chosen>, other: Chosen) -> usize {
    if model_of(&other) == own {
        return 0;
    }
    let same = chosen.iter().position(|each| model_of(each) == model_of(&other));
    same.map_or_else(
        || {
            chosen.push(other);
            chosen.len()
        },
        |index| index + 1,
    )
}

/// Without its routes a run would give every chunk of other models to the embedder, and pay for it.
fn refuse_lost_routes(store: &dyn Store) -> Result<(), Failed> {
    let routed = store.routed_chunks()?;
    if routed.is_empty() {
        return Ok(());
    }
    let chunks: u64 = routed.iter().map(|(_, chunks)| chunks).sum();
    Err(Failed::usage(
        format!(
            "store {}: {chunks} chunks have their vectors from {} routed models, and the \
             configuration has no [[routes]]",
            store.url(),
            routed.len()
        ),
        "name the configuration with them (--config FILE), or give all chunks one model: \
         gristmill migrate --embedder SPEC",
    ))
}

/// One budget is held in one line: with two lines that cost something it could be exceeded.
fn refuse_two_paid<'m>(
    settings: &Settings,
    models: impl Iterator<Item = &'m ModelId>,
) -> Result<(), Failed> {
    let paid = models.filter(|model| settings.prices.of(model).is_none_or(|usd| usd > 0.0)).count();
    if settings.max_cost.is_none() || paid < 2 {
        return Ok(());
    }
    Err(Failed::usage(
        format!("max_cost cannot be kept to with {paid} models that cost something"),
        "see what it would cost with --dry-run, then run without max_cost",
    ))
}

fn budget(settings: &Settings, model: &ModelId) -> Result<Option<f64>, Failed> {
    settings
        .budget(model)
        .map_err(|error| Failed::usage(error.to_string(), "see: gristmill config show"))
}

fn add(store: &dyn Store, chosen: &Chosen) -> Result<ModelNumber, Failed> {
    let number = match store.add_model(model_of(chosen)) {
        Err(error) if error.kind == StoreErrorKind::OtherModel => {
            return Err(Failed::usage(error.message, error.hint));
        }
        other => other?,
    };
    for (key, value) in embedder::remembered_of_routed(chosen) {
        if store.setting(&key)?.as_deref() != Some(&value) {
            store.set_setting(&key, &value)?;
        }
    }
    Ok(number)
}

fn number(store: &dyn Store, model: &ModelId) -> Result<Option<ModelNumber>, Failed> {
    let known = store.routed_models()?;
    Ok((1..).zip(known).find(|(_, other)| other == model).map(|(number, _)| ModelNumber(number)))
}
