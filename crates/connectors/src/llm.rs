//! Language models that are reached over HTTP.

mod gemini;
mod gemini_files;
mod openai;
mod line;

pub use gemini::Gemini;
pub use openai::OpenAi;

use crate::embed::{ApiKey, BadSpec, KeyOverPlainHttp, Provider, ProviderSpec};
use std::sync::Arc;
use std::time::Duration;
use types::seam::llm::Llm;

/// What may be set besides the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlmOptions {
    /// Of one call as a whole. Flow control gives up earlier.
    pub timeout: Duration,
    pub key_over_plain_http: KeyOverPlainHttp,
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

/// Whether a question may hold files there: known of the providers' own addresses only.
pub fn takes_files(spec: &ProviderSpec) -> bool {
    match spec.provider() {
        Provider::Gemini => true,
        Provider::OpenAi => !spec.has_own_address() || spec.is_azure(),
        Provider::Cohere | Provider::Voyage => false,
    }
}

/// A key that is there and is not sent, because the way to the server is not encrypted.
pub fn withholds_key(spec: &ProviderSpec, key: Option<&ApiKey>, options: LlmOptions) -> bool {
    let safe = spec.is_loopback() || spec.is_encrypted();
    key.is_some() && !safe && options.key_over_plain_http == KeyOverPlainHttp::Withhold
}

/// The model of a specification. Sends nothing.
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
