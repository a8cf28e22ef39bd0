//! Sources and embedders: what reads from outside.

pub mod source;
