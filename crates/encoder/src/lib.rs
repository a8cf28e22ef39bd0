//! Text to vectors on this machine: word pieces, the built-in static table, transformers, kernels.
//!
//! `unsafe` is denied here and not forbidden, because a lint level reaches down the tree and
//! `kernels/dispatch.rs` needs one expression per instruction set. This file and `kernels/mod.rs` hold
//! declarations only; every other file forbids it.

pub mod builtin;
pub mod wordpiece;
pub mod table;
mod safetensors;
pub mod transformer;
pub mod device;
pub mod kernels;

pub use builtin::{Builtin, ModelError, Scratch};
pub use transformer::Transformer;
