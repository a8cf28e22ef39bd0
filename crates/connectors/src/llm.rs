//! Language models that are reached over HTTP.

mod gemini;
mod gemini_files;
mod openai;
mod line;

pub use gemini::Gemini;
pub use openai::OpenAi;

use crate::embed::{ApiKey, BadSpec, Provider, ProviderSpec};
use std::sync::Arc;
use std::time::Duration;
use types::seam::llm::Llm;

/// What may be set besides the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlmOptions {
    /// Of one call as a whole. Flow control gives up earlier.
    pub timeout: Duration,
}

/// A model cannot be used as it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLlm {
    #[error(transparent)]
    Spec(#[from] BadSpec),
    #[error("{0} makes vectors only; write gemini:MODEL or openai:MODEL")]
    NoText(&'static str),
    #[error("{spec} needs a key; set {}", variables.join(" or "))]
    NoKey { spec: ProviderSpec, variables: &'static [&'static str] },
    #[error("{spec}: {cause}")]
    Client { spec: ProviderSpec, cause: String },
}

/// The model of a specification. Sends nothing. A key is sent over plain `http://` to this machine only.
pub fn open(
    spec: &ProviderSpec,
    key: Option<ApiKey>,
    options: LlmOptions,
) -> Result<Arc<dyn Llm>, BadLlm> {
    let line = line::Line::new(spec, key, options)?;
    match spec.provider() {
        Provider::Gemini => Ok(Arc::new(Gemini::new(line))),
        Provider::OpenAi => Ok(Arc::new(OpenAi::new(line))),
        other @ (Provider::Cohere | Provider::Voyage) => Err(BadLlm::NoText(other.as_str())),
    }
}
