//! Embedders: what makes vectors out of texts.

pub mod builtin;
mod remote;
mod spec;
mod key;
mod known;
mod estimate;
mod http;
mod dialect;
mod openai;
mod voyage;
mod cohere;
mod gemini;
mod vector;
mod refusal;
mod words;

pub use builtin::BuiltinEmbedder;
pub use estimate::Estimate;
pub use key::{ApiKey, BadKey};
pub use remote::{BadSetup, KeyOverPlainHttp, OpenError, Opened, RemoteEmbedder, RemoteOptions};
pub use spec::{BadSpec, Provider, ProviderSpec};
pub use vector::Encoding;
