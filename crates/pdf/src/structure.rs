//! From lines to headings and paragraphs.

pub(crate) mod body;
mod code;
pub(crate) mod heading;
mod joint;
pub(crate) mod paragraph;
