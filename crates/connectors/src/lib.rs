//! Sources and embedders: what reads from outside.

pub mod embed;
pub mod hub;
pub mod llm;
pub mod split;
pub mod source;
pub mod parse;
