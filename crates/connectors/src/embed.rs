//! Embedders: what makes vectors out of texts.

pub mod builtin;

pub use builtin::BuiltinEmbedder;
