//! PDFs made for the tests, and what to compare their text with.

pub(crate) mod file;
pub(crate) mod font;
pub(crate) mod grams;
pub(crate) mod layouts;
pub(crate) mod random;
pub(crate) mod reading;
