//! What the parser makes of a file.

use std::ops::ControlFlow;
use types::block::{Block, TextKind};
use types::failure::Failure;

pub(crate) fn parse(bytes: Vec<u8>) -> Result<Vec<Block>, Failure> {
    parse_from(bytes, 1)
}

pub(crate) fn parse_from(bytes: Vec<u8>, first_page: u32) -> Result<Vec<Block>, Failure> {
    let mut blocks = Vec::new();
    pdf::parse(bytes, first_page, &mut |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    })?;
    Ok(blocks)
}

/// Texts of the pages, headings included, one line for each block.
pub(crate) fn page_texts(blocks: &[Block]) -> Vec<String> {
    let mut pages: Vec<String> = Vec::new();
    for block in blocks {
        match block {
            Block::Page(_) => pages.push(String::new()),
            Block::Heading { text, .. } | Block::Text { text, .. } => {
                let page = pages.last_mut().expect("a page comes before its text");
                page.push_str(text);
                page.push('\n');
            }
            _ => {}
        }
    }
    pages
}

/// The text of the first page.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    let blocks = parse(bytes).expect("the file is read");
    page_texts(&blocks).into_iter().next().expect("the file has a page")
}

pub(crate) fn headings(blocks: &[Block]) -> Vec<(u8, &str)> {
    blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { level, text, .. } => Some((*level, text.as_str())),
            _ => None,
        })
        .collect()
}

pub(crate) fn texts(blocks: &[Block], wanted: TextKind) -> Vec<&str> {
    blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text { kind, text, .. } if *kind == wanted => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

pub(crate) fn warnings(blocks: &[Block]) -> Vec<&str> {
    blocks
        .iter()
        .filter_map(|block| match block {
            Block::Warning(warning) => Some(warning.as_str()),
            _ => None,
        })
        .collect()
}
