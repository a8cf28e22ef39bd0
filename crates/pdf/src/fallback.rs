//! The second reader, for files of which the first finds no page: plain text, page by page.

use crate::blocks::Blocks;
use crate::guard::guarded;
use crate::{letters, refusal};
use std::ops::ControlFlow;
use types::block::{Block, TextKind};
use types::failure::Failure;

/// A page's content may inflate to no more than this.
const PAGE_CONTENT_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(crate) fn read(bytes: &[u8], first_page: u32, blocks: &mut Blocks<'_>) -> Result<(), Failure> {
    let document = guarded(|| lopdf::Document::load_mem(bytes))
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| refusal::unreadable(bytes))?;
    if document.is_encrypted() {
        return Err(refusal::encrypted());
    }
    let pages = guarded(|| document.get_pages().len() as u32).unwrap_or(0);
    if pages == 0 {
        return Err(refusal::no_pages(bytes));
    }
    let warning = "the PDF is damaged; its text is read without layout".to_owned();
    if first_page <= 1 && blocks.push(Block::Warning(warning)).is_break() {
        return Ok(());
    }
    let mut texts = 0;
    for page in first_page.max(1)..=pages {
        match read_page(&document, page, blocks) {
            ControlFlow::Continue(text) => texts += u32::from(text == PageEnd::Text),
            ControlFlow::Break(()) => return Ok(()),
        }
    }
    // Pages of a damaged file that say nothing are not its pages, but what is left of them.
    if first_page <= 1 && texts == 0 { Err(refusal::unreadable(bytes)) } else { Ok(()) }
}

#[derive(Debug, PartialEq, Eq)]
enum PageEnd {
    Text,
    Nothing,
}

fn read_page(
    document: &lopdf::Document,
    page: u32,
    blocks: &mut Blocks<'_>,
) -> ControlFlow<(), PageEnd> {
    blocks.push(Block::Page(page))?;
    let text = guarded(|| document.extract_text_with_limit(&[page], PAGE_CONTENT_BYTES_MAX));
    let Ok(Ok(text)) = text else {
        blocks.push(Block::Warning(format!("page {page} is damaged; its text is left out")))?;
        return ControlFlow::Continue(PageEnd::Nothing);
    };
    let mut clean = String::with_capacity(text.len());
    for line in text.lines() {
        letters::push_clean(&mut clean, line.trim());
        clean.push('\n');
    }
    let clean = clean.trim();
    blocks.text(TextKind::Paragraph, clean)?;
    ControlFlow::Continue(if clean.is_empty() { PageEnd::Nothing } else { PageEnd::Text })
}
