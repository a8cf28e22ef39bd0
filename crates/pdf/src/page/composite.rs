//! Characters of composite fonts by their character collection.
//!
//! A Chinese, Japanese or Korean font need not say what its codes mean: its encoding leads to the numbers of a
//! public collection, and Adobe publishes the characters of those.

use hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as TextString};
use hayro_syntax::page::Resources;
use std::collections::HashMap;
use std::rc::Rc;

/// Fonts inside forms inside forms: deeper ones go without.
const DEPTH_MAX: u32 = 4;
/// Resource dictionaries of one page that are looked at.
const FORMS_MAX: usize = 256;

/// From the codes of a font to the numbers of its collection, and on to characters.
#[derive(Debug)]
pub(crate) struct Composite {
    encoding: CMap,
    characters: Rc<CMap>,
}

impl Composite {
    pub(crate) fn text(&self, code: u32) -> Option<BfString> {
        let number = (1..=4).find_map(|bytes| self.encoding.lookup_cid_code(code, bytes))?;
        self.characters.lookup_bf_string(number)
    }
}

/// Maps from the numbers of a collection to characters, read when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Collections(HashMap<CidFamily, Option<Rc<CMap>>>);

impl Collections {
    fn characters(&mut self, family: CidFamily) -> Option<Rc<CMap>> {
        let name = family.ucs2_cmap()?;
        let map = self.0.entry(family).or_insert_with(|| {
            let map = CMap::parse(load_embedded(name)?, load_embedded)?;
            Some(Rc::new(map))
        });
        map.clone()
    }

    /// The composite fonts that a page can use, by name.
    pub(crate) fn fonts_of(&mut self, resources: &Resources<'_>) -> HashMap<String, Rc<Composite>> {
        let mut fonts = HashMap::new();
        let mut forms = FORMS_MAX;
        let mut open = vec![(resources.fonts.clone(), resources.x_objects.clone(), 0)];
        while let Some((named_fonts, objects, depth)) = open.pop() {
            for name in named_fonts.keys() {
                if let Some(font) = named_fonts.get::<Dict<'_>>(&*name)
                    && let Some((name, font)) = self.composite(&font)
                {
                    fonts.entry(name).or_insert_with(|| Rc::new(font));
                }
            }
            for name in objects.keys().take(if depth < DEPTH_MAX { forms } else { 0 }) {
                forms -= 1;
                let form = objects.get::<Stream<'_>>(&*name);
                let Some(inner) = form.and_then(|form| form.dict().get::<Dict<'_>>(b"Resources"))
                else {
                    continue;
                };
                let part = |key: &[u8]| inner.get::<Dict<'_>>(key).unwrap_or_else(Dict::empty);
                open.push((part(b"Font"), part(b"XObject"), depth + 1));
            }
        }
        fonts
    }

    fn composite(&mut self, font: &Dict<'_>) -> Option<(String, Composite)> {
        let descendant = font.get::<Array<'_>>(b"DescendantFonts")?.iter::<Dict<'_>>().next()?;
        let encoding = encoding(&font.get::<Object<'_>>(b"Encoding")?)?;
        let own = descendant.get::<Dict<'_>>(b"CIDSystemInfo").and_then(|system| {
            let part = |key: &[u8]| Some(system.get::<TextString<'_>>(key)?.as_bytes().to_vec());
            Some(CidFamily::from_registry_ordering(&part(b"Registry")?, &part(b"Ordering")?))
        });
        let named = encoding.metadata().character_collection.as_ref();
        let characters = named
            .map(|collection| collection.family.clone())
            .and_then(|family| self.characters(family))
            .or_else(|| self.characters(own?))?;
        let name = font.get::<Name<'_>>(b"BaseFont")?;
        Some((base_name(name.as_str()).to_owned(), Composite { encoding, characters }))
    }
}

/// The name without the mark of a subset, which is six letters and a plus sign.
fn base_name(name: &str) -> &str {
    match name.split_once('+') {
        Some((mark, name)) if mark.len() == 6 => name,
        _ => name,
    }
}

fn encoding(object: &Object<'_>) -> Option<CMap> {
    match object {
        Object::Name(name) => match CMapName::from_bytes(name) {
            CMapName::IdentityH => Some(CMap::identity_h()),
            CMapName::IdentityV => Some(CMap::identity_v()),
            name => CMap::parse(load_embedded(name)?, load_embedded),
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded().ok()?, load_embedded),
        _ => None,
    }
}
