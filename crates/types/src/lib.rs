//! Values that cross stages, and the seams between them.
//!
//! Knows no I/O beyond `std::io`, no runtime, no JSON. Every trait that a connector implements is in
//! [`seam`]; every value that travels between stages has a module of its own.

pub mod failure;
pub mod error_kind;
pub mod document;
pub mod block;
pub mod embedding;
pub mod record;
pub mod lease;
pub mod ledger;
pub mod query;
pub mod pages;
pub mod section_file;
pub mod seam;
