//! The words of a query in every model that has vectors of what is searched.

use crate::display;
use crate::failed::Failed;
use crate::settings::Settings;
use crate::wire::embedder::{self, Ask, Chosen};
use ingest::outcome::class_of;
use serde_json::{Value, json};
use types::embedding::ModelId;
use types::query::Filter;
use types::seam::{ModelNumber, Purpose, Store};

/// The query's vectors, and which models gave one.
#[derive(Default)]
pub(super) struct Asked {
    pub own: Option<Vec<f32>>,
    pub routed: Vec<(ModelNumber, Vec<f32>)>,
    /// For the answer.
    pub models: Vec<Value>,
}

/// Asks all models at once. One that cannot be asked is told and left out, as long as another one answers.
pub(super) fn ask(
    words: &str,
    settings: &Settings,
    store: &dyn Store,
    filter: &Filter,
) -> Result<Asked, Failed> {
    let routed = store.routed_models()?;
    let mut asked = Asked::default();
    let mut missing: Vec<(Option<ModelId>, Failed)> = Vec::new();
    let mut chosen: Vec<(ModelNumber, Chosen)> = Vec::new();
    for number in store.models_under(filter)? {
        let of_store = match number.index() {
            None => store.model()?,
            Some(index) => routed.get(index).cloned(),
        };
        match open(settings, store, number, of_store.as_ref()) {
            Ok(model) => chosen.push((number, model)),
            Err(error) => missing.push((of_store, error)),
        }
    }
    for ((number, model), answer) in chosen.iter().zip(embed_all(words, &chosen)?) {
        let model = model.embedder.model();
        match answer {
            Ok(vector) => {
                asked.models.push(told(model, None));
                match number.index() {
                    None => asked.own = vector,
                    Some(_) => asked.routed.extend(vector.map(|vector| (*number, vector))),
                }
            }
            Err(error) => missing.push((Some(model.clone()), error)),
        }
    }
    tell_missing(&mut asked, missing)?;
    Ok(asked)
}

/// Without any answer the first reason is that of the whole search.
fn tell_missing(asked: &mut Asked, missing: Vec<(Option<ModelId>, Failed)>) -> Result<(), Failed> {
    let none_answered = asked.models.is_empty();
    for (model, error) in missing {
        let Some(model) = model.filter(|_| !none_answered) else { return Err(error) };
        let message = format!(
            "{model} was not asked, so that its chunks are found by their words only: {}",
            error.message
        );
        display::tell(&message, &error.hint);
        asked.models.push(told(&model, Some(&error)));
    }
    Ok(())
}

fn told(model: &ModelId, error: Option<&Failed>) -> Value {
    json!({
        "embedder": model.to_string(),
        "dimensions": model.dimensions,
        "answered": error.is_none(),
        "error": error.map(|error| error.json()["error"].clone()),
    })
}

/// The model, if it still makes the vectors that the store holds.
fn open(
    settings: &Settings,
    store: &dyn Store,
    number: ModelNumber,
    of_store: Option<&ModelId>,
) -> Result<Chosen, Failed> {
    let chosen = match of_store {
        Some(model) if number != ModelNumber::OWN => {
            embedder::choose_routed(settings, store, model)?
        }
        _ => embedder::choose(settings, store, Ask::One)?,
    };
    let model = chosen.embedder.model();
    match of_store.filter(|of_store| *of_store != model) {
        None => Ok(chosen),
        Some(of_store) => Err(Failed::usage(
            format!(
                "the store holds vectors of {of_store}, the words would be embedded by {model}"
            ),
            "search with the model of the store, as it was when the store was made",
        )),
    }
}

type Answer = Result<Option<Vec<f32>>, Failed>;

fn embed_all(words: &str, chosen: &[(ModelNumber, Chosen)]) -> Result<Vec<Answer>, Failed> {
    std::thread::scope(|scope| {
        let asking: Vec<_> =
            chosen.iter().map(|(_, chosen)| scope.spawn(move || embed(words, chosen))).collect();
        asking
            .into_iter()
            .map(|answer| {
                answer.join().map_err(|_| Failed::internal("asking a model for the query panicked"))
            })
            .collect()
    })
}

/// The vector of the words; none when the model knows nothing in them.
fn embed(words: &str, chosen: &Chosen) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::internal(format!("cannot embed the query: {error}")))?;
    let outcomes = runtime
        .block_on(chosen.embedder.embed(Purpose::Query, &[words]))
        .map_err(|error| Failed::new(class_of(error.kind), error.message, error.hint))?;
    let first = outcomes.vectors.into_iter().next().and_then(Result::ok);
    Ok(first.map(|embedding| embedding.values().to_vec()))
}
