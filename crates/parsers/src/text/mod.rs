//! Plain text and Markdown, and what all text formats share: encodings, lines, paragraphs.

pub(crate) mod encoding;
pub(crate) mod lines;
pub(crate) mod plain;
pub(crate) mod markdown;
pub(crate) mod utf8;
