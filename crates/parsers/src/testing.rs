//! What the tests of all formats share: parsing bytes, zips made on the spot, short forms of blocks.

use crate::{Format, ParseOptions, parse};
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use types::block::{Block, Span, TextKind};
use types::document::Body;
use types::failure::Failure;
use zip::write::SimpleFileOptions;

/// All blocks of a document that can be read.
pub(crate) fn blocks(format: Format, bytes: &[u8]) -> Vec<Block> {
    let (blocks, end) = attempt(format, bytes);
    assert_eq!(end, Ok(()), "after {} blocks", blocks.len());
    blocks
}

pub(crate) fn failure(format: Format, bytes: &[u8]) -> Failure {
    attempt(format, bytes).1.unwrap_err()
}

pub(crate) fn attempt(format: Format, bytes: &[u8]) -> (Vec<Block>, Result<(), Failure>) {
    let mut blocks = Vec::new();
    let mut body = Body::Memory(Cursor::new(bytes.to_vec()));
    let end = parse(&format, "test", &mut body, ParseOptions::default(), &mut |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    });
    (blocks, end)
}

/// Blocks in short: `# heading`, `p text`, `- item`, `| row`, `> code`, `@page`, `! warning`, `= title`,
/// `+ item`, `x bad item`, `{` front.
pub(crate) fn short(blocks: &[Block]) -> Vec<String> {
    blocks.iter().map(line).collect()
}

fn line(block: &Block) -> String {
    match block {
        Block::Item(item) => format!("+ {}", item.id),
        Block::BadItem { id, failure } => format!("x {id} {}", failure.class),
        Block::Title(title) => format!("= {title}"),
        Block::Front { label, metadata } => format!(
            "{{ {}/{} {}",
            label.domain.as_deref().unwrap_or("-"),
            label.category.as_deref().unwrap_or("-"),
            metadata.as_json()
        ),
        Block::Heading { level, text, .. } => format!("{} {text}", "#".repeat((*level).into())),
        Block::Text { kind, text, .. } => {
            let mark = match kind {
                TextKind::Paragraph => "p",
                TextKind::ListItem => "-",
                TextKind::TableRow => "|",
                TextKind::Code => ">",
            };
            format!("{mark} {text}")
        }
        Block::Page(number) => format!("@{number}"),
        Block::Record(record) => format!("r {}", record.text),
        Block::Warning(message) => format!("! {message}"),
    }
}

/// The parts as one text.
pub(crate) fn concat(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().concat()
}

/// What stands at a place.
pub(crate) fn at(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap()
}

/// A zip container with these members, compressed.
pub(crate) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The source bytes of each text and heading are its text, and the places go forward.
pub(crate) fn assert_spans_are_exact(blocks: &[Block], source: &[u8]) {
    let mut last = 0;
    for block in blocks {
        if let Block::Text { text, span, .. } | Block::Heading { text, span, .. } = block {
            assert!(span.start >= last, "{span:?} goes back behind {last}");
            let raw = &source[span.start as usize..span.end as usize];
            assert_eq!(String::from_utf8_lossy(raw), *text, "at {span:?}");
            last = span.start;
        }
    }
}
