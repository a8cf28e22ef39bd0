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
    for page in first_page.max(1)..=pages {
        if read_page(&document, page, blocks).is_break() {
            break;
        }
    }
    Ok(())
}

fn read_page(document: &lopdf::Document, page: u32, blocks: &mut Blocks<'_>) -> ControlFlow<()> {
    blocks.push(Block::Page(page))?;
    let text = guarded(|| document.extract_text_with_limit(&[page], PAGE_CONTENT_BYTES_MAX));
    let Ok(Ok(text)) = text else {
        return blocks
            .push(Block::Warning(format!("page {page} is damaged; its text is left out")));
    };
    let mut clean = String::with_capacity(text.len());
    for line in text.lines() {
        letters::push_clean(&mut clean, line.trim());
        clean.push('\n');
    }
    blocks.text(TextKind::Paragraph, clean.trim())
}
