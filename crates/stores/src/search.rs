//! Finding: codes of vectors, words of full text, and how the two become one list.
//!
//! Everything here is pure; `sqlite/search.rs` reads and writes.

pub(crate) mod codes;
pub(crate) mod top;
pub(crate) mod words;
pub(crate) mod fold;
pub(crate) mod typos;
pub(crate) mod fuse;
