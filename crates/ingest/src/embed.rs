//! Chunks to records, through the one lane in front of the model.
//!
//! A batch is cut when a call may start, not before. What is finished is handed on while calls go on: a slow
//! store holds up the intake, never the calls in flight.

pub(crate) mod callee;
pub(crate) mod ending;

use crate::model::ModelAccess;
use crate::outcome::RunError;
use crate::parse::step::{DocumentRef, Step};
use crate::progress::Calls;
use crate::quality::{Candidate, Quality};
use crate::run::Context;
use crate::settings::{self, Batch};
use crate::store::Stored;
use callee::{Model, Texted};
use flow::dispatch::{BatchCaps, Dispatcher, Size};
use flow::fair::Class;
use flow::lane::{End, Finished, Halted, Lane};
use flow::memory::Leased;
use flow::queue::{Receiver, Sender};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use types::embedding::Embedding;
use types::record::{Chunk, Record, Vector};
use types::seam::BatchLimits;

/// A chunk on its way to a vector.
pub(crate) struct Waiting {
    document: Arc<DocumentRef>,
    chunk: Leased<Chunk>,
    /// What a model that gives bad vectors gave so far.
    candidate: Candidate,
}

impl Texted for Waiting {
    fn text(&self) -> &str {
        &self.chunk.value.text
    }
}

impl Waiting {
    fn size(&self) -> Size {
        let chunk = &self.chunk.value;
        Size { tokens: f64::from(chunk.tokens), bytes: chunk.text.len() }
    }
}

/// Batches in line beside those in flight: the next one is whole when a call may start.
const BATCHES_WAITING: usize = 2;
/// Records that wait for the store; their bytes are leased, so this bounds only the overhead.
const READY_MAX: usize = 4096;
/// How often the wish to stop is looked for, and the state shown.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn work(
    cx: &Context<'_>,
    steps: Receiver<Step>,
    stored: &Sender<Stored>,
) -> Result<(), RunError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            RunError::internal(format!("cannot start the embedding stage: {error}"))
        })?;
    runtime.block_on(async {
        let mut stage = Stage::new(cx);
        let end = stage.run(steps, stored).await;
        stage.show();
        stage.keep_candidates();
        // Also after an end for want of answers: what was answered was paid for.
        for ready in std::mem::take(&mut stage.ready) {
            if stored.send_async(ready).await.is_err() {
                break;
            }
        }
        end
    })
}

struct Stage<'s, 'c> {
    cx: &'s Context<'c>,
    lane: Lane<Model<Waiting>>,
    /// Items in line beyond which no more are taken in.
    waiting_max: usize,
    ready: VecDeque<Stored>,
}

/// How the stage goes on.
#[derive(PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing more comes in.
    Draining,
    /// The user wants to stop: calls in flight end, nothing new starts.
    Stopping,
}

impl<'s, 'c> Stage<'s, 'c> {
    fn new(cx: &'s Context<'c>) -> Self {
        let batch = caps(cx.parts.model.embedder.limits(), cx.settings.batch);
        let dispatcher = dispatcher(&cx.parts.model, batch, &cx.settings.calls);
        Self {
            cx,
            lane: Lane::new(dispatcher, Arc::new(Model::new(&cx.parts.model))),
            waiting_max: batch.items * BATCHES_WAITING,
            ready: VecDeque::new(),
        }
    }

    async fn run(
        &mut self,
        mut steps: Receiver<Step>,
        stored: &Sender<Stored>,
    ) -> Result<(), RunError> {
        let mut phase = Phase::Open;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room = phase == Phase::Open
                && self.lane.waiting() < self.waiting_max
                && self.ready.len() < READY_MAX;
            tokio::select! {
                biased;
                slot = stored.reserve(), if !self.ready.is_empty() => {
                    let Ok(slot) = slot else { return Ok(()) };
                    if let Some(ready) = self.ready.pop_front() { slot.send(ready) }
                }
                _ = tick.tick() => {
                    self.show();
                    if self.cx.interrupt.is_set() && phase != Phase::Stopping {
                        self.lane.stop();
                        phase = Phase::Stopping;
                    }
                }
                finished = self.lane.next() => match finished {
                    Ok(Some(finished)) => self.settle(finished),
                    Ok(None) => return Ok(()),
                    Err(Halted { why, error }) => {
                        return Err(ending::stopped(why, error.map(|failed| failed.error)));
                    }
                },
                step = steps.recv_async(), if room => if let Some(step) = step {
                    self.take_in(step, &mut steps);
                } else {
                    self.lane.close();
                    phase = Phase::Draining;
                },
            }
        }
    }

    /// The step, and what came with it: one decision for many items.
    fn take_in(&mut self, step: Step, steps: &mut Receiver<Step>) {
        self.take(step);
        while self.lane.waiting() < self.waiting_max && self.ready.len() < READY_MAX {
            let Some(step) = steps.try_recv() else { break };
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Chunk(document, chunk, None) => {
                let waiting = Waiting { document, chunk, candidate: Candidate::default() };
                self.lane.push(Class::Normal, waiting.size(), waiting);
            }
            Step::Chunk(document, chunk, Some(vector)) => {
                self.cx.progress.chunks_reused.add(1);
                self.give(document, chunk, Vector::Present(vector));
            }
            other => self.ready.push_back(Stored::Step(other)),
        }
    }

    fn give(&mut self, document: Arc<DocumentRef>, chunk: Leased<Chunk>, vector: Vector) {
        let record = Leased { value: Record { chunk: chunk.value, vector }, lease: chunk.lease };
        self.ready.push_back(Stored::Record(document, record));
    }

    fn settle(&mut self, finished: Finished<Model<Waiting>>) {
        let Finished { item: waiting, end, took } = finished;
        let progress = self.cx.progress;
        if let Some((seconds, items)) = took {
            progress.embed.add(items as u64, Duration::from_secs_f64(seconds));
        }
        let failure = match end {
            End::Done(outcome) => {
                progress.tokens_embedded.add(u64::from(waiting.chunk.value.tokens));
                let Ok(vector) = outcome else {
                    progress.chunks_without_vector.add(1);
                    return self.give(waiting.document, waiting.chunk, Vector::Absent);
                };
                return self.judge(waiting, vector);
            }
            End::Refused(failed) => ending::refused(failed.error),
            End::Expired => ending::expired(),
        };
        match waiting.candidate.into_best() {
            Some((vector, quality)) => {
                self.keep(waiting.document, waiting.chunk, vector, quality);
            }
            None => self.give(waiting.document, waiting.chunk, Vector::Refused(failure)),
        }
    }

    /// Keeps the vector, or the better one that came before; or asks again, where both are bad.
    fn judge(&mut self, mut waiting: Waiting, vector: Embedding) {
        if let Some((vector, quality)) = waiting.candidate.judge(vector) {
            self.keep(waiting.document, waiting.chunk, vector, quality);
        } else {
            self.cx.progress.quality.regenerated.add(1);
            self.lane.push(Class::Normal, waiting.size(), waiting);
        }
    }

    /// What was paid for and will not be asked for again, because nothing more is sent.
    fn keep_candidates(&mut self) {
        for waiting in self.lane.take_waiting() {
            if let Some((vector, quality)) = waiting.candidate.into_best() {
                self.keep(waiting.document, waiting.chunk, vector, quality);
            }
        }
    }

    fn keep(
        &mut self,
        document: Arc<DocumentRef>,
        chunk: Leased<Chunk>,
        vector: Embedding,
        quality: Quality,
    ) {
        self.cx.progress.chunks_embedded.add(1);
        self.cx.progress.quality.add(quality);
        self.give(document, chunk, Vector::Present(vector));
    }

    fn show(&self) {
        self.cx.progress.show_calls(Calls {
            counts: self.lane.counts(),
            in_flight: self.lane.in_flight(),
            limit: self.lane.readings().next(),
        });
    }
}

/// The line in front of the model.
pub(crate) fn dispatcher<T>(
    model: &ModelAccess,
    batch: BatchCaps,
    calls: &settings::Calls,
) -> Dispatcher<T> {
    let settings = flow::dispatch::Settings {
        batch,
        linger: calls.linger.as_secs_f64(),
        failures_max: calls.failures_max,
        patience: calls.patience.as_secs_f64(),
        seed: calls.seed,
    };
    Dispatcher::new(settings, (model.routes)(), calls.tokens_max)
}

/// What the user asks for, within what the model takes.
pub(crate) fn caps(own: BatchLimits, wanted: Batch) -> BatchCaps {
    BatchCaps {
        items: wanted.items.map_or(own.items, |n| n.min(own.items)).max(1),
        tokens: wanted.tokens.map_or(own.tokens, |n| n.min(own.tokens)).max(1) as f64,
        bytes: own.bytes,
    }
}
