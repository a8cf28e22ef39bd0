//! One document: its format's parser, and the promise that no document ends in silence.

use crate::format::Format;
use crate::outlet::Outlet;
use crate::stop::{Step, Stop};
use crate::structured::{csv, json};
use crate::text::{markdown, plain};
use crate::{code, html, office};
use std::io::Read;
use std::ops::ControlFlow;
use types::block::Block;
use types::document::Body;
use types::failure::{Failure, FailureClass};

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// PDF: the first page to read, from 1; after a parser's death the next child goes on here. Others ignore it.
    pub first_page: u32,
}

impl Default for ParseOptions {
    /// From the beginning.
    fn default() -> Self {
        Self { first_page: 1 }
    }
}

/// Pushes the blocks of a body that stands at its start, in reading order; `Break` ends the work with `Ok`.
///
/// Damage inside is a [`Block::Warning`] or, in files of items, a [`Block::BadItem`]. `Err` when the document
/// cannot be read (further), and when it holds no text at all.
pub fn parse(
    format: &Format,
    name: &str,
    body: &mut Body,
    options: ParseOptions,
    push: &mut dyn FnMut(Block) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut holds_text = false;
    let mut counted = |block: Block| {
        holds_text |= is_content(&block);
        push(block)
    };
    let step = blocks(format, name, body, options, &mut counted);
    let gone = matches!(step, Err(Stop::Gone));
    Stop::outcome(step)?;
    if holds_text || gone || options.first_page > 1 {
        return Ok(());
    }
    Err(without_text(format))
}

fn is_content(block: &Block) -> bool {
    match block {
        Block::Item(_)
        | Block::BadItem { .. }
        | Block::Heading { .. }
        | Block::Text { .. }
        | Block::Record(_) => true,
        Block::Title(_) | Block::Front { .. } | Block::Page(_) | Block::Warning(_) => false,
    }
}

fn blocks(
    format: &Format,
    name: &str,
    body: &mut Body,
    options: ParseOptions,
    push: &mut dyn FnMut(Block) -> ControlFlow<()>,
) -> Step {
    if *format == Format::Pdf {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes)?;
        return Ok(pdf::parse(bytes, options.first_page, push)?);
    }
    let outlet = &mut Outlet::new(push);
    match format {
        Format::Text => plain::parse(body, outlet),
        Format::Markdown => markdown::parse(body, outlet),
        Format::Html => html::parse(body, outlet),
        Format::Epub => office::epub::parse(body, outlet),
        Format::Docx => office::docx::parse(body, outlet),
        Format::Pptx => office::pptx::parse(body, outlet),
        Format::Xlsx => office::xlsx::parse(body, outlet),
        Format::Csv => csv::parse(name, body, outlet),
        Format::Json => json::parse(name, body, outlet),
        Format::JsonLines => json::parse_lines(body, outlet),
        Format::Code(language) => code::parse(*language, body, outlet),
        Format::Pdf | Format::Zip | Format::Tar | Format::Gzip => Err(Failure::new(
            FailureClass::Internal,
            format!("{name} is an archive and was to be parsed as a document"),
            "report this",
        )
        .into()),
    }
}

fn without_text(format: &Format) -> Failure {
    let hint = match format {
        Format::Pdf => "it may be a scan: run OCR on it first",
        Format::Docx | Format::Pptx | Format::Epub => {
            "it may hold only pictures: convert it to a PDF with a text layer (OCR)"
        }
        _ => "put content into the file or remove it",
    };
    Failure::bad_document("holds no text", hint)
}
