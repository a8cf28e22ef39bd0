//! The model that comes with the program, on threads of its own.
//!
//! Embedding is pure computing. On the threads of the runtime it would hold up everything that waits there, so a
//! fixed number of workers takes whole batches from one bounded queue and answers each through its own channel.

#[cfg(test)]
mod tests;

use encoder::{Builtin, Scratch};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use types::embedding::{Embedding, ModelId, NoVector};
use types::error_kind::ErrorKind;
use types::seam::{BatchLimits, BoxFuture, EmbedError, Embedded, Embedder, Purpose, TokenCount};

/// Some milliseconds of work: long beside the way through the queue, short beside an interrupt.
const BATCH_ITEMS: usize = 64;

/// Room for a full batch of chunks of the usual size.
const BATCH_TOKENS: usize = BATCH_ITEMS * 512;

/// The table has no limit of its own; a mean over more words than this says little about any of them.
const TEXT_TOKENS: usize = 8192;

/// What a batch holds in memory, copied once for its worker.
const BATCH_BYTES: usize = 1024 * 1024;

/// The built-in model with its workers; dropping it ends them and waits until they have ended.
#[derive(Debug)]
pub struct BuiltinEmbedder {
    id: ModelId,
    model: Arc<Model>,
    /// None only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Model(Builtin);

impl TokenCount for Model {
    fn count(&self, text: &str) -> usize {
        self.0.count(text)
    }
}

type Outcome = Result<Embedded, EmbedError>;

struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Outcome>,
}

impl BuiltinEmbedder {
    /// Loads the model and starts its workers, at least one. Errors: the system gives no more threads.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let model = Arc::new(Model(Builtin::load()));
        // One batch waits for each worker, so that none is idle while its next batch is put together.
        let (jobs, queue) = mpsc::channel(threads);
        let queue = Arc::new(Mutex::new(queue));
        let id = ModelId {
            provider: "builtin".to_owned(),
            model: String::new(),
            dimensions: model.0.dimensions(),
        };
        let mut embedder = Self { id, model, jobs: Some(jobs), workers: Vec::new() };
        for number in 0..threads {
            let (model, queue) = (Arc::clone(&embedder.model), Arc::clone(&queue));
            let worker = std::thread::Builder::new()
                .name(format!("embed-{number}"))
                .spawn(move || work(&model.0, &queue))?;
            embedder.workers.push(worker);
        }
        Ok(embedder)
    }

    /// Changes with the table and the rules of the model: vectors of another fingerprint may differ.
    pub fn fingerprint(&self) -> String {
        Builtin::REVISION.to_owned()
    }
}

impl Embedder for BuiltinEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: BATCH_ITEMS,
            tokens: BATCH_TOKENS,
            text_tokens: TEXT_TOKENS,
            bytes: BATCH_BYTES,
            in_flight: self.workers.len(),
        }
    }

    fn tokens(&self) -> &dyn TokenCount {
        &*self.model
    }

    /// Passages and queries are embedded alike. A batch that was given up is not begun, or is left after the
    /// text that its worker is at.
    fn embed<'a>(&'a self, _purpose: Purpose, texts: &'a [&'a str]) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            let jobs = self.jobs.as_ref().expect("a dropped embedder is not called");
            jobs.send(Job { texts, reply }).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        })
    }
}

impl Drop for BuiltinEmbedder {
    fn drop(&mut self) {
        // Nobody waits for what is still queued: every future borrows the embedder.
        self.jobs = None;
        for worker in self.workers.drain(..) {
            // A worker that panicked has failed its batch already.
            drop(worker.join());
        }
    }
}

fn work(model: &Builtin, queue: &Mutex<mpsc::Receiver<Job>>) {
    let mut scratch = Scratch::default();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Job { texts, reply }) = next else { return };
        if let Some(outcome) = embed_all(model, &texts, &mut scratch, &reply) {
            // The caller may have gone meanwhile: then nobody wants the outcome.
            drop(reply.send(outcome));
        }
    }
}

/// None if the caller has gone.
fn embed_all(
    model: &Builtin,
    texts: &[String],
    scratch: &mut Scratch,
    reply: &oneshot::Sender<Outcome>,
) -> Option<Outcome> {
    let mut vectors = Vec::with_capacity(texts.len());
    for text in texts {
        if reply.is_closed() {
            return None;
        }
        let vector = match model.embed(text, scratch) {
            None => Err(NoVector),
            Some(values) => match Embedding::new(values, model.dimensions()) {
                Ok(vector) => Ok(vector),
                Err(bad) => return Some(Err(internal(format!("built-in model: {bad}")))),
            },
        };
        vectors.push(vector);
    }
    Some(Ok(Embedded { vectors, tokens: None, quota: quota::Hint::default() }))
}

fn stopped() -> EmbedError {
    internal("a worker of the built-in model stopped".to_owned())
}

fn internal(message: String) -> EmbedError {
    EmbedError {
        kind: ErrorKind::Internal,
        message,
        hint: "this is a defect of gristmill: please report it".to_owned(),
        quota: quota::Hint::default(),
    }
}
