//! What a provider's reply says of its limits.
//!
//! Knows nothing of documents, clocks or sockets: values, and parsers from text to values. One reader serves all
//! dialects, because what stands behind an "`OpenAI`-compatible" address may be any of them: the names of headers and
//! fields tell them apart.

mod hint;
mod reading;
mod body;
mod levels;
mod wait;
mod prose;
mod duration;
mod date;

pub use hint::{Dimension, Hint, Level};
pub use reading::{Class, Headers, Reading, read};
