//! What the fonts of a document say beyond the PDF's own tables: characters of glyphs, weight of strokes.

use hayro_interpret::font::{Glyph as Shape, OutlineGlyph, PositionedGlyph};
use kurbo::Shape as _;
use skrifa::MetadataProvider;
use std::collections::HashMap;
use std::rc::Rc;

/// Facts about fonts, gathered as glyphs ask for them, and kept for the whole document.
#[derive(Debug, Default)]
pub(crate) struct FontFacts {
    reverse: HashMap<u128, Rc<ReverseMap>>,
    stems: HashMap<u128, f32>,
}

/// Characters by glyph number, from the table with which a font finds the glyph of a character.
#[derive(Debug, Default)]
pub(crate) struct ReverseMap(HashMap<u32, char>);

/// No font has more characters; a damaged table may claim to.
const MAPPINGS_MAX: usize = 100_000;

impl FontFacts {
    /// The map of the font of a run; empty when the font is not embedded with such a table.
    pub(crate) fn reverse_map(&mut self, drawn: &PositionedGlyph<'_>) -> Rc<ReverseMap> {
        let Shape::Outline(outline) = &**drawn else { return Rc::default() };
        let Some(font) = outline.font_data() else { return Rc::default() };
        let map = self.reverse.entry(font.cache_key).or_insert_with(|| {
            let bytes: &[u8] = (*font.data).as_ref();
            Rc::new(ReverseMap::new(bytes))
        });
        Rc::clone(map)
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

    /// The character of a glyph that the PDF's own tables do not name.
    pub(crate) fn character(&self, drawn: &PositionedGlyph<'_>) -> Option<char> {
        match &**drawn {
            Shape::Outline(outline) => self.0.get(&outline.glyph_id().to_u32()).copied(),
            // Fonts drawn by procedures have no names to go by, but mostly keep ASCII codes.
            Shape::Type3(shape) => char::from_u32(shape.char_code()).filter(char::is_ascii_graphic),
        }
    }
}

/// Symbol fonts keep their characters at 0xf000 and up.
fn character_of(code: u32) -> Option<char> {
    let code = if (0xf020..=0xf0ff).contains(&code) { code - 0xf000 } else { code };
    char::from_u32(code).filter(|character| !character.is_control())
}
