//! How texts become vectors.

use crate::embedding::{Embedding, ModelId, NoVector};
use crate::error_kind::{Classified, ErrorKind};
use std::future::Future;
use std::pin::Pin;

/// One box per call: invisible beside the work of a batch.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Some models embed passages and queries differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Document,
    Query,
}

/// What one call takes, and how many calls at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    pub items: usize,
    /// Of all texts of a batch.
    pub tokens: usize,
    /// Of one text; the chunker never makes a longer one.
    pub text_tokens: usize,
    /// Of all texts of a batch.
    pub bytes: usize,
    /// Calls in flight that the model can use.
    pub in_flight: usize,
}

/// Counts tokens as the model does. Pure.
pub trait TokenCount: Send + Sync {
    fn count(&self, text: &str) -> usize;
}

/// One embedding model.
pub trait Embedder: Send + Sync {
    fn model(&self) -> &ModelId;

    fn limits(&self) -> BatchLimits;

    fn tokens(&self) -> &dyn TokenCount;

    /// One call, all or nothing. Never retries, never waits for a limit. Dropping the future gives up the call.
    fn embed<'a>(
        &'a self,
        purpose: Purpose,
        texts: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Embedded, EmbedError>>;
}

/// What one call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// One per text, in the order of the texts.
    pub vectors: Vec<Result<Embedding, NoVector>>,
    /// Tokens that the provider charges for the call, where it says so.
    pub tokens: Option<u64>,
    /// What the reply said of limits.
    pub quota: quota::Hint,
}

/// A call failed as a whole.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct EmbedError {
    pub kind: ErrorKind,
    /// Names the provider and what it said; never a key, never a text of the documents.
    pub message: String,
    /// What the user can do.
    pub hint: String,
    /// What the reply said of limits.
    pub quota: quota::Hint,
}

impl Classified for EmbedError {
    fn kind(&self) -> ErrorKind {
        self.kind
    }
}
