//! The main job: one document's way from its source into the store, in stages.
//!
//! [`run`] shows the whole flow. Knows no connector: sources, parsers, embedder and store come in as traits.
//! Every byte that is alive between two stages is paid for by a lease, every queue has a bound, and the only
//! truth is the store: what it has committed is never done again.

pub mod run;
pub mod model;
pub mod settings;
pub mod progress;
pub mod outcome;
pub mod source;
pub mod parse;
pub mod chunk;
mod fingerprint;
pub mod embed;
pub mod quality;
pub mod store;
pub mod consolidate;
pub mod prune;
pub mod migrate;
pub mod route;
