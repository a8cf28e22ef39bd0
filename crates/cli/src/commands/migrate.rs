//! `gristmill migrate`: what is stored gets the vectors of another model.

use super::ingest::{calls, consolidate_remembered, tokens_max};
use super::print;
use crate::args::Format;
use crate::display::{self, Display, Verbosity};
use crate::failed::{EXIT_FINDINGS, Failed};
use crate::memory::Sampler;
use crate::report;
use crate::settings::Settings;
use crate::wire::embedder::{self, Ask, Chosen};
use crate::wire::groups::Groups;
use crate::wire::{coherence, lanes, parsers, signals, store};
use flow::dispatch::Counts;
use flow::interrupt::Interrupt;
use ingest::migrate::{End, Migrated, OnRefused, Request as Migration, migrate as run};
use ingest::model::ModelAccess;
use ingest::progress::Progress;
use ingest::settings::Batch;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use stores::Access;
use types::embedding::ModelId;
use types::seam::Store;

/// Whether the work is done, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Only,
    AndDo,
}

pub(crate) struct Request {
    pub plan: Plan,
    pub refused: OnRefused,
    pub format: Format,
    pub verbosity: Verbosity,
}

/// Chunks counted at once.
const PAGE: usize = 1000;

pub(crate) fn migrate(request: &Request, settings: &Settings) -> Result<u8, Failed> {
    let url = settings.store.reveal();
    if request.plan == Plan::Only {
        return plan(request, settings, store::open(url, Access::Read)?.as_ref());
    }
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let (store, _writing) = store::open_to_write(url)?;
    let from = own_model(store.as_ref())?;
    let chosen = embedder::choose(settings, store.as_ref(), Ask::One)?;
    if *chosen.embedder.model() == from && store.routed_chunks()?.is_empty() {
        store.forget_migration()?;
        // A run that was killed after its switch has not come to this.
        consolidate_remembered(store.as_ref(), settings, &Progress::default())?;
        return already(request, store.as_ref(), &from);
    }
    forget_for_own(store.as_ref(), &chosen, &from)?;
    refuse_another_target(store.as_ref(), &chosen, &from)?;
    let job = Job { store: store.as_ref(), settings, request, from };
    job.run(chosen, &interrupt)
}

/// The model in use; an empty store has none to leave.
fn own_model(store: &dyn Store) -> Result<ModelId, Failed> {
    store.model()?.ok_or_else(|| {
        Failed::usage(
            format!("store {} holds no vectors yet", store.url()),
            "run: gristmill ingest SOURCE --embedder SPEC",
        )
    })
}

/// The way back to the store's own model is to forget the migration to another one, also where vectors of routed
/// models are then exchanged for its own.
fn forget_for_own(store: &dyn Store, chosen: &Chosen, from: &ModelId) -> Result<(), Failed> {
    let other = store.migration()?.is_some_and(|migration| migration.target.model != *from);
    if chosen.embedder.model() == from && other {
        store.forget_migration()?;
    }
    Ok(())
}

/// What another migration has made was paid for: it is forgotten only when the user says so.
fn refuse_another_target(store: &dyn Store, chosen: &Chosen, from: &ModelId) -> Result<(), Failed> {
    let other = store.migration()?.filter(|migration| {
        migration.target.model != *chosen.embedder.model()
            || migration.target.fingerprint != chosen.fingerprint
    });
    match other {
        None => Ok(()),
        Some(other) => Err(Failed::usage(
            format!("a migration to {} has begun in store {}", other.target.model, store.url()),
            format!("finish it, or forget it: gristmill migrate --embedder {from}"),
        )),
    }
}

fn already(request: &Request, store: &dyn Store, model: &ModelId) -> Result<u8, Failed> {
    let result = json!({
        "store": store.url(), "from": named(model), "to": named(model), "switched": false,
        "chunks": { "migrated": 0, "windowed": 0, "without_vector": 0, "refused": 0 },
        "provider": report::provider(model, Counts::default(), None),
        "seconds": 0.0, "failures": [],
    });
    print(request.format, &result, &format!("the store holds vectors of {model} already"))?;
    Ok(0)
}

struct Job<'j> {
    store: &'j dyn Store,
    settings: &'j Settings,
    request: &'j Request,
    from: ModelId,
}

impl Job<'_> {
    fn run(&self, chosen: Chosen, interrupt: &Interrupt) -> Result<u8, Failed> {
        let to = chosen.embedder.model().clone();
        let price = self.settings.prices.of(&to);
        let budget = self
            .settings
            .budget(&to)
            .map_err(|error| Failed::usage(error.to_string(), "see: gristmill config show"))?;
        let run_id = format!("migrate-{to}");
        let migration = Migration {
            batch: Batch {
                items: self.settings.embed.batch_items,
                tokens: self.settings.embed.batch_tokens,
            },
            calls: calls(self.settings, &to, tokens_max(budget, price), &run_id),
            store_wait: self.settings.store_wait,
            settings: chosen.remembered(),
            refused: self.request.refused,
        };
        let asked = chosen.asked;
        let access = lanes::access(chosen, self.settings, &Groups::of(self.settings), &run_id);
        let started = Instant::now();
        let progress = Arc::<Progress>::default();
        let mut migrated = self.embed(&access, &migration, &progress, interrupt)?;
        migrated.calls.counts.requests += asked.requests;
        migrated.calls.counts.tokens += asked.tokens;
        let provider = report::provider(&to, migrated.calls.counts, price);
        let told = json!({ "provider": provider, "quality": report::quality(&progress.quality) });
        self.tell(&to, &migrated, &told, started.elapsed().as_secs_f64())
    }

    fn embed(
        &self,
        access: &ModelAccess,
        migration: &Migration,
        progress: &Arc<Progress>,
        interrupt: &Interrupt,
    ) -> Result<Migrated, Failed> {
        let (_, sandbox) = parsers::build(self.settings)?;
        let _display =
            Display::start(Arc::clone(progress), Sampler::new(sandbox), self.request.verbosity);
        let migrated = run(self.store, access, migration, progress, interrupt)?;
        if migrated.end == End::Switched {
            self.settle(access, progress).inspect_err(|_| {
                let to = access.embedder.model();
                display::tell(&format!("the store has switched to {to}"), "what follows failed");
            })?;
        }
        Ok(migrated)
    }

    fn settle(&self, access: &ModelAccess, progress: &Progress) -> Result<(), Failed> {
        consolidate_remembered(self.store, self.settings, progress)?;
        coherence::check_once(self.store, access.embedder.as_ref())?;
        Ok(self.store.tidy()?)
    }

    fn tell(
        &self,
        to: &ModelId,
        migrated: &Migrated,
        told: &Value,
        seconds: f64,
    ) -> Result<u8, Failed> {
        let result = json!({
            "store": self.store.url(),
            "from": named(&self.from),
            "to": named(to),
            "switched": migrated.end == End::Switched,
            "chunks": {
                "migrated": migrated.chunks,
                "windowed": migrated.windowed,
                "without_vector": migrated.without_vector,
                "refused": migrated.refused_total,
            },
            "provider": told["provider"],
            "quality": told["quality"],
            "seconds": seconds,
            "failures": migrated.refused.iter().map(|failure| json!({
                "class": failure.class, "message": failure.message, "hint": failure.hint,
            })).collect::<Vec<_>>(),
        });
        let mut text = format!(
            "{} chunks embedded with {to} in {seconds:.1} s, {} longer than it takes, {} without a vector, {} refused",
            migrated.chunks, migrated.windowed, migrated.without_vector, migrated.refused_total
        );
        text += match migrated.end {
            End::Switched => "\nthe store has switched to it",
            End::Interrupted => "\nstopped before the switch; the same command goes on",
            End::Stayed => {
                "\nthe store has not switched, because chunks were refused\n\
                 hint: run it again to try them again, or with --skip-refused to switch without their vectors"
            }
        };
        print(self.request.format, &result, &text)?;
        Ok(match migrated.end {
            End::Interrupted => signals::INTERRUPTED as u8,
            End::Switched if migrated.refused_total == 0 => 0,
            End::Switched | End::Stayed => EXIT_FINDINGS,
        })
    }
}

fn named(model: &ModelId) -> Value {
    json!({ "embedder": model.to_string(), "dimensions": model.dimensions })
}

fn plan(request: &Request, settings: &Settings, store: &dyn Store) -> Result<u8, Failed> {
    let from = own_model(store)?;
    let chosen = embedder::choose(settings, store, Ask::Nothing)?;
    let to = chosen.embedder.model();
    if *to == from && store.routed_chunks()?.is_empty() {
        return already(request, store, &from);
    }
    refuse_another_target(store, &chosen, &from)?;
    settings
        .budget(to)
        .map_err(|error| Failed::usage(error.to_string(), "see: gristmill config show"))?;
    let (mut chunks, mut tokens) = (0u64, 0u64);
    let mut after = Some(0);
    while let Some(place) = after {
        let page = store.unmigrated(place, PAGE)?;
        chunks += page.len() as u64;
        let counter = chosen.embedder.tokens();
        tokens += page.iter().map(|(_, text)| counter.count(text) as u64).sum::<u64>();
        after = page.last().map(|(place, _)| *place);
    }
    let cost = settings.prices.of(to).map(|usd| usd * tokens as f64 / 1e6);
    let result = json!({
        "store": store.url(), "from": named(&from), "to": named(to),
        "plan": { "chunks": chunks, "tokens": tokens, "cost_usd": cost },
    });
    let price = cost.map_or_else(String::new, |usd| format!(", {usd:.2} USD"));
    print(request.format, &result, &format!("{chunks} chunks to embed, {tokens} tokens{price}"))?;
    Ok(0)
}
