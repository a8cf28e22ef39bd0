//! Tiny models of every family (made by tests/models/make.py) give the vectors that an independent forward pass in
//! f64 gives, the same ones whatever the batch, and a damaged folder is an error.
#![forbid(unsafe_code)]
#![cfg(feature = "tokenizers")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod agreement;
mod batches;
mod damage;
mod folder;
mod vocabularies;
