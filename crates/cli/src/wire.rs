//! Builds the parts that a command works with, each exactly once.

pub(crate) mod coherence;
pub(crate) mod content;
pub(crate) mod embedder;
pub(crate) mod groups;
pub(crate) mod lanes;
pub(crate) mod own_files;
pub(crate) mod parsers;
pub(crate) mod routing;
pub(crate) mod signals;
pub(crate) mod load;
pub(crate) mod reload;
pub(crate) mod store;
pub(crate) mod verdict;
