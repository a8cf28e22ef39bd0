//! Builds the settings out of all layers.

use crate::config::confidential::Confidential;
use crate::config::environment::Environment;
use crate::config::key;
use crate::config::mistake::{Mistake, Mistakes, Warning};
use crate::config::origin::Origin;
use crate::config::quantity::ByteSize;
use crate::config::resolve::{Effective, Resolver};
use crate::config::value::{Dollars, Label, MemorySpec, Value, Verbatim};
use crate::config::{Flag, Reading, content, file, flag_values, routes, tables};
use crate::settings::keys::Keys;
use crate::settings::machine::Machine;
use crate::settings::prices::{Prices, SHIPPED, SHIPPED_DATE};
use crate::settings::profile::Preset;
use crate::settings::{
    Chunk, Consolidated, CustomParser, EmbedCaps, EmbedderChoice, Endpoint, Follow, Following,
    Hook, LimitPolicy, Limits, LocalModel, OnBadChunk, Profile, Route, Rule, Settings, Standby,
};
use connectors::embed::local::DeviceChoice;
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

const STORE: &str = "sqlite:gristmill.db";
const STORE_WAIT: Duration = Duration::from_mins(10);
/// Outages of providers last minutes to hours; a person should hear of a longer one.
const PROVIDER_WAIT: Duration = Duration::from_hours(1);
/// The length that the built-in model and small transformer models serve best.
const CHUNK_TOKENS: u64 = 240;
/// A sixth: a sentence that is cut in two is whole in one of its chunks.
const CHUNK_OVERLAP: u64 = 40;
/// 30 times what the worst of 970 PDF files needed.
const PARSE_SECONDS: u64 = 10;
const PARSE_MEMORY: ByteSize = ByteSize(1 << 30);
/// Text of any size is read in pieces; this only stops what is no document.
const DOCUMENT_BYTES: ByteSize = ByteSize(4 << 30);
const ARCHIVE_BYTES: ByteSize = ByteSize(64 << 30);
const ARCHIVE_MEMBERS: u64 = 1_000_000;

/// Less cannot hold the built-in model, a store and one parse child.
const MEMORY_MIN: u64 = 128_000_000;
/// A parse child needs so much for any document.
const PARSE_MEMORY_MIN: u64 = 96 << 20;

pub(crate) fn reading(
    file: file::Layer,
    environment: &Environment,
    flags: &[Flag],
    machine: &Machine,
) -> Reading {
    let from_environment = environment.layer();
    let values =
        flag_values(flags).chain(from_environment.values).chain(file.values).collect::<Vec<_>>();
    let mut resolver = Resolver::new(values);
    resolver.mistakes.extend(file.mistakes);
    resolver.mistakes.extend(from_environment.mistakes);
    let origins = [&file.rules, &file.parsers, &file.hooks, &file.endpoints, &file.routes]
        .map(|entries| entries.first().map_or(Origin::Default, |first| first.origin.clone()));
    let rules = tables::rules(file.rules, &mut resolver.mistakes);
    let parsers = tables::parsers(file.parsers, &mut resolver.mistakes);
    let hooks = tables::hooks(file.hooks, &mut resolver.mistakes);
    let endpoints = tables::endpoints(file.endpoints, &mut resolver.mistakes);
    let routes = routes::read(file.routes, &mut resolver.mistakes);
    let file_prices = tables::prices(file.prices, &mut resolver.mistakes);

    let models = environment.data_folder().join("models");
    let settings = Assembly { resolver: &mut resolver, machine, models }.settings(Tables {
        prices: file_prices,
        rules,
        parsers,
        hooks,
        endpoints,
        routes,
        keys: environment.keys(),
        origins,
    });
    let mut warnings = from_environment.warnings;
    warnings.extend(oddities(&settings, machine));
    warnings.extend(routes::oddities(&settings.routes));
    warnings.extend(missing_programs(&settings, environment));
    let Resolver { mistakes, effective, .. } = resolver;
    let settings = if mistakes.is_empty() { Ok(settings) } else { Err(Mistakes(mistakes)) };
    Reading { settings, effective, warnings }
}

/// What only the file says, checked.
struct Tables {
    prices: Vec<(String, Dollars, Origin)>,
    rules: Vec<Rule>,
    parsers: Vec<CustomParser>,
    hooks: Vec<Hook>,
    endpoints: Vec<Endpoint>,
    routes: Vec<Route>,
    keys: Keys,
    /// Of the five lists: where the first entry stands.
    origins: [Origin; 5],
}

struct Assembly<'a> {
    resolver: &'a mut Resolver,
    machine: &'a Machine,
    /// Where pulled models lie if nothing else is said.
    models: PathBuf,
}

impl Assembly<'_> {
    /// In the order of [`key::KEYS`], which is the order in which `config show` lists them.
    fn settings(mut self, tables: Tables) -> Settings {
        let from = &mut *self.resolver;
        let store = from.value(&key::STORE, (Confidential::new(STORE), Origin::Default));
        let embedder = from.value(&key::EMBEDDER, (EmbedderChoice::OfStore, Origin::Default));
        let remembered = "as in the store's last run, else none";
        let out = from.optional(&key::OUT, remembered);
        let vectors =
            from.optional(&key::WITH_EMBEDDINGS, "as in the store's last run, else false");
        let profile = from.value(&key::PROFILE, (Profile::Auto, Origin::Default));
        let preset = profile.preset(self.machine);
        let memory_limit = self.memory_limit(profile, &preset);
        let from = &mut *self.resolver;
        let of_profile = Origin::Profile(profile.as_str());
        let workers = from.whole(&key::WORKERS, (preset.workers, of_profile.clone()));
        let documents =
            from.whole(&key::DOCUMENTS_IN_FLIGHT, (preset.documents_in_flight, of_profile));
        let follow = match from.origin_of(&key::WORKERS) {
            Origin::Profile(_) | Origin::Default => Follow::Load,
            Origin::File { .. } | Origin::Environment(_) | Origin::Flag(_) => Follow::Nothing,
        };
        let cores = self.machine.cores;
        let following = Following { follow, cpu_max: preset.cpu_max, cores };
        let on_bad_chunk = from.value(&key::ON_BAD_CHUNK, (OnBadChunk::Skip, Origin::Default));
        let full_text = from.optional(&key::FULL_TEXT, "true in a new store");
        let store_wait = from.value(&key::STORE_WAIT, (STORE_WAIT, Origin::Default));
        let provider_wait = from.value(&key::PROVIDER_WAIT, (PROVIDER_WAIT, Origin::Default));
        let exclude = from.value(&key::EXCLUDE, (Vec::new(), Origin::Default));
        let models = from.value(&key::MODELS, (self.models.clone(), Origin::Default));
        let max_cost = from.optional::<Dollars>(&key::MAX_COST, "not limited");
        let settings = Settings {
            store,
            embedder,
            consolidated: Consolidated { out, vectors },
            memory_limit,
            workers: at_least_one(workers),
            documents_in_flight: at_least_one(documents),
            following,
            on_bad_chunk,
            full_text,
            store_wait,
            provider_wait,
            exclude,
            models,
            max_cost: max_cost.map(|Dollars(usd)| usd),
            chunk: self.chunk(),
            embed: self.embed(),
            embed_group: self.embed_group(),
            local: self.local(),
            limits: self.limits(),
            content: content::settings(self.resolver),
            prices: self.prices(tables.prices),
            rules: tables.rules,
            parsers: tables.parsers,
            hooks: tables.hooks,
            endpoints: tables.endpoints,
            routes: tables.routes,
            keys: tables.keys,
        };
        self.show_lists(&settings, tables.origins);
        settings
    }

    fn memory_limit(&mut self, profile: Profile, preset: &Preset) -> u64 {
        let fits = |spec: &MemorySpec| match spec {
            MemorySpec::Bytes(size) => size.0 >= MEMORY_MIN,
            MemorySpec::Share(_) => true,
        };
        let (bytes, origin) = match self.resolver.written(&key::MEMORY_LIMIT, fits) {
            Some((MemorySpec::Bytes(size), origin)) => (size.0, origin),
            Some((MemorySpec::Share(per_cent), origin)) => {
                let share = self.machine.memory_or_assumed() / 100 * u64::from(per_cent);
                (share.max(MEMORY_MIN), origin)
            }
            None => (preset.memory.max(MEMORY_MIN), Origin::Profile(profile.as_str())),
        };
        self.resolver.show(key::MEMORY_LIMIT.name, &ByteSize(bytes), origin);
        bytes
    }

    fn chunk(&mut self) -> Chunk {
        let from = &mut *self.resolver;
        let tokens = from.whole(&key::CHUNK_TOKENS, (CHUNK_TOKENS, Origin::Default));
        let overlap = from.whole(&key::CHUNK_OVERLAP, (CHUNK_OVERLAP, Origin::Default));
        if overlap >= tokens {
            let origin = match from.origin_of(&key::CHUNK_OVERLAP) {
                Origin::Default => from.origin_of(&key::CHUNK_TOKENS),
                written => written,
            };
            from.mistakes.push(Mistake {
                key: key::CHUNK_OVERLAP.name.to_owned(),
                value: Some(overlap.to_string()),
                message: format!("expected less than chunk.tokens, which is {tokens}"),
                origin,
            });
        }
        Chunk { tokens: as_usize(tokens), overlap: as_usize(overlap) }
    }

    fn embed(&mut self) -> EmbedCaps {
        let from = &mut *self.resolver;
        let own = "the embedder's own limit";
        let found = "found out";
        EmbedCaps {
            batch_items: from.optional_whole(&key::EMBED_BATCH_ITEMS, own).map(as_usize),
            batch_tokens: from.optional_whole(&key::EMBED_BATCH_TOKENS, own).map(as_usize),
            in_flight: from.optional_whole(&key::EMBED_IN_FLIGHT, own).map(as_usize),
            key_over_http: from.value(&key::EMBED_KEY_OVER_HTTP, (false, Origin::Default)),
            policy: from.value(&key::EMBED_POLICY, (LimitPolicy::Adaptive, Origin::Default)),
            requests_per_minute: from.optional_whole(&key::EMBED_REQUESTS_PER_MINUTE, found),
            tokens_per_minute: from.optional_whole(&key::EMBED_TOKENS_PER_MINUTE, found),
        }
    }

    fn embed_group(&mut self) -> Option<String> {
        let group = self.resolver.optional::<Label>(&key::EMBED_GROUP, "of its own");
        group.map(|Label(name)| name)
    }

    fn local(&mut self) -> LocalModel {
        let from = &mut *self.resolver;
        let own = "as the model's folder says";
        let prompt = |text: Verbatim| text.0;
        LocalModel {
            precision: from.optional(&key::EMBED_PRECISION, "as the store's vectors, else f32"),
            device: from.value(&key::EMBED_DEVICE, (DeviceChoice::Auto, Origin::Default)),
            query_prompt: from.optional(&key::EMBED_QUERY_PROMPT, own).map(prompt),
            document_prompt: from.optional(&key::EMBED_DOCUMENT_PROMPT, own).map(prompt),
        }
    }

    fn limits(&mut self) -> Limits {
        let from = &mut *self.resolver;
        let seconds = from.whole(&key::PARSE_SECONDS, (PARSE_SECONDS, Origin::Default));
        let (memory, origin) = from
            .written(&key::PARSE_MEMORY, |size: &ByteSize| size.0 >= PARSE_MEMORY_MIN)
            .unwrap_or((PARSE_MEMORY, Origin::Default));
        from.show(key::PARSE_MEMORY.name, &memory, origin);
        Limits {
            parse_time: Duration::from_secs(seconds),
            parse_memory: memory.0,
            document_bytes: from.value(&key::DOCUMENT_BYTES, (DOCUMENT_BYTES, Origin::Default)).0,
            archive_bytes: from.value(&key::ARCHIVE_BYTES, (ARCHIVE_BYTES, Origin::Default)).0,
            archive_members: from.whole(&key::ARCHIVE_MEMBERS, (ARCHIVE_MEMBERS, Origin::Default)),
        }
    }

    fn prices(&mut self, of_file: Vec<(String, Dollars, Origin)>) -> Prices {
        let shipped = SHIPPED.map(|(name, usd)| (name.to_owned(), Dollars(usd), Origin::Default));
        let mut all = Vec::from(shipped);
        for price in of_file {
            all.retain(|(name, ..)| *name != price.0);
            all.push(price);
        }
        for (name, usd, origin) in &all {
            let text = match origin {
                Origin::Default => format!("{} (of {SHIPPED_DATE}: check your provider)", usd.0),
                _ => usd.text(),
            };
            self.resolver.effective.push(Effective {
                key: format!("{}.{name}", key::PRICES),
                value: usd.json(),
                text,
                origin: origin.clone(),
            });
        }
        Prices::new(all.into_iter().map(|(name, usd, _)| (name, usd.0)))
    }

    fn show_lists(&mut self, settings: &Settings, origins: [Origin; 5]) {
        let rules = settings.rules.iter().map(|rule| {
            json!({"match": rule.pattern.as_str(), "domain": rule.domain, "category": rule.category})
        });
        let parsers = settings.parsers.iter().map(|parser| {
            json!({
                "match": parser.pattern.as_str(),
                "command": parser.command.json(),
                "timeout": parser.timeout.json(),
                "memory": parser.memory,
            })
        });
        let hooks = settings.hooks.iter().map(|hook| match hook {
            Hook::Command(command) => json!({"after": "run", "command": command.json()}),
            Hook::Post(url) => json!({"after": "run", "url": url.json()}),
        });
        let endpoints = settings.endpoints.iter().map(|endpoint| {
            json!({
                "embedder": endpoint.embedder.to_string(),
                "key": endpoint.key,
                "group": endpoint.group,
                "standby": endpoint.standby == Standby::Yes,
            })
        });
        let [of_rules, of_parsers, of_hooks, of_endpoints, of_routes] = origins;
        self.resolver.show_list(key::RULES, rules.collect(), of_rules);
        self.resolver.show_list(key::PARSERS, parsers.collect(), of_parsers);
        self.resolver.show_list(key::HOOKS, hooks.collect(), of_hooks);
        self.resolver.show_list(key::ENDPOINTS, endpoints.collect(), of_endpoints);
        self.resolver.show_list(key::ROUTES, routes::shown(&settings.routes), of_routes);
    }
}

pub(super) fn at_least_one(number: u64) -> NonZeroUsize {
    NonZeroUsize::new(as_usize(number))
        .expect("the keys of counts begin at 1, and so do the presets")
}

/// The bounds of every whole key that becomes a size in memory fit 32 bits.
fn as_usize(number: u64) -> usize {
    usize::try_from(number).expect("bounded by its key")
}

/// More threads than this for each core only wait for each other.
const WORKERS_PER_CORE_MAX: usize = 2;

fn oddities(settings: &Settings, machine: &Machine) -> Vec<Warning> {
    let mut warnings = Vec::new();
    match machine.memory {
        None => warnings.push(Warning::new(
            key::MEMORY_LIMIT.name,
            format!(
                "the system does not say how much memory there is; {} are assumed",
                ByteSize(machine.memory_or_assumed())
            ),
        )),
        Some(memory) if settings.memory_limit > memory / 10 * 9 => warnings.push(Warning::new(
            key::MEMORY_LIMIT.name,
            format!(
                "{} is more than 90 % of the {} that this process may use",
                ByteSize(settings.memory_limit),
                ByteSize(memory)
            ),
        )),
        Some(_) => {}
    }
    if settings.workers > settings.documents_in_flight {
        let message = format!(
            "{} workers have {} documents_in_flight between them: the others wait",
            settings.workers, settings.documents_in_flight
        );
        warnings.push(Warning::new(key::WORKERS.name, message));
    }
    if settings.workers.get() > WORKERS_PER_CORE_MAX * machine.cores {
        let message = format!("{} workers share {} cores", settings.workers, machine.cores);
        warnings.push(Warning::new(key::WORKERS.name, message));
    }
    warnings
}

fn missing_programs(settings: &Settings, environment: &Environment) -> Vec<Warning> {
    let of_parsers = settings.parsers.iter().map(|parser| (key::PARSERS, &parser.command));
    let of_hooks = settings.hooks.iter().filter_map(|hook| match hook {
        Hook::Command(command) => Some((key::HOOKS, command)),
        Hook::Post(_) => None,
    });
    let folders = environment.program_folders();
    let is_there = |program: &str| {
        let path = std::path::Path::new(program);
        if program.contains('/') {
            path.is_file()
        } else {
            folders.iter().any(|folder| folder.join(program).is_file())
        }
    };
    of_parsers
        .chain(of_hooks)
        .filter(|(_, command)| !is_there(&command.program))
        .map(|(list, command)| {
            Warning::new(list, format!("there is no program `{}` here", command.program))
        })
        .collect()
}
