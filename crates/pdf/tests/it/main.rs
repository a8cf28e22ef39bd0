//! PDFs made by the tests, parsed, and compared with what they say.

#![expect(clippy::unwrap_used, reason = "a test that cannot write its file has failed")]

#[path = "../support/mod.rs"]
mod support;

mod layouts;
mod structure;
mod characters;
mod metadata;
mod encryption;
mod damage;
mod hostile;
mod split;
mod outline;
