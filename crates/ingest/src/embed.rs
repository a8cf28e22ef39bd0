//! Chunks to records, through the one lane in front of each model.
//!
//! A batch is cut when a call may start, not before. What is finished is handed on while calls go on: a slow
//! store holds up the intake, never the calls in flight.

pub(crate) mod callee;
pub(crate) mod ending;
mod lanes;

use crate::model::ModelAccess;
use crate::outcome::RunError;
use crate::parse::step::{DocumentRef, Routed, Step};
use crate::progress::Share;
use crate::quality::{Candidate, Quality};
use crate::run::Context;
use crate::settings::{self, Batch};
use crate::store::Stored;
use callee::{Failed, Model, Texted};
use flow::dispatch::{BatchCaps, Dispatcher, Size};
use flow::lane::{End, Finished, Halted};
use flow::memory::Leased;
use flow::queue::{Receiver, Sender};
use lanes::Lanes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use types::embedding::Embedding;
use types::record::{Chunk, Record, Vector};
use types::seam::{BatchLimits, ModelNumber};

/// A chunk on its way to a vector.
pub(crate) struct Waiting {
    document: Arc<DocumentRef>,
    chunk: Leased<Chunk>,
    /// Index of the model that is asked.
    model: usize,
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
    lanes: Lanes,
    ready: VecDeque<Stored>,
    /// What each model did.
    shares: Vec<Share>,
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
        let own = (&cx.parts.model, &cx.settings.calls);
        let routed = cx.parts.routing.models.iter().map(|model| (&model.access, &model.calls));
        let models = std::iter::once(own).chain(routed);
        Self {
            cx,
            lanes: Lanes::new(models, cx.settings.batch),
            ready: VecDeque::new(),
            shares: vec![Share::default(); 1 + cx.parts.routing.models.len()],
        }
    }

    async fn run(
        &mut self,
        mut steps: Receiver<Step>,
        stored: &Sender<Stored>,
    ) -> Result<(), RunError> {
        let mut phase = Phase::Open;
        let mut halted: Option<RunError> = None;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room =
                phase == Phase::Open && self.lanes.have_room() && self.ready.len() < READY_MAX;
            tokio::select! {
                biased;
                slot = stored.reserve(), if !self.ready.is_empty() => {
                    let Ok(slot) = slot else { return Ok(()) };
                    if let Some(ready) = self.ready.pop_front() { slot.send(ready) }
                }
                _ = tick.tick() => {
                    self.show();
                    if self.cx.interrupt.is_set() && phase != Phase::Stopping {
                        self.lanes.stop();
                        phase = Phase::Stopping;
                    }
                }
                finished = self.lanes.next() => match finished {
                    Ok(Some((model, finished))) => self.settle(model, finished),
                    Ok(None) => return halted.map_or(Ok(()), Err),
                    // What the other models are asked already was paid for: it is waited for, and kept.
                    Err((model, why)) => {
                        halted.get_or_insert(self.halted(model, why));
                        self.lanes.stop();
                        phase = Phase::Stopping;
                        if self.lanes.have_ended() {
                            return halted.map_or(Ok(()), Err);
                        }
                    }
                },
                step = steps.recv_async(), if room => if let Some(step) = step {
                    self.take_in(step, &mut steps);
                } else {
                    self.lanes.close();
                    phase = Phase::Draining;
                },
            }
        }
    }

    /// The step, and what came with it: one decision for many items.
    fn take_in(&mut self, step: Step, steps: &mut Receiver<Step>) {
        self.take(step);
        while self.lanes.have_room() && self.ready.len() < READY_MAX {
            let Some(step) = steps.try_recv() else { break };
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Chunk(document, chunk, Routed { model, vector: None }) => {
                let candidate = Candidate::default();
                self.lanes.push(Waiting { document, chunk, model, candidate });
            }
            Step::Chunk(document, chunk, Routed { model, vector: Some(vector) }) => {
                self.cx.progress.chunks_reused.add(1);
                self.shares[model].reused += 1;
                self.give(document, chunk, self.made_by(model, vector));
            }
            other => self.ready.push_back(Stored::Step(other)),
        }
    }

    fn give(&mut self, document: Arc<DocumentRef>, chunk: Leased<Chunk>, vector: Vector) {
        let record = Leased { value: Record { chunk: chunk.value, vector }, lease: chunk.lease };
        self.ready.push_back(Stored::Record(document, record));
    }

    fn made_by(&self, model: usize, vector: Embedding) -> Vector {
        match self.cx.parts.routing.number(model) {
            ModelNumber::OWN => Vector::Present(vector),
            routed => Vector::Routed(routed, vector),
        }
    }

    /// Why the run ends; with several models, because of which.
    fn halted(&self, model: usize, Halted { why, error }: Halted<Failed>) -> RunError {
        let error = ending::stopped(why, error.map(|failed| failed.error));
        if self.shares.len() == 1 {
            return error;
        }
        let name = self.cx.parts.access(model).embedder.model();
        RunError { message: format!("{name}: {}", error.message), ..error }
    }

    fn settle(&mut self, model: usize, finished: Finished<Model<Waiting>>) {
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
                    self.shares[model].without_vector += 1;
                    return self.give(waiting.document, waiting.chunk, Vector::Absent);
                };
                return self.judge(waiting, vector);
            }
            End::Refused(failed) => ending::refused(failed.error),
            End::Expired => ending::expired(),
        };
        match waiting.candidate.into_best() {
            Some(best) => self.keep((waiting.document, waiting.chunk), model, best),
            None => self.give(waiting.document, waiting.chunk, Vector::Refused(failure)),
        }
    }

    /// Keeps the vector, or the better one that came before; or asks again, where both are bad.
    fn judge(&mut self, mut waiting: Waiting, vector: Embedding) {
        if let Some(best) = waiting.candidate.judge(vector) {
            self.keep((waiting.document, waiting.chunk), waiting.model, best);
        } else {
            self.cx.progress.quality.regenerated.add(1);
            self.lanes.push(waiting);
        }
    }

    /// What was paid for and will not be asked for again, because nothing more is sent.
    fn keep_candidates(&mut self) {
        for waiting in self.lanes.take_waiting() {
            if let Some(best) = waiting.candidate.into_best() {
                self.keep((waiting.document, waiting.chunk), waiting.model, best);
            }
        }
    }

    fn keep(
        &mut self,
        (document, chunk): (Arc<DocumentRef>, Leased<Chunk>),
        model: usize,
        (vector, quality): (Embedding, Quality),
    ) {
        self.cx.progress.chunks_embedded.add(1);
        self.cx.progress.quality.add(quality);
        self.shares[model].embedded += 1;
        self.give(document, chunk, self.made_by(model, vector));
    }

    fn show(&self) {
        self.cx.progress.show_calls(self.lanes.calls());
        let counted = self.shares.iter().zip(self.lanes.counts());
        let shares = counted.map(|(share, counts)| Share { counts, ..*share }).collect();
        self.cx.progress.show_shares(shares);
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
