//! Which format a file has: by its first bytes, then by its ending, then by whether it reads as text.

mod magic;

use crate::code::Language;
use crate::format::Format;
use crate::text::encoding::{self, Extent};
use types::failure::{Failure, FailureClass};

/// So many first bytes are enough for [`detect`].
pub const HEAD_BYTES: usize = 8 * 1024;

/// Endings of text formats that have no magic bytes; all else that reads as text is [`Format::Text`].
const ENDINGS: &[(&str, Format)] = &[
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("mkd", Format::Markdown),
    ("mdx", Format::Markdown),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("csv", Format::Csv),
    ("tsv", Format::Csv),
    ("tab", Format::Csv),
    ("json", Format::Json),
    ("geojson", Format::Json),
    ("ipynb", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
];

/// Formats whose files have magic bytes, which these bytes are not.
const CONTAINERS: &[(&str, &str)] = &[
    ("pdf", "PDF"),
    ("epub", "EPUB"),
    ("docx", "Word"),
    ("pptx", "PowerPoint"),
    ("xlsx", "Excel"),
    ("zip", "zip"),
    ("gz", "gzip"),
    ("tgz", "gzip"),
    ("tar", "tar"),
];

/// The format of a file of `size` bytes that begins with `head` ([`HEAD_BYTES`] of it, or all).
///
/// Content goes before the name: a PDF that is called `.txt` is a PDF. `Err` when nothing here can read it.
pub fn detect(name: &str, head: &[u8], size: u64) -> Result<Format, Failure> {
    if size == 0 || head.is_empty() {
        return Err(Failure::bad_document(
            "file is empty",
            "put content into the file or remove it",
        ));
    }
    let file = file_name(name);
    let ending = ending(&file);
    if let Some(format) = magic::detect(head, ending)? {
        return Ok(format);
    }
    if let Some((_, kind)) = CONTAINERS.iter().find(|(own, _)| *own == ending) {
        return Err(Failure::bad_document(
            format!("named .{ending}, but does not begin like a {kind} file"),
            "the file is damaged or has the wrong ending: fetch it again or rename it",
        ));
    }
    let extent = if head.len() as u64 == size { Extent::Whole } else { Extent::Start };
    if !encoding::is_text(head, extent) {
        return Err(unreadable(ending));
    }
    Ok(of_text(&file, ending, head))
}

/// Whether a document of this name, if it reads as text, is of a format whose records are documents.
pub fn may_hold_items(name: &str) -> bool {
    let file = file_name(name);
    let by_ending = ENDINGS.iter().find(|(own, _)| *own == ending(&file));
    by_ending
        .is_some_and(|(_, format)| matches!(format, Format::Csv | Format::Json | Format::JsonLines))
}

fn file_name(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_lowercase()
}

fn ending(file: &str) -> &str {
    file.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn of_text(file: &str, ending: &str, head: &[u8]) -> Format {
    if let Some(language) = Language::by_file_name(file) {
        return Format::Code(language);
    }
    if let Some((_, format)) = ENDINGS.iter().find(|(own, _)| *own == ending) {
        return *format;
    }
    if let Some(language) = Language::by_ending(ending) {
        return Format::Code(language);
    }
    if magic::is_html(head) {
        return Format::Html;
    }
    if file == "-" && head.trim_ascii_start().starts_with(b"{") {
        return Format::JsonLines;
    }
    Format::Text
}

fn unreadable(ending: &str) -> Failure {
    if let Some(failure) = magic::refused_ending(ending) {
        return failure;
    }
    let named = if ending.is_empty() { String::new() } else { format!(" (named .{ending})") };
    Failure::new(
        FailureClass::BadDocument,
        format!("holds binary data of no known format{named}"),
        "convert it to text, PDF or an office format, or name a parser for it in [[parsers]]",
    )
}

#[cfg(test)]
mod tests;
