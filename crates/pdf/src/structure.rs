//! From lines to headings and paragraphs.

pub(crate) mod body;
pub(crate) mod heading;
pub(crate) mod joint;
pub(crate) mod paragraph;
