//! The whole flow, in the order in which data meets it.

use crate::model::{ModelAccess, Routing};
use crate::outcome::{End, Outcome as RunOutcome, RunError};
use crate::parse::names::NameRoom;
use crate::parse::step::Step;
use crate::progress::Progress;
use crate::settings::{Mode, Settings};
use crate::source::Walked;
use crate::source::letters::Letters;
use crate::store::Stored;
use crate::store::room::Room;
use crate::{embed, fingerprint, parse, prune, source, store};
use flow::interrupt::Interrupt;
use flow::memory::MemoryPool;
use flow::queue;
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;
use types::document::Hash;
use types::seam::{Parsers, Source, Store};

/// What the flow works with; the caller wires it.
#[derive(Clone)]
pub struct Parts {
    pub parsers: Arc<dyn Parsers>,
    /// The store's own model.
    pub model: ModelAccess,
    /// Other models, and what they embed.
    pub routing: Routing,
    pub store: Arc<dyn Store>,
}

impl Parts {
    /// The model with this index in the routes.
    pub(crate) fn access(&self, model: usize) -> &ModelAccess {
        let routed = model.checked_sub(1).map(|index| &self.routing.models[index].access);
        routed.unwrap_or(&self.model)
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("store", &self.store.url()).finish_non_exhaustive()
    }
}

/// Everything that the stages of one run share.
pub(crate) struct Context<'a> {
    pub parts: &'a Parts,
    pub settings: &'a Settings,
    pub progress: &'a Progress,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
    /// Number of this run in the store.
    pub run: i64,
    /// Of all parsers, chunker and model: the gate of files that are not opened.
    pub pipeline: Hash,
    model: Hash,
    pub letters: Letters,
    /// Three pools, taken in this order only, so that no two workers can wait for each other: an archive is
    /// held open while its members are parsed, and a parsed document while its chunks find room.
    pub unpacking: MemoryPool,
    pub parsing: MemoryPool,
    pub chunks: MemoryPool,
    /// Of the pool of chunks, what names of items may take.
    pub names: NameRoom,
}

/// Files listed ahead of the parsers: hides the latency of folders, and costs little.
const TASKS_MAX: usize = 256;
/// Chunks between two stages; their bytes are leased, so this bounds only the overhead.
const STEPS_MAX: usize = 1024;

/// Takes all sources into the store. Blocks; uses threads of its own, which have all ended when it returns.
///
/// Errors: [`RunError`] when the run could not go on; what was committed is kept.
pub fn run(
    sources: &[Arc<dyn Source>],
    parts: &Parts,
    settings: &Settings,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<RunOutcome, RunError> {
    let started = Instant::now();
    let cx = Context::new(parts, settings, progress, interrupt)?;
    let walked = flow(&cx, sources)?;
    let mut end = if interrupt.is_set() { End::Interrupted } else { End::Complete };
    if end == End::Complete
        && let Some(refused) = prune::apply(&cx, walked)?
    {
        end = refused;
    }
    if end != End::Interrupted && settings.mode == Mode::Ingest {
        store::settle(&cx)?;
    }
    Ok(RunOutcome::of(progress, started.elapsed(), end, cx.run))
}

fn flow(cx: &Context<'_>, sources: &[Arc<dyn Source>]) -> Result<Vec<Walked>, RunError> {
    let (tasks, to_parse) = queue::bounded(TASKS_MAX);
    let (steps, to_embed) = queue::bounded::<Step>(STEPS_MAX);
    let (stored, to_store) = queue::bounded::<Stored>(STEPS_MAX);
    let to_parse = Mutex::new(to_parse);
    thread::scope(|scope| {
        let listing = scope.spawn(move || source::list_all(cx, sources, &tasks));
        let parsing: Vec<_> = (0..cx.settings.workers)
            .map(|worker| {
                let (steps, to_parse) = (steps.clone(), &to_parse);
                scope.spawn(move || {
                    // Its end is the end of the tasks, or of the run: nobody has to wait for a turn any more.
                    let _closing = cx.settings.width.closing();
                    parse::work(cx, worker, to_parse, &steps)
                })
            })
            .collect();
        drop(steps);
        let embedding = scope.spawn(move || embed::work(cx, to_embed, &stored));
        let storing = scope.spawn(move || store::work(cx, to_store));
        // The last stage first: when it fails, the others end because their queue is closed.
        let mut first = joined(storing).err();
        first = first.or(joined(embedding).err());
        // Nobody takes files any more; the listing must not wait for it.
        let parsed = parsing.into_iter().map(joined).find_map(Result::err);
        to_parse.lock().unwrap_or_else(std::sync::PoisonError::into_inner).close();
        first = first.or(parsed);
        let walked = joined(listing);
        first.map_or(walked, Err)
    })
}

fn joined<T>(stage: ScopedJoinHandle<'_, Result<T, RunError>>) -> Result<T, RunError> {
    stage.join().unwrap_or_else(|_| Err(RunError::internal("a stage of the run panicked")))
}

impl<'a> Context<'a> {
    fn new(
        parts: &'a Parts,
        settings: &'a Settings,
        progress: &'a Progress,
        interrupt: &'a Interrupt,
    ) -> Result<Self, RunError> {
        let run = match settings.mode {
            Mode::Ingest => parts.store.begin_run(&settings.run_id)?,
            Mode::DryRun => 0,
        };
        let model = fingerprint::of_store(parts)?;
        if settings.mode == Mode::Ingest {
            fingerprint::remember(parts)?;
        }
        let pool =
            settings.memory_limit - settings.memory_limit.min(reserve(settings.memory_limit));
        let (unpacking, parsing) = (pool / 4, pool / 2);
        let chunks = MemoryPool::new(pool - unpacking - parsing);
        Ok(Self {
            parts,
            settings,
            progress,
            interrupt,
            run,
            pipeline: fingerprint::pipeline(&parts.parsers.identity(), &settings.chunk, model),
            model,
            letters: Letters::load(parts.store.as_ref())?,
            unpacking: MemoryPool::new(unpacking),
            parsing: MemoryPool::new(parsing),
            names: NameRoom::new(&chunks),
            chunks,
        })
    }

    /// Waits for room on the store's disk.
    pub(crate) fn room(&self) -> Room<'a> {
        Room { wait: self.settings.store_wait, progress: self.progress, interrupt: self.interrupt }
    }

    /// Fingerprint of one document's way.
    pub(crate) fn pipeline_of(&self, parser: &str) -> Hash {
        fingerprint::pipeline(parser, &self.settings.chunk, self.model)
    }
}

/// What the process holds besides leased bytes (measured on an idle run: page cache of the store's writer 64 MB,
/// the built-in table 8 MB, queues, stacks), but never more than half.
const fn reserve(limit: u64) -> u64 {
    let base = 112 << 20;
    if limit / 2 < base { limit / 2 } else { base }
}
