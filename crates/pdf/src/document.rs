//! A whole document: its title, its pages, and what is to be said about it as a whole.

use crate::blocks::Blocks;
use crate::fields;
use crate::guard::guarded;
use crate::reader::{Reader, Tally};
use crate::title;
use hayro_syntax::Pdf;
use std::ops::ControlFlow;
use types::block::Block;

/// An open document keeps the contents of all pages read so far; at this many bytes it is closed and opened
/// anew, so that long documents take no more memory than short ones.
const CONTENT_BYTES_HELD_MAX: usize = 48 * 1024 * 1024;

/// Each page held keeps some 20 KB of the heap from being used again, however short it is.
const PAGES_HELD_MAX: u32 = 4_000;

/// Pushes the pages from `first_page` on. `Break` means that the consumer is gone.
pub(crate) fn read(mut pdf: Pdf, first_page: u32, blocks: &mut Blocks<'_>) -> ControlFlow<()> {
    if first_page <= 1 {
        push_front(&pdf, blocks)?;
    }
    let mut tally = Tally::default();
    let mut next = first_page.max(1);
    while let Some(page) = read_some(&pdf, next, &mut tally, blocks)? {
        next = page;
        let bytes = pdf.data().clone();
        drop(pdf);
        let Ok(Ok(reopened)) = guarded(|| Pdf::new(bytes)) else {
            let warning = format!("the PDF cannot be read from page {next} on");
            return blocks.push(Block::Warning(warning));
        };
        pdf = reopened;
    }
    if first_page <= 1 && tally.texts == 0 {
        return blocks.push(Block::Warning(no_text(&tally)));
    }
    ControlFlow::Continue(())
}

/// What comes before the first page.
fn push_front(pdf: &Pdf, blocks: &mut Blocks<'_>) -> ControlFlow<()> {
    if let Ok(Some(title)) = guarded(|| title::read(pdf)) {
        blocks.push(Block::Title(title))?;
    }
    if guarded(|| fields::is_dynamic_form(pdf)).unwrap_or(false) {
        let warning =
            "the PDF is a dynamic XFA form; what it shows in a viewer is not in its pages";
        blocks.push(Block::Warning(warning.to_owned()))?;
    }
    ControlFlow::Continue(())
}

/// Pushes pages from `first` on until the document holds too much of them; the page to go on with, if any.
fn read_some(
    pdf: &Pdf,
    first: u32,
    tally: &mut Tally,
    blocks: &mut Blocks<'_>,
) -> ControlFlow<(), Option<u32>> {
    let mut reader = Reader::new(pdf);
    let mut held = 0;
    for (number, page) in (1_u32..).zip(pdf.pages().iter()).skip(first as usize - 1) {
        if held > CONTENT_BYTES_HELD_MAX || number - first >= PAGES_HELD_MAX {
            return ControlFlow::Continue(Some(number));
        }
        reader.page((number, page), tally, blocks)?;
        held += guarded(|| page.page_stream().map_or(0, <[u8]>::len)).unwrap_or(0);
    }
    ControlFlow::Continue(None)
}

fn no_text(tally: &Tally) -> String {
    let cause = if tally.glyphs == 0 {
        "they may be scanned images, which need text recognition first"
    } else {
        "their fonts do not say which characters they show"
    };
    format!("no text on any of {} pages: {cause}", tally.pages)
}
