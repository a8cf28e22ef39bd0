//! The list of routes: which chunks another model embeds than the embedder.

use crate::config::mistake::{Mistake, Warning};
use crate::config::nearest::nearest;
use crate::config::raw::{Raw, Written};
use crate::config::tables::{Entry, each};
use crate::config::value::{Label, Refusal, Value, Whole};
use crate::settings::{EmbedderChoice, Route};
use connectors::embed::ProviderSpec;
use ingest::route::{Code, Condition, Language, Mathematics};
use serde_json::{Value as Json, json};

/// Models beside the embedder; each has a line of its own, and one in this process its weights in memory.
const MODELS_MAX: usize = 8;

const FIELDS: [&str; 8] =
    ["embedder", "domain", "category", "language", "math", "code", "min_tokens", "max_tokens"];

const NAMES: &str = "a name, or a list of names";

/// What the file says, checked one by one.
pub(super) fn read(entries: Vec<Written>, mistakes: &mut Vec<Mistake>) -> Vec<Route> {
    let mut models: Vec<EmbedderChoice> = Vec::new();
    let mut routes = each(super::key::ROUTES, &FIELDS, entries, mistakes, |entry| {
        let embedder = embedder(entry);
        let when = condition(entry);
        Some(Route { embedder: embedder?, when })
    });
    routes.retain(|route| {
        if !models.contains(&route.embedder) {
            models.push(route.embedder.clone());
        }
        models.len() <= MODELS_MAX
    });
    if models.len() > MODELS_MAX {
        mistakes.push(Mistake {
            key: super::key::ROUTES.to_owned(),
            value: None,
            message: format!(
                "expected at most {MODELS_MAX} models, beside the embedder; found {}",
                models.len()
            ),
            origin: crate::config::origin::Origin::Default,
        });
    }
    routes
}

fn embedder(entry: &mut Entry<'_>) -> Option<EmbedderChoice> {
    let choice: EmbedderChoice =
        entry.required("embedder", "`builtin`, `local:DIR` or `PROVIDER:MODEL[@BASE_URL]`")?;
    if let EmbedderChoice::Remote(spec) = &choice
        && !is_served(spec)
    {
        entry.complain("embedder", None, unknown_model(spec));
    }
    Some(choice)
}

/// What another server serves is its own affair; a provider's models are known.
fn is_served(spec: &ProviderSpec) -> bool {
    spec.has_own_address() || spec.known_models().any(|name| name == spec.model())
}

fn unknown_model(spec: &ProviderSpec) -> String {
    let near = nearest(spec.model(), spec.known_models()).unwrap_or_default();
    format!(
        "{} has no embedding model of this name that is known; the nearest is `{near}`; a model of \
         another server is written PROVIDER:MODEL@BASE_URL",
        spec.provider().as_str()
    )
}

fn condition(entry: &mut Entry<'_>) -> Condition {
    let languages = "a language's code such as `en`, or a list of codes";
    let code = entry
        .optional("code", "true or false")
        .map(|code: bool| if code { Code::Mostly } else { Code::Hardly });
    let when = Condition {
        domain: names(entry, "domain"),
        category: names(entry, "category"),
        language: several(entry, "language", languages),
        math: several(entry, "math", "general, mixed or mathematical, or a list of them"),
        code,
        min_tokens: tokens(entry, "min_tokens"),
        max_tokens: tokens(entry, "max_tokens"),
    };
    if FIELDS[1..].iter().all(|name| !entry.has(name)) {
        let message = "expected what the chunks are like; all others go to the `embedder`";
        entry.complain("domain", None, message.to_owned());
    }
    if when.min_tokens.zip(when.max_tokens).is_some_and(|(min, max)| min > max) {
        let message = "expected at least min_tokens: no chunk is between the two";
        entry.complain("max_tokens", None, message.to_owned());
    }
    when
}

fn names(entry: &mut Entry<'_>, field: &str) -> Vec<String> {
    several::<Label>(entry, field, NAMES).into_iter().map(|Label(name)| name).collect()
}

fn tokens(entry: &mut Entry<'_>, field: &str) -> Option<u32> {
    let Whole(tokens) = entry.optional(field, TOKENS)?;
    let read = u32::try_from(tokens).ok();
    if read.is_none() {
        entry.complain(field, None, format!("expected {TOKENS}"));
    }
    read
}

const TOKENS: &str = "a whole number of tokens";

fn several<T: Value>(entry: &mut Entry<'_>, field: &str, expected: &str) -> Vec<T> {
    entry.optional(field, expected).map_or_else(Vec::new, |Several(items)| items)
}

/// One item, or a list of at least one.
struct Several<T>(Vec<T>);

impl<T: Value> Value for Several<T> {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let items = match raw {
            Raw::List(items) => items.iter().map(T::read).collect::<Result<Vec<_>, _>>()?,
            one => vec![T::read(one)?],
        };
        if items.is_empty() { Err(Refusal::Unexpected) } else { Ok(Self(items)) }
    }

    fn json(&self) -> Json {
        Json::Array(self.0.iter().map(Value::json).collect())
    }
}

impl Value for Mathematics {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let Label(word) = Label::read(raw)?;
        Self::ALL.into_iter().find(|class| class.as_str() == word).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> Json {
        json!(self.as_str())
    }
}

impl Value for Language {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let Label(code) = Label::read(raw)?;
        Self::from_code(&code).ok_or_else(|| {
            let near = nearest(&code, Self::codes()).unwrap_or_default();
            Refusal::Because(format!(
                "expected the code of a language that can be told; the nearest is `{near}`"
            ))
        })
    }

    fn json(&self) -> Json {
        json!(self.code())
    }
}

/// As `config show` lists them.
pub(super) fn shown(routes: &[Route]) -> Vec<Json> {
    let list = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
    let one = |route: &Route| {
        let when = &route.when;
        let codes: Vec<Json> = when.language.iter().map(Value::json).collect();
        let math: Vec<Json> = when.math.iter().map(Value::json).collect();
        json!({
            "embedder": route.embedder.json(),
            "domain": list(&when.domain),
            "category": list(&when.category),
            "language": (!codes.is_empty()).then_some(codes),
            "math": (!math.is_empty()).then_some(math),
            "code": when.code.map(|code| code == Code::Mostly),
            "min_tokens": when.min_tokens,
            "max_tokens": when.max_tokens,
        })
    };
    routes.iter().map(one).collect()
}

/// Routes that are never reached, or whose order decides where it should not have to.
pub(super) fn oddities(routes: &[Route]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (later, route) in routes.iter().enumerate() {
        if let EmbedderChoice::Local(folder) = &route.embedder
            && !folder.join("config.json").is_file()
        {
            let message =
                format!("routes[{}]: there is no model in {}", later + 1, folder.display());
            warnings.push(Warning::new(super::key::ROUTES, message));
        }
        let before = &routes[..later];
        let covering = before.iter().position(|earlier| earlier.when.covers(&route.when));
        if let Some(earlier) = covering {
            let message = format!(
                "routes[{}] is never reached: routes[{}] before it takes all of it",
                later + 1,
                earlier + 1
            );
            warnings.push(Warning::new(super::key::ROUTES, message));
            continue;
        }
        let unclear = |earlier: &&Route| {
            earlier.embedder != route.embedder
                && earlier.when.meets(&route.when)
                && !route.when.covers(&earlier.when)
        };
        if let Some(earlier) = before.iter().position(|earlier| unclear(&earlier)) {
            let message = format!(
                "routes[{}] and routes[{}] share chunks and neither is the narrower one: the first \
                 of the two takes them",
                earlier + 1,
                later + 1
            );
            warnings.push(Warning::new(super::key::ROUTES, message));
        }
    }
    warnings
}
