//! Embedders: what makes vectors out of texts.

pub mod builtin;
pub mod local;
pub(crate) mod remote;
mod spec;
mod key;
mod known;
mod estimate;
pub(crate) mod http;
mod dialect;
mod openai;
mod voyage;
mod cohere;
mod gemini;
mod vector;
pub(crate) mod refusal;
pub(crate) mod words;

pub use builtin::BuiltinEmbedder;
pub use estimate::Estimate;
pub use key::{ApiKey, BadKey};
pub use local::LocalEmbedder;
pub use remote::{BadSetup, KeyOverPlainHttp, OpenError, Opened, RemoteEmbedder, RemoteOptions};
pub use spec::{BadSpec, Provider, ProviderSpec};
pub use vector::Encoding;
