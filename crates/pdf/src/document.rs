//! Reads the pages of a document one after the other, each guarded from the others.

use crate::blocks::Blocks;
use crate::fields::{self, Appearances};
use crate::guard::guarded;
use crate::layout;
use crate::outline::Outline;
use crate::page::device::{GlyphLimit, PAGE_GLYPHS_MAX, TextDevice};
use crate::page::fonts::FontFacts;
use crate::page::segment::PageText;
use crate::structure::body::BodyTally;
use crate::structure::paragraph::{Paragraph, paragraphs};
use crate::structure::{heading, joint};
use crate::title;
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};
use hayro_syntax::Pdf;
use hayro_syntax::page::Page;
use kurbo::{Affine, Rect};
use std::ops::ControlFlow;
use types::block::{Block, TextKind};

/// What is known across the pages of one document.
struct Reader<'p> {
    pdf: &'p Pdf,
    cache: InterpreterCache<'p>,
    settings: InterpreterSettings,
    fonts: FontFacts,
    body: BodyTally,
    outline: Outline,
    appearances: Appearances,
    /// Drawn so far on all pages.
    glyphs: usize,
}

/// Pushes the pages from `first_page` on. `Break` means that the consumer is gone.
pub(crate) fn read(pdf: &Pdf, first_page: u32, blocks: &mut Blocks<'_>) -> ControlFlow<()> {
    if first_page <= 1
        && let Ok(Some(title)) = guarded(|| title::read(pdf))
    {
        blocks.push(Block::Title(title))?;
    }
    let mut reader = Reader::new(pdf);
    let pages = (1_u32..).zip(pdf.pages().iter()).skip(first_page.saturating_sub(1) as usize);
    let mut texts = 0_u64;
    let mut read = 0_u64;
    for (number, page) in pages {
        blocks.push(Block::Page(number))?;
        texts += reader.page(number, page, blocks)?;
        read += 1;
    }
    if read > 0 && texts == 0 && first_page <= 1 {
        let cause = if reader.glyphs == 0 {
            "they may be scanned images, which need text recognition first"
        } else {
            "their fonts do not say which characters they show"
        };
        return blocks.push(Block::Warning(format!("no text on any of {read} pages: {cause}")));
    }
    ControlFlow::Continue(())
}

/// How the drawing of a page ended.
enum Drawn {
    Whole,
    Cut,
    Damaged,
}

impl<'p> Reader<'p> {
    fn new(pdf: &'p Pdf) -> Self {
        let stale = guarded(|| fields::need_appearances(pdf)).unwrap_or(false);
        Self {
            pdf,
            cache: InterpreterCache::new(),
            settings: InterpreterSettings::default(),
            fonts: FontFacts::default(),
            body: BodyTally::default(),
            outline: guarded(|| Outline::read(pdf)).unwrap_or_default(),
            appearances: if stale { Appearances::Stale } else { Appearances::Current },
            glyphs: 0,
        }
    }

    /// The number of texts pushed.
    fn page(
        &mut self,
        number: u32,
        page: &Page<'p>,
        blocks: &mut Blocks<'_>,
    ) -> ControlFlow<(), u64> {
        let mut device = TextDevice::new(&mut self.fonts, page.resources());
        let mut context = Context::new(
            Affine::IDENTITY,
            Rect::new(0.0, 0.0, 1.0, 1.0),
            &self.cache,
            self.pdf.xref(),
            self.settings.clone(),
        );
        let end = guarded(|| interpret_page(page, &mut context, &mut device));
        let drawn = match end {
            Ok(()) => Drawn::Whole,
            Err(panic) if panic.is::<GlyphLimit>() => Drawn::Cut,
            Err(_) => Drawn::Damaged,
        };
        let text = device.page;
        if matches!(drawn, Drawn::Damaged) {
            self.cache = InterpreterCache::new();
        }
        for warning in warnings(number, &drawn, &text) {
            blocks.push(Block::Warning(warning))?;
        }
        self.glyphs += text.glyphs;
        let Ok(parts) = guarded(|| self.structure(number, page, &text)) else {
            let warning =
                format!("page {number} has a layout that cannot be read; its text is left out");
            blocks.push(Block::Warning(warning))?;
            return ControlFlow::Continue(0);
        };
        push_parts(parts, blocks)
    }

    fn structure(&mut self, number: u32, page: &Page<'p>, text: &PageText) -> Parts {
        let lines = layout::lines(text);
        let body = self.body.add(&lines);
        let marks = self.outline.marks(number, &lines);
        let paragraphs = paragraphs(&lines, &marks, body);
        let levels = paragraphs.iter().map(|paragraph| heading::level(paragraph, body)).collect();
        Parts { paragraphs, levels, fields: fields::values(page, self.appearances, &text.text) }
    }
}

/// The text of a page, ready to be pushed.
struct Parts {
    paragraphs: Vec<Paragraph>,
    /// Heading levels of the paragraphs.
    levels: Vec<Option<u8>>,
    fields: Vec<String>,
}

fn push_parts(parts: Parts, blocks: &mut Blocks<'_>) -> ControlFlow<(), u64> {
    let texts = (parts.paragraphs.len() + parts.fields.len()) as u64;
    for (paragraph, level) in parts.paragraphs.into_iter().zip(parts.levels) {
        match level {
            Some(level) => blocks.heading(level, paragraph.text)?,
            None if joint::begins_item(&paragraph.text) => {
                blocks.text(TextKind::ListItem, &paragraph.text)?;
            }
            None => blocks.text(TextKind::Paragraph, &paragraph.text)?,
        }
    }
    for field in &parts.fields {
        blocks.text(TextKind::Paragraph, field)?;
    }
    ControlFlow::Continue(texts)
}

/// So many glyphs without characters, and at least one in five, are worth a word.
const UNKNOWN_GLYPHS: usize = 20;

fn warnings(number: u32, drawn: &Drawn, text: &PageText) -> Vec<String> {
    let mut warnings = Vec::new();
    match drawn {
        Drawn::Whole => {}
        Drawn::Cut => warnings.push(format!(
            "page {number} draws more than {PAGE_GLYPHS_MAX} glyphs; the rest of it is left out"
        )),
        Drawn::Damaged => {
            warnings.push(format!("page {number} is damaged; its text may be incomplete"));
        }
    }
    if text.unknown >= UNKNOWN_GLYPHS && text.unknown * 5 >= text.glyphs {
        warnings.push(format!(
            "page {number} has {} of {} glyphs in fonts that do not say which characters they show",
            text.unknown, text.glyphs
        ));
    }
    warnings
}
