//! PDF text with structure: glyphs to lines, lines to columns, paragraphs and headings.
//!
//! Pages are interpreted by `hayro-interpret` with a device that keeps text instead of pixels; files in which it
//! finds no page are given to `lopdf`. Neither bounds the memory of a hostile file, so this crate is to be used
//! in a process with limits. Within them it keeps what it can: each page is guarded from the others.

mod letters;
mod text_string;
mod small_stream;
mod page;
mod layout;
mod structure;
mod outline;
mod title;
mod fields;
mod guard;
mod blocks;
mod refusal;
mod fallback;
mod reader;
mod document;
pub mod split;

use blocks::Blocks;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use std::ops::ControlFlow;
use std::sync::Arc;
use types::block::Block;
use types::failure::Failure;

/// Pushes the title, and then page after page from `first_page` (counted from 1) its headings and texts.
///
/// Spans count the bytes of the texts pushed, in order, with one byte between two of them; they start at 0
/// whatever `first_page` is. The title comes only when `first_page` is 1 or less, and a `first_page` behind the
/// last gives nothing: so a caller can go on behind a page that killed the parser.
/// `Break` from `push` ends the parse with `Ok`.
///
/// # Errors
/// `encrypted` when the empty password does not open the file, `bad_document` when no page can be found in it.
/// Damage of a page is a [`Block::Warning`] that names the page.
pub fn parse(
    bytes: Vec<u8>,
    first_page: u32,
    push: &mut dyn FnMut(Block) -> ControlFlow<()>,
) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Err(refusal::empty());
    }
    let bytes = Arc::new(bytes);
    let mut blocks = Blocks::new(push);
    match guard::guarded(|| Pdf::new(Arc::clone(&bytes))) {
        Ok(Ok(pdf)) if !pdf.pages().is_empty() => {
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) =
                document::read(pdf, first_page, &mut blocks);
            Ok(())
        }
        Ok(Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected))) => {
            Err(refusal::encrypted())
        }
        Ok(Err(LoadPdfError::Decryption(_))) => fallback::read(&bytes, first_page, &mut blocks)
            .map_err(|_| refusal::unknown_encryption()),
        Ok(Ok(_) | Err(LoadPdfError::Invalid)) | Err(_) => {
            fallback::read(&bytes, first_page, &mut blocks)
        }
    }
}
