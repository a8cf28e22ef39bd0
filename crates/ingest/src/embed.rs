//! Chunks to records: batches across documents, as many calls in flight as the model can use.
//!
//! A batch is cut when a call may start, not before: while all calls are busy the next batch grows.

use crate::outcome::RunError;
use crate::parse::step::{DocumentRef, Step};
use crate::run::Context;
use crate::store::Stored;
use flow::memory::Leased;
use flow::queue::{Closed, Receiver, Sender};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::error_kind::ErrorKind;
use types::failure::FailureClass;
use types::record::{Chunk, Record, Vector};
use types::seam::{BatchLimits, BoxFuture, EmbedError, Embedded, Purpose};

type Waiting = (Arc<DocumentRef>, Leased<Chunk>);
type Outcomes = Result<Embedded, EmbedError>;

/// A finished call.
struct Answer {
    batch: Vec<Waiting>,
    outcomes: Outcomes,
    took: Duration,
}

pub(crate) fn work(
    cx: &Context<'_>,
    steps: Receiver<Step>,
    stored: &Sender<Stored>,
) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| {
        RunError::internal(format!("cannot start the embedding stage: {error}"))
    })?;
    runtime.block_on(Stage { cx, limits: limits(cx), waiting: VecDeque::new(), stored }.run(steps))
}

/// What the user asks for, within what the model takes.
fn limits(cx: &Context<'_>) -> BatchLimits {
    let own = cx.parts.embedder.limits();
    let wanted = cx.settings.batch;
    BatchLimits {
        items: wanted.items.map_or(own.items, |n| n.min(own.items)).max(1),
        tokens: wanted.tokens.map_or(own.tokens, |n| n.min(own.tokens)).max(1),
        in_flight: wanted.in_flight.map_or(own.in_flight, |n| n.min(own.in_flight)).max(1),
        ..own
    }
}

struct Stage<'s, 'c> {
    cx: &'s Context<'c>,
    limits: BatchLimits,
    waiting: VecDeque<Waiting>,
    stored: &'s Sender<Stored>,
}

impl Stage<'_, '_> {
    async fn run(mut self, mut steps: Receiver<Step>) -> Result<(), RunError> {
        let mut calls: FuturesUnordered<BoxFuture<'_, Answer>> = FuturesUnordered::new();
        let mut open = true;
        while open || !self.waiting.is_empty() || !calls.is_empty() {
            // A full batch, or whatever there is when nothing more comes at once.
            let quiet = !open || steps.is_empty();
            while calls.len() < self.limits.in_flight && self.has_batch(quiet) {
                let batch = self.cut();
                calls.push(Box::pin(call(self.cx, batch)));
            }
            // No more is taken in than the next batch needs.
            let room = open && self.waiting.len() < self.limits.items;
            tokio::select! {
                biased;
                Some(answer) = calls.next(), if !calls.is_empty() => {
                    if self.settle(answer).await?.is_err() { return Ok(()) }
                }
                step = steps.recv_async(), if room => match step {
                    Some(step) => if self.take(step).await.is_err() { return Ok(()) },
                    None => open = false,
                },
            }
        }
        Ok(())
    }

    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "the queue's state, not a choice of the caller"
    )]
    fn has_batch(&self, quiet: bool) -> bool {
        self.waiting.len() >= self.limits.items || (quiet && !self.waiting.is_empty())
    }

    fn cut(&mut self) -> Vec<Waiting> {
        let (mut tokens, mut bytes) = (0, 0);
        let mut batch = Vec::new();
        while let Some((_, chunk)) = self.waiting.front() {
            tokens += chunk.value.tokens as usize;
            bytes += chunk.value.text.len();
            let over = tokens > self.limits.tokens
                || bytes > self.limits.bytes
                || batch.len() == self.limits.items;
            if over && !batch.is_empty() {
                break;
            }
            batch.extend(self.waiting.pop_front());
        }
        batch
    }

    async fn take(&mut self, step: Step) -> Result<(), Closed> {
        match step {
            Step::Chunk(document, chunk, None) => {
                self.waiting.push_back((document, chunk));
                Ok(())
            }
            Step::Chunk(document, chunk, Some(vector)) => {
                self.cx.progress.chunks_reused.add(1);
                self.give(document, chunk, Vector::Present(vector)).await
            }
            other => self.stored.send_async(Stored::Step(other)).await,
        }
    }

    async fn give(
        &self,
        document: Arc<DocumentRef>,
        chunk: Leased<Chunk>,
        vector: Vector,
    ) -> Result<(), Closed> {
        let record = Leased { value: Record { chunk: chunk.value, vector }, lease: chunk.lease };
        self.stored.send_async(Stored::Record(document, record)).await
    }

    async fn settle(&self, answer: Answer) -> Result<Result<(), Closed>, RunError> {
        let Answer { batch, outcomes, took } = answer;
        let outcomes = outcomes.map_err(|error| stopped(&error))?.vectors;
        if outcomes.len() != batch.len() {
            let (got, want) = (outcomes.len(), batch.len());
            return Err(RunError::internal(format!(
                "the embedder gave {got} vectors for {want} texts"
            )));
        }
        self.cx.progress.embed.add(batch.len() as u64, took);
        self.cx.progress.batches.add(1);
        for ((document, chunk), outcome) in batch.into_iter().zip(outcomes) {
            self.cx.progress.tokens_embedded.add(u64::from(chunk.value.tokens));
            let vector = if let Ok(vector) = outcome {
                self.cx.progress.chunks_embedded.add(1);
                Vector::Present(vector)
            } else {
                self.cx.progress.chunks_without_vector.add(1);
                Vector::Absent
            };
            if let Err(closed) = self.give(document, chunk, vector).await {
                return Ok(Err(closed));
            }
        }
        Ok(Ok(()))
    }
}

async fn call(cx: &Context<'_>, batch: Vec<Waiting>) -> Answer {
    let started = Instant::now();
    let texts: Vec<&str> = batch.iter().map(|(_, chunk)| chunk.value.text.as_str()).collect();
    let outcomes = cx.parts.embedder.embed(Purpose::Document, &texts).await;
    Answer { outcomes, took: started.elapsed(), batch }
}

/// The model cannot be used: the run ends, what is committed stays, the next run goes on.
fn stopped(error: &EmbedError) -> RunError {
    let class = match error.kind {
        ErrorKind::Denied => FailureClass::Denied,
        ErrorKind::QuotaExhausted | ErrorKind::TooManyRequests => FailureClass::Quota,
        ErrorKind::Timeout => FailureClass::Timeout,
        ErrorKind::InvalidInput | ErrorKind::TooLarge => FailureClass::BadItem,
        ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Unavailable
        | ErrorKind::Internal => FailureClass::Internal,
    };
    RunError { class, message: error.message.clone(), hint: error.hint.clone() }
}
