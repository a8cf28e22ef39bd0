//! What the fonts of a document say beyond the PDF's own tables: characters of glyphs, weight of strokes.

use super::composite::{Collections, Composite};
use hayro_cmap::BfString;
use hayro_interpret::font::{Glyph as Shape, OutlineGlyph, PositionedGlyph};
use hayro_syntax::page::Resources;
use kurbo::Shape as _;
use skrifa::MetadataProvider;
use std::collections::HashMap;
use std::rc::Rc;

/// Facts about fonts, gathered as glyphs ask for them, and kept for the whole document.
#[derive(Debug, Default)]
pub(crate) struct FontFacts {
    reverse: HashMap<u128, Rc<ReverseMap>>,
    stems: HashMap<u128, f32>,
    collections: Collections,
}

/// The composite fonts of a page, gathered when the first glyph asks for them.
#[derive(Debug)]
pub(crate) struct PageFonts<'r, 'p> {
    resources: &'r Resources<'p>,
    composites: Option<HashMap<String, Rc<Composite>>>,
}

impl<'r, 'p> PageFonts<'r, 'p> {
    pub(crate) fn new(resources: &'r Resources<'p>) -> Self {
        Self { resources, composites: None }
    }
}

/// What else is known of the glyphs of one font, when the PDF's own tables do not name them.
#[derive(Debug, Default, Clone)]
pub(crate) struct OtherNames {
    composite: Option<Rc<Composite>>,
    reverse: Rc<ReverseMap>,
}

impl OtherNames {
    pub(crate) fn text(&self, drawn: &PositionedGlyph<'_>) -> Option<BfString> {
        let collected = self.composite.as_ref().and_then(|font| font.text(drawn.char_code()));
        collected.or_else(|| Some(BfString::Char(self.reverse.character(drawn)?)))
    }
}

/// Characters by glyph number, from the table with which a font finds the glyph of a character.
#[derive(Debug, Default)]
pub(crate) struct ReverseMap(HashMap<u32, char>);

/// No font has more characters; a damaged table may claim to.
const MAPPINGS_MAX: usize = 100_000;

impl FontFacts {
    /// For the font of a run, given one of its glyphs.
    pub(crate) fn other_names(
        &mut self,
        page: &mut PageFonts<'_, '_>,
        drawn: &PositionedGlyph<'_>,
    ) -> OtherNames {
        let Shape::Outline(outline) = &**drawn else { return OtherNames::default() };
        let Some(font) = outline.font_data() else { return OtherNames::default() };
        let composites =
            page.composites.get_or_insert_with(|| self.collections.fonts_of(page.resources));
        let composite = font.postscript_name.and_then(|name| composites.get(&name).cloned());
        let reverse = self.reverse.entry(font.cache_key).or_insert_with(|| {
            let bytes: &[u8] = (*font.data).as_ref();
            Rc::new(ReverseMap::new(bytes))
        });
        OtherNames { composite, reverse: Rc::clone(reverse) }
    }

    /// Thickness of the strokes of a glyph in thousandths of an em.
    ///
    /// A stroke of thickness `t` and length `l` covers `t * l` within an outline of about `2 * l`, whatever its
    /// shape, so fonts can be compared by any of their letters.
    pub(crate) fn stem(&mut self, outline: &OutlineGlyph) -> f32 {
        *self.stems.entry(outline.identifier().cache_key()).or_insert_with(|| {
            let path = outline.outline();
            let length = path.perimeter(1.0);
            if length > 0.0 { (2.0 * path.area().abs() / length) as f32 } else { 0.0 }
        })
    }
}

impl ReverseMap {
    fn new(font: &[u8]) -> Self {
        let mut characters = HashMap::new();
        if let Ok(font) = skrifa::FontRef::new(font) {
            for (code, glyph) in font.charmap().mappings().take(MAPPINGS_MAX) {
                if let Some(character) = character_of(code) {
                    characters.entry(glyph.to_u32()).or_insert(character);
                }
            }
        }
        Self(characters)
    }

    fn character(&self, drawn: &PositionedGlyph<'_>) -> Option<char> {
        match &**drawn {
            Shape::Outline(outline) => self.0.get(&outline.glyph_id().to_u32()).copied(),
            // Fonts drawn by procedures have no names to go by, but mostly keep the codes of Latin letters.
            Shape::Type3(shape) => char::from_u32(shape.char_code()).filter(|c| !c.is_control()),
        }
    }
}

/// Symbol fonts keep their characters at 0xf000 and up.
fn character_of(code: u32) -> Option<char> {
    let code = if (0xf020..=0xf0ff).contains(&code) { code - 0xf000 } else { code };
    char::from_u32(code).filter(|character| !character.is_control())
}
