//! Document formats to blocks: text, Markdown, HTML, EPUB, office, CSV, JSON, code, archives.
//!
//! [`detect()`] names the format by content first, [`parse()`] pushes blocks, [`unpack()`] visits the members of an
//! archive. Text formats stream: their memory does not grow with the file. Formats whose parsers hostile input can
//! exhaust say so with [`Format::isolated`]; the caller runs those in a limited child process.

mod outlet;
mod stop;
mod format;
mod detect;
mod parse;
mod archive;
mod code;
mod html;
mod office;
mod structured;
mod text;
#[cfg(test)]
mod testing;

pub use archive::{Budget, unpack};
pub use code::Language;
pub use detect::{HEAD_BYTES, detect, may_hold_items};
pub use format::Format;
pub use parse::{ParseOptions, parse};
