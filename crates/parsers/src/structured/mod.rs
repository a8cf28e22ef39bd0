//! Records: CSV, JSON and JSON Lines, each record a document of its own.

mod capped;
pub(crate) mod csv;
mod flat;
pub(crate) mod header;
mod item;
pub(crate) mod json;
mod notebook;
mod scan;
mod width;
