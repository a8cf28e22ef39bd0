//! Source code: blocks of whole functions and classes, their signatures as headings.

mod language;
mod signature;
mod units;

pub use language::Language;
pub(crate) use units::parse;
