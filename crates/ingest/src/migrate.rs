//! Another model's vectors for everything that is stored, and the switch to them.
//!
//! Nothing is parsed again: the texts come out of the store. Search goes on with the old model until the switch. What
//! is embedded is kept, so that a migration that stopped goes on where it was.

mod pieces;
mod places;

use crate::embed::callee::Model;
use crate::embed::{self, ending};
use crate::fingerprint;
use crate::model::ModelAccess;
use crate::outcome::RunError;
use crate::progress::{self, Progress};
use crate::settings::{Batch, Calls};
use crate::store::room::{Full, Room};
use flow::dispatch::Size;
use flow::fair::Class;
use flow::interrupt::Interrupt;
use flow::lane::{End as CallEnd, Finished, Halted, Lane};
use pieces::Piece;
use places::Places;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;
use types::embedding::Embedding;
use types::error_kind::ErrorKind;
use types::failure::Failure;
use types::seam::{Store, StoreError, Switch, Target};

/// What a migration needs to know, decided by its caller.
#[derive(Debug, Clone)]
pub struct Request {
    pub batch: Batch,
    pub calls: Calls,
    /// A commit waits so long for room on the store's disk.
    pub store_wait: Duration,
    /// Settings of the store that change together with its model.
    pub settings: Vec<(String, String)>,
    pub refused: OnRefused,
}

/// What becomes of chunks that the new model refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefused {
    /// The store keeps its model; the next run tries them again.
    Stay,
    /// The store switches, and they are found by keywords only.
    Skip,
}

/// What a migration did.
#[derive(Debug, Clone, Default)]
pub struct Migrated {
    /// Chunks that were given their place by this run.
    pub chunks: u64,
    /// Of them, those longer than the model takes: the means of several vectors.
    pub windowed: u64,
    /// Of them, those of which the model knows nothing, or that it refused and that were skipped: found by keywords
    /// only.
    pub without_vector: u64,
    /// First failures of refused chunks.
    pub refused: Vec<Failure>,
    pub refused_total: u64,
    pub calls: progress::Calls,
    pub end: End,
}

/// How a migration ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// By the user, to be gone on with.
    #[default]
    Interrupted,
    /// Chunks were refused, so the store keeps its model.
    Stayed,
    Switched,
}

/// Chunks read from the store at once.
const PAGE: usize = 512;
/// Batches in line beside those in flight.
const BATCHES_WAITING: usize = 2;
/// Chunks of one transaction, and how long one waits for others: what is not committed is paid for again.
const COMMIT_MAX: usize = 500;
const COMMIT_AGE: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(100);
/// Failures kept for the result.
const REFUSED_LISTED_MAX: usize = 100;

/// Embeds what has no vector of the model yet, and switches when all has. Blocks.
///
/// Errors: [`RunError`] when it could not go on; what was committed is kept, and the store's model stays.
pub fn migrate(
    store: &dyn Store,
    model: &ModelAccess,
    request: &Request,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Migrated, RunError> {
    let target =
        Target { model: model.embedder.model().clone(), fingerprint: model.fingerprint.clone() };
    let room = Room { wait: request.store_wait, progress, interrupt };
    // Rows of superseded versions need no vector.
    while room.write(|| store.sweep())? {}
    room.write(|| store.begin_migration(&target))?;
    let begun = store.migration()?.map_or(0, |migration| migration.left);
    progress.work_known.add(begun);
    progress.listings_done.add(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RunError::internal(format!("cannot start the embedding: {error}")))?;
    let mut stage = Stage::new(store, model, request, room);
    let end = runtime.block_on(stage.run());
    stage.keep_candidates();
    stage.show();
    // Also after an end for want of answers: what was answered was paid for.
    let kept = if end.is_ok() { room.write(|| stage.put()) } else { Ok(stage.put()?) };
    end?;
    kept?;
    stage.count_committed();
    let mut migrated = stage.done;
    if interrupt.is_set() {
        return Ok(migrated);
    }
    if migrated.refused_total > 0 && request.refused == OnRefused::Stay {
        migrated.end = End::Stayed;
        return Ok(migrated);
    }
    let new = fingerprint::of_model(&target.model, &target.fingerprint);
    let mut settings = request.settings.clone();
    settings.extend(fingerprint::migrated(store, new)?);
    room.write(|| store.finish_migration(&Switch { settings: settings.clone() }))?;
    migrated.end = End::Switched;
    Ok(migrated)
}

struct Stage<'s> {
    store: &'s dyn Store,
    model: &'s ModelAccess,
    room: Room<'s>,
    lane: Lane<Model<Piece>>,
    waiting_max: usize,
    places: Places,
    /// Place after which the store is asked; none when it has no more.
    after: Option<i64>,
    refused: OnRefused,
    vectors: Vec<(i64, Option<Embedding>)>,
    oldest: Instant,
    full: Full,
    done: Migrated,
}

impl<'s> Stage<'s> {
    fn new(
        store: &'s dyn Store,
        model: &'s ModelAccess,
        request: &Request,
        room: Room<'s>,
    ) -> Self {
        let batch = embed::caps(model.embedder.limits(), request.batch);
        let dispatcher = embed::dispatcher(model, batch, &request.calls);
        Self {
            store,
            model,
            room,
            lane: Lane::new(dispatcher, Arc::new(Model::new(model))),
            waiting_max: batch.items * BATCHES_WAITING,
            places: Places::default(),
            after: Some(0),
            refused: request.refused,
            vectors: Vec::new(),
            oldest: Instant::now(),
            full: Full::default(),
            done: Migrated::default(),
        }
    }

    async fn run(&mut self) -> Result<(), RunError> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.take_in()?;
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    self.show();
                    if self.room.interrupt.is_set() {
                        self.lane.stop();
                    }
                    if self.oldest.elapsed() >= COMMIT_AGE && self.full.until_next().is_zero() {
                        self.commit()?;
                    }
                }
                finished = self.lane.next() => match finished {
                    Ok(Some(finished)) => self.settle(finished)?,
                    Ok(None) => return Ok(()),
                    Err(Halted { why, error }) => {
                        return Err(ending::stopped(why, error.map(|failed| failed.error)));
                    }
                },
            }
        }
    }

    /// Texts out of the store, as long as the line has room.
    fn take_in(&mut self) -> Result<(), RunError> {
        let room = |stage: &Self| !stage.full.is_full() && stage.lane.waiting() < stage.waiting_max;
        while let Some(after) = self.after.filter(|_| room(self)) {
            let page = self.store.unmigrated(after, PAGE)?;
            self.after = page.last().map(|(place, _)| *place);
            for (place, text) in page {
                self.push(place, text);
            }
            if self.after.is_none() {
                self.lane.close();
            }
        }
        Ok(())
    }

    fn push(&mut self, place: i64, text: String) {
        let limit = self.model.embedder.limits().text_tokens;
        let pieces = pieces::cut(place, text, limit, self.model.embedder.tokens());
        if pieces.len() > 1 {
            self.done.windowed += 1;
        }
        self.places.expect(place, pieces.len());
        for piece in pieces {
            self.send(piece);
        }
    }

    fn settle(&mut self, finished: Finished<Model<Piece>>) -> Result<(), RunError> {
        let Finished { item: mut piece, end, took } = finished;
        let progress = self.room.progress;
        if let Some((seconds, items)) = took {
            progress.embed.add(items as u64, Duration::from_secs_f64(seconds));
        }
        let end = match end {
            CallEnd::Done(Ok(vector)) => {
                progress.tokens_embedded.add(piece.tokens as u64);
                let Some((vector, quality)) = piece.candidate.judge(vector) else {
                    progress.quality.regenerated.add(1);
                    self.send(piece);
                    return Ok(());
                };
                progress.quality.add(quality);
                CallEnd::Done(Ok(vector))
            }
            // Tokens are estimated, and what a server takes may not be known.
            CallEnd::Refused(failed) if failed.error.kind == ErrorKind::TooLarge => {
                match pieces::halved(piece, self.model.embedder.tokens()) {
                    Ok(halves) => {
                        self.done.windowed += u64::from(self.places.divide(halves[0].place));
                        for half in halves {
                            self.send(half);
                        }
                        return Ok(());
                    }
                    Err(whole) => {
                        piece = whole;
                        CallEnd::Refused(failed)
                    }
                }
            }
            end => end,
        };
        match self.places.settle(&mut piece, end) {
            Some(ended) => self.place(piece.place, ended),
            None => Ok(()),
        }
    }

    fn send(&mut self, piece: Piece) {
        let size = Size { tokens: piece.tokens as f64, bytes: piece.text.len() };
        self.lane.push(Class::Normal, size, piece);
    }

    fn place(&mut self, place: i64, ended: places::Ended) -> Result<(), RunError> {
        if let Some(failure) = ended.refused {
            self.done.refused_total += 1;
            if self.done.refused.len() < REFUSED_LISTED_MAX {
                self.done.refused.push(failure);
            }
            if self.refused == OnRefused::Stay {
                return Ok(());
            }
        }
        self.done.without_vector += u64::from(ended.vector.is_none());
        if self.vectors.is_empty() {
            self.oldest = Instant::now();
        }
        self.vectors.push((place, ended.vector));
        let due = self.vectors.len() >= COMMIT_MAX && self.full.until_next().is_zero();
        if due { self.commit() } else { Ok(()) }
    }

    /// What was paid for and will not be asked for again, because nothing more is sent.
    fn keep_candidates(&mut self) {
        for mut piece in self.lane.take_waiting() {
            if let Some((vector, quality)) = std::mem::take(&mut piece.candidate).into_best() {
                self.room.progress.quality.add(quality);
                if let Some(ended) = self.places.settle(&mut piece, CallEnd::Done(Ok(vector))) {
                    self.vectors.push((piece.place, ended.vector));
                }
            }
        }
    }

    /// Never blocks for room: calls are in flight.
    fn commit(&mut self) -> Result<(), RunError> {
        if self.vectors.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let mut full = std::mem::take(&mut self.full);
        let done = full.attempt(&self.room, || self.put());
        self.full = full;
        if done?.is_some() {
            self.room.progress.store.add(self.vectors.len() as u64, started.elapsed());
            self.count_committed();
        }
        Ok(())
    }

    fn put(&self) -> Result<(), StoreError> {
        if self.vectors.is_empty() { Ok(()) } else { self.store.migrate(&self.vectors) }
    }

    fn count_committed(&mut self) {
        let committed = self.vectors.len() as u64;
        self.room.progress.chunks_written.add(committed);
        self.room.progress.work_done.add(committed);
        self.done.chunks += committed;
        self.vectors.clear();
    }

    fn show(&mut self) {
        self.done.calls = progress::Calls {
            counts: self.lane.counts(),
            in_flight: self.lane.in_flight(),
            limit: self.lane.readings().next(),
        };
        self.room.progress.show_calls(self.done.calls);
    }
}
