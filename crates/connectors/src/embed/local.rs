//! A transformer from a folder, on threads of its own.
//!
//! Workers take calls from one line in which queries go before documents, and cut them into batches of tokens. Between
//! two batches a worker lets waiting queries pass, so that a search does not wait for the end of a bulk call. Queries
//! are embedded on the processor, where one is done before a card has begun; documents where [`DeviceChoice`] says.

mod cuda;
mod line;
mod place;
#[cfg(test)]
mod tests;

use encoder::Transformer;
use encoder::kernels::{Isa, Kernels};
use encoder::transformer::budget::{self, Budget};
use encoder::transformer::{Memory, Side, Tokens};
use line::{Job, Line};
use place::Place;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::oneshot;
use types::embedding::{Embedding, ModelId, NoVector};
use types::error_kind::ErrorKind;
use types::seam::{BatchLimits, BoxFuture, EmbedError, Embedded, Embedder, Purpose, TokenCount};

pub use encoder::device::{DeviceReport, Notice};
pub use encoder::transformer::{LoadError, Options, Precision};
pub use place::{DeviceChoice, Machine, RanOn};

/// Provider in the identity of every model from a folder.
pub const PROVIDER: &str = "local";

/// A call is a few batches: long beside the way through the line, short beside an interrupt.
const CALL_TOKENS: usize = 4096;

const CALL_ITEMS: usize = 256;

/// The same for a card, which needs thousands of tokens at once to have something to do.
const CARD_TOKENS: usize = 16_384;

const CARD_ITEMS: usize = 1024;

/// What a call holds in memory, copied once for its worker.
const CALL_BYTES: usize = 1024 * 1024;

/// Hexadecimal digits of the fingerprint in the model's name: 64 bits, as many as nobody meets twice by chance.
const NAME_DIGITS: usize = 16;

/// A local model with its workers; dropping it ends them and waits until they have ended.
#[derive(Debug)]
pub struct LocalEmbedder {
    id: ModelId,
    model: Arc<Model>,
    line: Arc<Line>,
    workers: Vec<JoinHandle<()>>,
}

/// Why there is no embedder.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("embed.device: {0}")]
    Device(String),
    #[error("no thread for the model: {0}")]
    Thread(#[from] std::io::Error),
}

#[derive(Debug)]
struct Model {
    transformer: Transformer,
    budget: Mutex<Budget>,
    place: Place,
}

impl TokenCount for Model {
    fn count(&self, text: &str) -> usize {
        self.transformer.count(text)
    }
}

type Outcome = Result<Embedded, EmbedError>;

impl LocalEmbedder {
    /// Loads the folder and starts the workers. Reading and packing the weights takes some tenths of a second for a
    /// small model.
    ///
    /// Errors: the folder holds no model, or the user wants a card by name that is not there.
    pub fn open(folder: &Path, options: Options, machine: Machine) -> Result<Self, LocalError> {
        let threads = machine.threads.max(1);
        let transformer = Transformer::load(folder, options)?;
        cuda::check(&transformer, machine.device).map_err(LocalError::Device)?;
        let place = Place::new(machine.device, machine.notice, cuda::open);
        let name = transformer.fingerprint().chars().take(NAME_DIGITS).collect();
        let dimensions = transformer.dimensions();
        let id = ModelId { provider: PROVIDER.to_owned(), model: name, dimensions };
        let model = Arc::new(Model { transformer, budget: Mutex::default(), place });
        // One call waits for each worker, so that none is idle while its next one is put together.
        let line = Arc::new(Line::new(threads));
        let mut embedder = Self { id, model, line, workers: Vec::new() };
        for number in 0..threads {
            let (model, line) = (Arc::clone(&embedder.model), Arc::clone(&embedder.line));
            let worker = std::thread::Builder::new()
                .name(format!("embed-{number}"))
                .spawn(move || work(&model, &line))?;
            embedder.workers.push(worker);
        }
        Ok(embedder)
    }

    /// Everything that the vectors depend on.
    pub fn fingerprint(&self) -> String {
        self.model.transformer.fingerprint().to_owned()
    }

    pub fn precision(&self) -> Precision {
        self.model.transformer.precision()
    }

    /// What documents have been embedded on so far.
    pub fn ran_on(&self) -> RanOn {
        self.model.place.ran_on()
    }

    /// What the processor's part runs on.
    pub fn instructions(&self) -> &'static str {
        self.model.transformer.kernels().isa().name()
    }

    /// What the user should know: settings that the folder leaves open, a precision that is slow here.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.model.transformer.notes().iter().map(|&note| note.to_owned()).collect();
        let fast = Kernels::on(Isa::Avx512).is_some();
        if self.precision() == Precision::I8 && !fast {
            notes.push("i8 is slower than i16 here: the processor has no AVX-512 VNNI".to_owned());
        }
        notes
    }
}

impl Embedder for LocalEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn limits(&self) -> BatchLimits {
        let text_tokens = self.model.transformer.tokens_max();
        let (items, tokens) = if self.model.place.may_have_cards() {
            (CARD_ITEMS, CARD_TOKENS)
        } else {
            (CALL_ITEMS, CALL_TOKENS)
        };
        BatchLimits {
            items,
            tokens: tokens.max(text_tokens),
            text_tokens,
            bytes: CALL_BYTES,
            in_flight: self.workers.len(),
        }
    }

    fn tokens(&self) -> &dyn TokenCount {
        &*self.model
    }

    /// A query that is too long loses its end, as in the reference; a document that is too long is refused, since
    /// part of a chunk would stand for all of it. A call that was given up is left after the batch that its worker
    /// is at.
    fn embed<'a>(&'a self, purpose: Purpose, texts: &'a [&'a str]) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            self.line.enter(Job { purpose, texts, reply }).await;
            answer.await.map_err(|_| stopped())?
        })
    }
}

impl Drop for LocalEmbedder {
    fn drop(&mut self) {
        // Nobody waits for what is still in line: every future borrows the embedder.
        self.line.close();
        for worker in self.workers.drain(..) {
            // A worker that panicked has failed its call already.
            drop(worker.join());
        }
    }
}

fn work(model: &Model, line: &Line) {
    let mut memory = Memory::default();
    while let Some(job) = line.next() {
        model.serve(job, &mut memory, line);
    }
}

impl Model {
    fn serve(&self, job: Job, memory: &mut Memory, line: &Line) {
        let Job { purpose, texts, reply } = job;
        let tokens = match self.tokenize(purpose, &texts) {
            Ok(tokens) => tokens,
            Err(error) => {
                // The caller may have gone meanwhile: then nobody wants the outcome.
                drop(reply.send(Err(error)));
                return;
            }
        };
        let known: Vec<&Tokens> = tokens.iter().flatten().collect();
        let mut vectors = Vec::with_capacity(known.len());
        let mut rest = known.as_slice();
        while !rest.is_empty() {
            if reply.is_closed() {
                return;
            }
            // Queries pass; a query is not made to wait for other queries' letting pass.
            while purpose == Purpose::Document
                && let Some(query) = line.next_query()
            {
                self.serve(query, memory, line);
            }
            vectors.extend(self.batch(purpose, &mut rest, memory));
        }
        let vectors = vectors.into_iter().map(|vector| Embedding::new(vector, self.dimensions()));
        let outcome = match vectors.collect::<Result<Vec<_>, _>>() {
            Ok(vectors) => Ok(arranged(&tokens, vectors)),
            Err(bad) => Err(damaged(&format!("the local model gave a bad vector: {bad}"))),
        };
        drop(reply.send(outcome));
    }

    fn dimensions(&self) -> usize {
        self.transformer.dimensions()
    }

    fn tokenize(
        &self,
        purpose: Purpose,
        texts: &[String],
    ) -> Result<Vec<Option<Tokens>>, EmbedError> {
        let side = match purpose {
            Purpose::Document => Side::Document,
            Purpose::Query => Side::Query,
        };
        let tokens: Vec<Option<Tokens>> =
            texts.iter().map(|text| self.transformer.tokens(side, text)).collect();
        let too_long = tokens.iter().flatten().find(|tokens| tokens.cut() > 0);
        match too_long {
            Some(tokens) if purpose == Purpose::Document => {
                Err(too_large(tokens.cut(), self.transformer.tokens_max()))
            }
            _ => Ok(tokens),
        }
    }

    /// Embeds the next batch and takes it from `rest`.
    fn batch(&self, purpose: Purpose, rest: &mut &[&Tokens], memory: &mut Memory) -> Vec<Vec<f32>> {
        if purpose == Purpose::Document
            && let Some(vectors) = self.place.batch(&self.transformer, rest, memory)
        {
            return vectors;
        }
        let size = self.budget.lock().unwrap_or_else(PoisonError::into_inner).size();
        let count = budget::cut(rest.iter().map(|tokens| tokens.len()), size);
        let (batch, others) = rest.split_at(count);
        *rest = others;
        let started = Instant::now();
        let vectors = self.transformer.embed(batch, memory);
        let tokens = batch.iter().map(|tokens| tokens.len()).sum();
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.record(size, tokens, started.elapsed());
        vectors
    }
}

/// Vectors beside the texts that have none.
fn arranged(tokens: &[Option<Tokens>], vectors: Vec<Embedding>) -> Embedded {
    let mut vectors = vectors.into_iter();
    let next = |tokens: &Option<Tokens>| match tokens {
        Some(_) => vectors.next().ok_or(NoVector),
        None => Err(NoVector),
    };
    let vectors = tokens.iter().map(next).collect();
    Embedded { vectors, tokens: None, quota: quota::Hint::default() }
}

fn too_large(cut: usize, most: usize) -> EmbedError {
    EmbedError {
        kind: ErrorKind::TooLarge,
        message: format!("text is {cut} tokens longer than the {most} that the local model takes"),
        hint: "set a smaller chunk.tokens".to_owned(),
        quota: quota::Hint::default(),
    }
}

fn damaged(message: &str) -> EmbedError {
    EmbedError {
        kind: ErrorKind::InvalidInput,
        message: message.to_owned(),
        hint: "the model's weights are damaged or unfit: fetch the model again".to_owned(),
        quota: quota::Hint::default(),
    }
}

fn stopped() -> EmbedError {
    EmbedError {
        kind: ErrorKind::Internal,
        message: "a worker of the local model stopped".to_owned(),
        hint: "this is a defect of gristmill: please report it".to_owned(),
        quota: quota::Hint::default(),
    }
}
