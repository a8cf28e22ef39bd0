//! Sources and embedders: what reads from outside.

pub mod embed;
pub mod source;
pub mod parse;
