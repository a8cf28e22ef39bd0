//! One page after the other: drawn, laid out and structured, each guarded from the others.

use crate::blocks::Blocks;
use crate::fields::{self, Appearances};
use crate::guard::guarded;
use crate::layout;
use crate::outline::Outline;
use crate::page::device::{GlyphLimit, PAGE_GLYPHS_MAX, TextDevice};
use crate::page::fonts::FontFacts;
use crate::page::segment::PageText;
use crate::structure::body::BodyTally;
use crate::structure::heading;
use crate::structure::paragraph::{Paragraph, Role, paragraphs};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};
use hayro_syntax::Pdf;
use hayro_syntax::page::Page;
use kurbo::{Affine, Rect};
use std::ops::ControlFlow;
use types::block::{Block, TextKind};

/// Reads the pages of an open document.
pub(crate) struct Reader<'p> {
    pdf: &'p Pdf,
    cache: InterpreterCache<'p>,
    settings: InterpreterSettings,
    fonts: FontFacts,
    outline: Outline,
    appearances: Appearances,
}

/// What the pages so far have shown.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub pages: u64,
    pub texts: u64,
    pub glyphs: u64,
    body: BodyTally,
}

/// How the drawing of a page ended.
enum Drawn {
    Whole,
    Cut,
    Damaged,
}

impl<'p> Reader<'p> {
    pub(crate) fn new(pdf: &'p Pdf) -> Self {
        let stale = guarded(|| fields::need_appearances(pdf)).unwrap_or(false);
        Self {
            pdf,
            cache: InterpreterCache::new(),
            settings: InterpreterSettings::default(),
            fonts: FontFacts::default(),
            outline: guarded(|| Outline::read(pdf)).unwrap_or_default(),
            appearances: if stale { Appearances::Stale } else { Appearances::Current },
        }
    }

    /// Pushes page `number`.
    pub(crate) fn page(
        &mut self,
        (number, page): (u32, &Page<'p>),
        tally: &mut Tally,
        blocks: &mut Blocks<'_>,
    ) -> ControlFlow<()> {
        blocks.push(Block::Page(number))?;
        let (text, drawn) = self.draw(page);
        for warning in warnings(number, &drawn, &text) {
            blocks.push(Block::Warning(warning))?;
        }
        tally.pages += 1;
        tally.glyphs += text.glyphs as u64;
        let body = &mut tally.body;
        let Ok(parts) = guarded(|| self.structure((number, page), &text, body)) else {
            let warning =
                format!("page {number} has a layout that cannot be read; its text is left out");
            return blocks.push(Block::Warning(warning));
        };
        tally.texts += (parts.paragraphs.len() + parts.fields.len()) as u64;
        push_parts(parts, blocks)
    }

    /// What the page draws; as much of it as there is when it is damaged.
    fn draw(&mut self, page: &Page<'p>) -> (PageText, Drawn) {
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
        (text, drawn)
    }

    fn structure(
        &self,
        (number, page): (u32, &Page<'p>),
        text: &PageText,
        body: &mut BodyTally,
    ) -> Parts {
        let lines = layout::lines(text);
        let body = body.add(&lines);
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

fn push_parts(parts: Parts, blocks: &mut Blocks<'_>) -> ControlFlow<()> {
    for (paragraph, level) in parts.paragraphs.into_iter().zip(parts.levels) {
        match level {
            Some(level) => blocks.heading(level, paragraph.text)?,
            None => blocks.text(kind(paragraph.role), &paragraph.text)?,
        }
    }
    for field in &parts.fields {
        blocks.text(TextKind::Paragraph, field)?;
    }
    ControlFlow::Continue(())
}

fn kind(role: Role) -> TextKind {
    match role {
        Role::Prose => TextKind::Paragraph,
        Role::ListItem => TextKind::ListItem,
        Role::Code => TextKind::Code,
    }
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
