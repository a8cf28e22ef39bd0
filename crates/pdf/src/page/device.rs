//! Receives what a page draws, and keeps its glyphs as text.

use super::fonts::{FontFacts, OtherNames, PageFonts};
use super::glyph::{Direction, Glyph};
use super::memo::CodeMemo;
use super::segment::PageText;
use crate::letters::UNKNOWN;
use hayro_cmap::{BfString, WritingMode};
use hayro_interpret::font::{Glyph as Shape, GlyphRun, PositionedGlyph};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};
use hayro_syntax::page::Resources;
use kurbo::{Affine, BezPath};

/// No page keeps more glyphs: a dense book page has 5,000, a poster 50,000, and forms that call forms have no
/// end.
pub(crate) const PAGE_GLYPHS_MAX: usize = 500_000;

/// Payload of the unwinding that leaves a page with too many glyphs; the interpreter cannot be stopped
/// otherwise.
#[derive(Debug)]
pub(crate) struct GlyphLimit;

/// Glyph coordinates are thousandths of an em.
const UNITS_PER_EM: f32 = 1000.0;

/// A run drawn again within this part of an em is a bold or outlined look, not more text.
const OVERPRINT: f32 = 0.1;

#[derive(Debug)]
pub(crate) struct TextDevice<'f, 'p> {
    pub page: PageText,
    fonts: &'f mut FontFacts,
    page_fonts: PageFonts<'f, 'p>,
    last_run: Option<RunMark>,
    memo: CodeMemo,
}

/// Enough of a run to see that it is drawn again.
#[derive(Debug, Clone, Copy)]
struct RunMark {
    first: Glyph,
    codes: (u32, u32),
    glyphs: usize,
}

impl RunMark {
    fn is_drawn_over_by(&self, next: &Self) -> bool {
        let (dx, dy) = (next.first.x - self.first.x, next.first.y - self.first.y);
        self.codes == next.codes
            && self.glyphs == next.glyphs
            && (dx * dx + dy * dy).sqrt() < OVERPRINT * self.first.size
    }
}

impl<'f, 'p> TextDevice<'f, 'p> {
    pub(crate) fn new(fonts: &'f mut FontFacts, resources: &'f Resources<'p>) -> Self {
        let page_fonts = PageFonts::new(resources);
        let memo = CodeMemo::default();
        Self { page: PageText::default(), fonts, page_fonts, last_run: None, memo }
    }

    fn draw(&mut self, run: &GlyphRun<'_, '_>, transform: Affine) {
        let Some(scale) = RunScale::new(run, transform) else { return };
        let mut others = None;
        self.memo.begin_run();
        for drawn in run.glyphs() {
            let glyph = scale.place(drawn, transform);
            if !(glyph.x.is_finite() && glyph.y.is_finite() && glyph.size.is_finite()) {
                continue;
            }
            self.push(glyph, drawn, &mut others);
        }
    }

    /// `others` is filled at the first glyph of a run that the PDF does not name.
    fn push(&mut self, glyph: Glyph, drawn: &PositionedGlyph<'_>, others: &mut Option<OtherNames>) {
        if let Some(character) = self.memo.get(drawn.char_code()) {
            return self.push_character(glyph, character, drawn);
        }
        let text = drawn.as_unicode().filter(is_known).or_else(|| {
            let names =
                others.get_or_insert_with(|| self.fonts.other_names(&mut self.page_fonts, drawn));
            names.text(drawn).filter(is_known)
        });
        match text {
            Some(BfString::Char(character)) => {
                self.memo.set(drawn.char_code(), character);
                self.push_character(glyph, character, drawn);
            }
            Some(BfString::String(text)) => self.page.push(glyph, &text),
            None if self.is_blank(drawn) => self.page.push(glyph, " "),
            None => {
                self.page.unknown += 1;
                self.push_character(glyph, UNKNOWN, drawn);
            }
        }
    }

    /// A glyph that draws nothing is a space, whatever its font calls it.
    fn is_blank(&mut self, drawn: &PositionedGlyph<'_>) -> bool {
        match &**drawn {
            Shape::Outline(outline) => self.fonts.stem(outline) <= 0.0,
            Shape::Type3(_) => false,
        }
    }

    fn push_character(&mut self, glyph: Glyph, character: char, drawn: &PositionedGlyph<'_>) {
        self.page.push(glyph, character.encode_utf8(&mut [0; 4]));
        if character.is_alphanumeric()
            && self.page.wants_stem()
            && let Shape::Outline(outline) = &**drawn
        {
            let stem = self.fonts.stem(outline);
            self.page.push_stem(stem);
        }
    }

    /// Whether the run is the one before once more: filled and then stroked, or twice for a bold look.
    fn is_overprint(&mut self, run: &GlyphRun<'_, '_>, transform: Affine) -> bool {
        let (Some(first), Some(last)) = (run.glyphs().first(), run.glyphs().last()) else {
            return true;
        };
        let Some(scale) = RunScale::new(run, transform) else { return true };
        let mark = RunMark {
            first: scale.place(first, transform),
            codes: (first.char_code(), last.char_code()),
            glyphs: run.glyphs().len(),
        };
        let before = self.last_run.replace(mark);
        before.is_some_and(|before| before.is_drawn_over_by(&mark))
    }
}

fn is_known(text: &BfString) -> bool {
    let known = |character: char| character != UNKNOWN && !character.is_control();
    match text {
        BfString::Char(character) => known(*character),
        BfString::String(text) => text.chars().any(known),
    }
}

/// How the glyphs of one run are measured; they share a font and a size.
#[derive(Debug, Clone, Copy)]
struct RunScale {
    writing: WritingMode,
    /// Horizontal scale, where a substitute font is stretched glyph by glyph to the widths of the missing
    /// one: the stretch is part of each glyph's transform, but not of its advance.
    stretched: bool,
}

impl RunScale {
    fn new(run: &GlyphRun<'_, '_>, transform: Affine) -> Option<Self> {
        let aspect = |glyph: &PositionedGlyph<'_>| {
            let [a, b, c, d, ..] = (transform * glyph.transform()).as_coeffs();
            (a * a + b * b) / (c * c + d * d)
        };
        let first = aspect(run.glyphs().first()?);
        let stretched =
            run.glyphs().iter().skip(1).any(|glyph| (aspect(glyph) - first).abs() > 0.01);
        Some(Self { writing: run.writing_mode(), stretched })
    }

    fn place(self, drawn: &PositionedGlyph<'_>, transform: Affine) -> Glyph {
        let drawing = (transform * drawn.transform()).as_coeffs().map(|value| value as f32);
        let [right_x, right_y, up_x, up_y, x, y] = drawing;
        let em_width = length(right_x, right_y) * UNITS_PER_EM;
        let em_height = length(up_x, up_y) * UNITS_PER_EM;
        if self.writing == WritingMode::Vertical {
            let direction = unit(-up_x, -up_y);
            return Glyph { x, y, direction, advance: em_height, size: em_width };
        }
        let advance = match &**drawn {
            Shape::Outline(outline) => outline.advance_width(),
            Shape::Type3(shape) => shape.advance_width(),
        };
        let em = if self.stretched { em_height } else { em_width };
        let advance = advance.unwrap_or(0.0) / UNITS_PER_EM * em;
        let size = match &**drawn {
            Shape::Outline(_) => em_height,
            Shape::Type3(_) => bitmap_size(em_height, advance),
        };
        Glyph { x, y, direction: unit(right_x, right_y), advance, size }
    }
}

/// Fonts drawn by procedures may say nothing with their em square: bitmap fonts of TeX have one of a pixel.
/// Then twice the width of a glyph is a fair guess.
fn bitmap_size(em: f32, advance: f32) -> f32 {
    if advance > 1.5 * em || advance < 0.1 * em { 2.0 * advance } else { em }
}

/// Page coordinates are far from where `f32::hypot`'s care for overflow, which is dear, is needed.
fn length(dx: f32, dy: f32) -> f32 {
    (dx * dx + dy * dy).sqrt()
}

fn unit(dx: f32, dy: f32) -> Direction {
    let length = length(dx, dy);
    if length > 0.0 && length.is_finite() {
        Direction { dx: dx / length, dy: dy / length }
    } else {
        Direction::RIGHT
    }
}

impl Device<'_> for TextDevice<'_, '_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        if self.page.glyphs >= PAGE_GLYPHS_MAX {
            std::panic::resume_unwind(Box::new(GlyphLimit));
        }
        self.page.glyphs += run.glyphs().len();
        if !self.is_overprint(run, props.transform) {
            self.draw(run, props.transform);
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
