//! `gristmill ingest`, and the runs that other commands need.

mod remembered;

pub(crate) use remembered::consolidate_remembered;

use super::print;
use crate::args::Format;
use crate::config::Reread;
use crate::display::{self, Display, Verbosity};
use crate::estimate::{Address, Known};
use crate::failed::{EXIT_FAILED, EXIT_FINDINGS, Failed};
use crate::hooks;
use crate::label::Labeller;
use crate::memory::Sampler;
use crate::report::{self, Estimate, OfModel, Report};
use crate::settings::{OnBadChunk, Settings};
use crate::wire::embedder::{self, Ask, Dimensions};
use crate::wire::groups::Groups;
use crate::wire::lanes::{self, Kind, access};
use crate::wire::load::{Pool, Watch};
use crate::wire::reload::Reload;
use crate::wire::routing::{self, About};
use crate::wire::{coherence, own_files, parsers, signals, store};
use connectors::embed::LocalEmbedder;
use connectors::source::{open_argument, open_named};
use flow::dispatch::Counts;
use flow::interrupt::Interrupt;
use ingest::chunk::ChunkSettings;
use ingest::outcome::{End, Outcome, Plan};
use ingest::progress::{Progress, Share};
use ingest::run::{self, Parts};
use ingest::settings::{BadChunk, Batch, Calls, Mode, Prune};
use sandbox::Sandbox;
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use types::embedding::ModelId;
use types::failure::{Failure, FailureClass};
use types::seam::{Source, SourceError, Store};

/// What the command line asks for, beyond the settings.
pub(crate) struct Request {
    pub sources: Sources,
    pub labeller: Labeller,
    pub run_id: String,
    pub mode: Mode,
    pub prune: Prune,
    pub format: Format,
    pub verbosity: Verbosity,
    pub reread: Arc<Reread>,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sources {
    /// As typed.
    Arguments(Vec<String>),
    /// By their names in the store.
    Stored(Vec<String>),
}

type Opening = Result<Arc<dyn Source>, SourceError>;

impl Sources {
    /// Our own files inside a source are left out.
    fn open(&self, settings: &Settings, out: Option<&Path>) -> Vec<(&str, Opening)> {
        let (Self::Arguments(names) | Self::Stored(names)) = self;
        let opened = names.iter().map(|name| {
            let mut exclude = own_files::patterns(Path::new(name), settings.store.reveal(), out);
            exclude.extend(settings.exclude.iter().cloned());
            let opening = match self {
                Self::Arguments(_) => open_argument(name, &exclude),
                Self::Stored(_) => open_named(name, &exclude),
            };
            (name.as_str(), opening)
        });
        opened.collect()
    }

    /// Consolidated files in the source folder itself would be documents of the next run.
    fn apart_from(&self, out: &Path) -> Result<(), Failed> {
        let (Self::Arguments(names) | Self::Stored(names)) = self;
        match names.iter().find(|name| own_files::holds(out, Path::new(name))) {
            None => Ok(()),
            Some(name) => Err(Failed::usage(
                format!(
                    "the folder of the consolidated files, {}, holds the source {name}",
                    out.display()
                ),
                "name a folder of its own with --out; it may lie inside the source",
            )),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let (Self::Arguments(names) | Self::Stored(names)) = self;
        names.is_empty()
    }
}

/// Files by source and name; a run over these looks at nothing else.
pub(crate) type Only = HashSet<(String, String)>;

pub(crate) fn ingest(request: &Request, settings: &Settings) -> Result<u8, Failed> {
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let url = settings.store.reveal();
    match request.mode {
        Mode::Ingest => {
            let (store, _writing) = store::open_for_run(url, settings.full_text)?;
            write(request, settings, &store, &interrupt)
        }
        Mode::DryRun => {
            let (store, _folder) = store::open_or_empty(url)?;
            plan(request, settings, store, &interrupt)
        }
    }
}

fn plan(
    request: &Request,
    settings: &Settings,
    store: Arc<dyn Store>,
    interrupt: &Interrupt,
) -> Result<u8, Failed> {
    let job = Job::new(request, settings, store)?;
    let done = job.run(None, interrupt)?;
    let mut result = job.report(&done).json();
    result["plan"] = job.report(&done).plan();
    print(request.format, &result, &plan_text(&done.outcome))?;
    Ok(exit(&done))
}

fn write(
    request: &Request,
    settings: &Settings,
    store: &Arc<dyn Store>,
    interrupt: &Interrupt,
) -> Result<u8, Failed> {
    let job = Job::new(request, settings, Arc::clone(store))?;
    let done = job.run(None, interrupt)?;
    let mut result = job.report(&done).json();
    if let End::PruneRefused { gone, of } = done.outcome.end {
        let refused = report::prune_refused(gone, of);
        result["error"] = refused.json()["error"].clone();
        display::tell(&refused.message, &refused.hint);
    }
    store.end_run(done.outcome.run, &result.to_string())?;
    let hooks = hooks::run(&settings.hooks, &result);
    if !hooks.is_empty() {
        result["hooks"] = Value::Array(hooks);
    }
    print(request.format, &result, &job.report(&done).text())?;
    Ok(exit(&done))
}

/// A run over some sources, wired.
pub(crate) struct Job<'j> {
    request: &'j Request,
    settings: &'j Settings,
    parts: Parts,
    routed: Vec<About>,
    url: String,
    sandbox: Arc<Sandbox>,
    sampler: Sampler,
    progress: Arc<Progress>,
    pool: Arc<Pool>,
    /// US dollars per million tokens.
    price: Option<f64>,
    tokens_max: Option<f64>,
    address: Address,
    dimensions: Dimensions,
    local: Option<Arc<LocalEmbedder>>,
    asked: Counts,
}

/// A run that came to its end.
pub(crate) struct Done {
    pub outcome: Outcome,
    /// SOURCE arguments that could not be opened.
    pub missing: u64,
    peak_rss_bytes: u64,
    model_chunks: u64,
    /// Of each routed model.
    routed_chunks: Vec<u64>,
    estimate: Estimate,
}

impl<'j> Job<'j> {
    pub(crate) fn new(
        request: &'j Request,
        settings: &'j Settings,
        store: Arc<dyn Store>,
    ) -> Result<Self, Failed> {
        let ask = if request.mode == Mode::Ingest { Ask::One } else { Ask::Nothing };
        let chosen = embedder::choose(settings, store.as_ref(), ask)?;
        let model = chosen.embedder.model();
        let budget = settings
            .budget(model)
            .map_err(|error| Failed::usage(error.to_string(), "see: gristmill config show"))?;
        let price = settings.prices.of(model);
        if request.mode == Mode::Ingest {
            store::bind(store.as_ref(), model)?;
            embedder::remember(&chosen, store.as_ref())?;
            coherence::check_once(store.as_ref(), chosen.embedder.as_ref())?;
            store.wait_in_writing(settings.store_wait)?;
        }
        let groups = Groups::of(settings);
        let run = (request.mode, request.run_id.as_str());
        let wired = routing::wire(settings, store.as_ref(), model, &groups, run)?;
        let (parsers, sandbox) = parsers::build(settings)?;
        let (address, dimensions, asked) = (chosen.address, chosen.dimensions, chosen.asked);
        let local = chosen.local.clone();
        let parts = Parts {
            parsers,
            model: access(chosen, settings, &groups, &request.run_id),
            routing: wired.routing,
            store,
        };
        Ok(Self {
            request,
            settings,
            parts,
            routed: wired.about,
            sampler: Sampler::new(Arc::clone(&sandbox)),
            sandbox,
            url: settings.store.to_string(),
            progress: Arc::default(),
            pool: Arc::new(Pool::of(settings)),
            price,
            tokens_max: tokens_max(budget, price),
            address,
            dimensions,
            local,
            asked,
        })
    }

    pub(crate) fn run(&self, only: Option<Only>, interrupt: &Interrupt) -> Result<Done, Failed> {
        self.sandbox.heed(interrupt.flag());
        let (sources, missing) = self.open_sources()?;
        let settings = self.run_settings(only);
        let outcome = {
            let _display = Display::start(
                Arc::clone(&self.progress),
                self.sampler.clone(),
                self.request.verbosity,
            );
            let _watch = self.watch()?;
            let mut outcome =
                run::run(&sources, &self.parts, &settings, &self.progress, interrupt)?;
            outcome.calls.counts.requests += self.asked.requests;
            outcome.calls.counts.tokens += self.asked.tokens;
            if outcome.end != End::Interrupted && self.request.mode == Mode::Ingest {
                self.consolidate()?;
                outcome.stages = self.progress.stages();
            }
            outcome
        };
        let counts = self.parts.store.counts()?;
        let routed = self.parts.store.routed_chunks()?;
        let of = |about: &About| {
            let found = routed.iter().find(|(number, _)| Some(*number) == about.number);
            found.map_or(0, |(_, chunks)| *chunks)
        };
        let routed_chunks = self.routed.iter().map(of).collect();
        let all_routed: u64 = routed.iter().map(|(_, chunks)| chunks).sum();
        let estimate = self.estimate(&outcome)?;
        Ok(Done {
            estimate,
            outcome,
            missing,
            peak_rss_bytes: self.sampler.peak(),
            model_chunks: counts.chunks - counts.without_vector - all_routed,
            routed_chunks,
        })
    }

    /// Follows the load of the machine, and the configuration on SIGHUP.
    fn watch(&self) -> Result<Watch, Failed> {
        let reload = Reload::listen(Arc::clone(&self.request.reread))
            .map_err(|error| Failed::internal(format!("cannot listen to SIGHUP: {error}")))?;
        let (pool, progress) = (Arc::clone(&self.pool), Arc::clone(&self.progress));
        Ok(Watch::start(pool, progress, move || reload.change()))
    }

    pub(crate) fn report<'r>(&'r self, done: &'r Done) -> Report<'r> {
        Report {
            run_id: &self.request.run_id,
            // As asked for: a dry run without a store works on an empty one elsewhere.
            store: &self.url,
            model: self.parts.model.embedder.model(),
            model_chunks: done.model_chunks,
            models: self.models(done),
            outcome: &done.outcome,
            quality: &self.progress.quality,
            peak_rss_bytes: done.peak_rss_bytes,
            price: self.price,
            estimate: done.estimate,
            dimensions: match self.dimensions {
                Dimensions::Known => Some(self.parts.model.embedder.model().dimensions),
                Dimensions::Unknown => None,
            },
            widths: self.pool.json(),
            runs_on: self.local.as_deref().map(embedder::runs_on),
        }
    }

    fn estimate(&self, outcome: &Outcome) -> Result<Estimate, Failed> {
        let runs = self.parts.store.runs(RUNS_LOOKED_AT)?;
        let own = Known {
            plan: outcome.plan,
            model: self.parts.model.embedder.model(),
            own_address: self.address,
            limits: self.parts.model.embedder.limits(),
            caps: self.settings.embed,
            runs: &runs,
            read: outcome.took,
        };
        let shares = self.progress.shares();
        if self.routed.is_empty() || shares.is_empty() {
            return Ok(own.estimate());
        }
        let plan_of = |place: usize| {
            let (chunks, tokens) = shares.get(place).map_or((0, 0), |share| share.planned);
            Plan { chunks, tokens, ..outcome.plan }
        };
        let routed = self.routed.iter().zip(1..).map(|(about, place)| Known {
            plan: plan_of(place),
            model: &about.model,
            own_address: about.address,
            limits: about.limits,
            ..own
        });
        let own = Known { plan: plan_of(0), ..own };
        // Models are asked side by side.
        Ok(std::iter::once(own).chain(routed).map(|known| known.estimate()).fold(
            Estimate { requests: 0, seconds: Some(0.0) },
            |sum, each| Estimate {
                requests: sum.requests + each.requests,
                seconds: sum.seconds.zip(each.seconds).map(|(a, b)| a.max(b)),
            },
        ))
    }

    /// All models of a run with routes, the store's own first; none without routes.
    fn models<'r>(&'r self, done: &Done) -> Vec<OfModel<'r>> {
        if self.routed.is_empty() {
            return Vec::new();
        }
        let mut shares = self.progress.shares();
        shares.resize(1 + self.routed.len(), Share::default());
        let asked = std::iter::once(self.asked).chain(self.routed.iter().map(|each| each.asked));
        for (share, asked) in shares.iter_mut().zip(asked) {
            share.counts.requests += asked.requests;
            share.counts.tokens += asked.tokens;
        }
        let known = |dimensions: Dimensions, model: &ModelId| match dimensions {
            Dimensions::Known => Some(model.dimensions),
            Dimensions::Unknown => None,
        };
        let own = self.parts.model.embedder.model();
        let mut models = vec![OfModel {
            model: own,
            dimensions: known(self.dimensions, own),
            chunks: done.model_chunks,
            share: shares[0],
            price: self.price,
        }];
        let routed = self.routed.iter().zip(&done.routed_chunks).zip(&shares[1..]);
        models.extend(routed.map(|((about, chunks), share)| OfModel {
            model: &about.model,
            dimensions: known(about.dimensions, &about.model),
            chunks: *chunks,
            share: *share,
            price: about.price,
        }));
        models
    }

    /// A SOURCE that cannot be opened is listed, and the others go on; none at all is an end.
    fn open_sources(&self) -> Result<(Vec<Arc<dyn Source>>, u64), Failed> {
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        let mut refused = Vec::new();
        let out = match &self.settings.consolidated.out {
            Some(out) => Some(out.clone()),
            None => self.parts.store.setting(remembered::OUT)?.map(PathBuf::from),
        };
        if let Some(out) = &out {
            self.request.sources.apart_from(out)?;
        }
        for (name, opened) in self.request.sources.open(self.settings, out.as_deref()) {
            match opened {
                // One source under two spellings is still one: two walks over it would race for its documents.
                Ok(source) if sources.iter().any(|known| known.name() == source.name()) => {}
                Ok(source) => sources.push(source),
                Err(error) => refused.push((name, error)),
            }
        }
        if sources.is_empty()
            && let Some((_, error)) = refused.pop()
        {
            return Err(error.into());
        }
        for (argument, error) in &refused {
            let failure =
                Failure::new(FailureClass::BadDocument, error.message.clone(), error.hint.clone());
            self.progress.list(argument, &failure);
        }
        Ok((sources, refused.len() as u64))
    }

    fn run_settings(&self, only: Option<Only>) -> ingest::settings::Settings {
        let labeller = self.request.labeller.clone();
        let caps = self.settings.embed;
        let model = self.parts.model.embedder.model();
        ingest::settings::Settings {
            run_id: self.request.run_id.clone(),
            chunk: ChunkSettings {
                tokens: self.settings.chunk.tokens,
                overlap: self.settings.chunk.overlap,
                text_tokens: self.parts.model.embedder.limits().text_tokens,
            },
            workers: self.pool.most(),
            width: Arc::clone(&self.pool.width),
            memory_limit: self.settings.memory_limit,
            labelling_hash: labeller.fingerprint(),
            labelling: Arc::new(move |name, own| labeller.label(name, own)),
            bad_chunk: match self.settings.on_bad_chunk {
                OnBadChunk::Skip => BadChunk::Skip,
                OnBadChunk::FailDocument => BadChunk::FailDocument,
            },
            batch: Batch { items: caps.batch_items, tokens: caps.batch_tokens },
            store_wait: self.settings.store_wait,
            calls: calls(self.settings, model, self.tokens_max, &self.request.run_id),
            only: only.map(Arc::new),
            mode: self.request.mode,
            prune: self.request.prune,
        }
    }

    /// Writes `--out`, or the folder that the store remembers.
    pub(crate) fn consolidate(&self) -> Result<(), Failed> {
        consolidate_remembered(self.parts.store.as_ref(), self.settings, &self.progress)
    }
}

/// How the model is called in a run.
pub(crate) fn calls(
    settings: &Settings,
    model: &ModelId,
    tokens_max: Option<f64>,
    run_id: &str,
) -> Calls {
    Calls {
        linger: if lanes::kind(model) == Kind::Remote { LINGER } else { Duration::ZERO },
        failures_max: CALL_FAILURES_MAX,
        patience: settings.provider_wait,
        tokens_max,
        seed: lanes::seed(run_id),
    }
}

/// A chunk waits so long for company: little beside a round trip to a provider, enough for a parser to fill a batch.
const LINGER: Duration = Duration::from_millis(50);

/// A call that fails so often while others are answered has its cause in itself.
const CALL_FAILURES_MAX: u32 = 4;

/// Runs among which one with the same model is looked for.
const RUNS_LOOKED_AT: usize = 20;

/// None: a free model, or no budget.
pub(crate) fn tokens_max(budget: Option<f64>, price: Option<f64>) -> Option<f64> {
    let per_million = price.filter(|usd| *usd > 0.0)?;
    Some(budget? / per_million * 1e6)
}

fn exit(done: &Done) -> u8 {
    match done.outcome.end {
        End::Interrupted => signals::INTERRUPTED as u8,
        End::PruneRefused { .. } => EXIT_FAILED,
        End::Complete if done.missing > 0 || done.outcome.documents.failed > 0 => EXIT_FINDINGS,
        End::Complete if !done.outcome.failures.is_empty() => EXIT_FINDINGS,
        End::Complete => 0,
    }
}

fn plan_text(outcome: &Outcome) -> String {
    let plan = &outcome.plan;
    format!(
        "plan: {} new, {} changed, {} unchanged, {} to remove documents; {} chunks to embed, {} tokens; nothing was written",
        plan.new, plan.changed, plan.unchanged, plan.removed, plan.chunks, plan.tokens
    )
}
