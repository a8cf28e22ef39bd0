//! What a provider's reply says of its limits.
//!
//! Knows nothing of documents, clocks or sockets: values, and parsers from text to values.

mod hint;

pub use hint::{Dimension, Hint, Level};
