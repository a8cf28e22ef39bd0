//! The smallest TrueType font that can show printable ASCII: each glyph is a box.

use super::file::File;
use std::fmt::Write;

/// Adds a composite font whose codes are glyph numbers, with further entries such as its map to characters.
pub(crate) fn composite(file: &mut File, program: &[u8], entries: &str) -> u32 {
    let program = file.add_stream("", program);
    file.add(format!(
        "<</Type/Font/Subtype/Type0/BaseFont/Boxes/Encoding/Identity-H{entries}/DescendantFonts[\
         <</Type/Font/Subtype/CIDFontType2/BaseFont/Boxes/DW {ADVANCE}/CIDToGIDMap/Identity\
         /CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>\
         /FontDescriptor<</Type/FontDescriptor/FontName/Boxes/Flags 4/FontFile2 {program} 0 R>>>>]>>"
    ))
}

/// Glyph of an ASCII character: 1 is the space, 0 the missing character.
pub(crate) fn glyph(character: char) -> u16 {
    u32::from(character) as u16 - 0x1f
}

const GLYPHS: u16 = 96;
/// Thousandths of an em; all glyphs are as wide.
pub(crate) const ADVANCE: u16 = 500;

/// Text as a string of two-byte glyph numbers.
pub(crate) fn glyph_string(text: &str) -> String {
    let mut codes = String::new();
    for character in text.chars() {
        write!(codes, "{:04x}", glyph(character)).unwrap();
    }
    format!("<{codes}>")
}

/// The font file.
pub(crate) fn truetype() -> Vec<u8> {
    let outline = box_outline();
    let mut glyf = Vec::new();
    let mut loca = vec![0_u32; 2];
    for glyph in 1..GLYPHS {
        if glyph > 1 {
            glyf.extend_from_slice(&outline);
        }
        loca.push(glyf.len() as u32);
    }
    let tables: [(&[u8; 4], Vec<u8>); 9] = [
        (b"cmap", cmap()),
        (b"glyf", glyf),
        (b"head", head()),
        (
            b"hhea",
            words(&[
                1,
                0,
                800,
                -200_i16 as u16,
                0,
                ADVANCE,
                0,
                0,
                ADVANCE,
                1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                GLYPHS,
            ]),
        ),
        (b"hmtx", words(&[ADVANCE, 0].repeat(usize::from(GLYPHS)))),
        (b"loca", loca.iter().flat_map(|offset| offset.to_be_bytes()).collect()),
        (b"maxp", words(&[1, 0, GLYPHS, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
        (b"name", words(&[0, 0, 6])),
        (b"post", words(&[3, 0].into_iter().chain([0; 14]).collect::<Vec<u16>>())),
    ];
    assemble(&tables)
}

fn assemble(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = vec![0, 1, 0, 0];
    file.extend(words(&[tables.len() as u16, 128, 3, tables.len() as u16 * 16 - 128]));
    let mut offset = 12 + 16 * tables.len();
    let mut data = Vec::new();
    for (tag, table) in tables {
        file.extend_from_slice(*tag);
        file.extend([0; 4]);
        file.extend((offset as u32).to_be_bytes());
        file.extend((table.len() as u32).to_be_bytes());
        data.extend_from_slice(table);
        data.resize(data.len().next_multiple_of(4), 0);
        offset = 12 + 16 * tables.len() + data.len();
    }
    file.extend(data);
    file
}

fn head() -> Vec<u8> {
    let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, 1000]);
    head.extend([0; 16]);
    head.extend(words(&[0, 0, 500, 700, 0, 8, 2, 1, 0]));
    head
}

/// One stretch of characters, in the format that Windows reads.
fn cmap() -> Vec<u8> {
    let delta = 1_u16.wrapping_sub(0x20);
    let mut cmap = words(&[0, 1, 3, 1, 0, 12]);
    cmap.extend(words(&[4, 32, 0, 4, 4, 1, 0, 0x7e, 0xffff, 0, 0x20, 0xffff, delta, 1, 0, 0]));
    cmap
}

fn box_outline() -> Vec<u8> {
    let mut outline = words(&[1, 50, 0, 450, 700, 3, 0]);
    outline.extend([1; 4]);
    outline.extend(words(&[50, 400, 0, 400_u16.wrapping_neg()]));
    outline.extend(words(&[0, 0, 700, 0]));
    outline
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// A map from glyph numbers to characters, for those of `characters`.
pub(crate) fn to_unicode(characters: &str) -> String {
    let mut pairs = String::new();
    for character in characters.chars() {
        writeln!(pairs, "<{:04x}> <{:04x}>", glyph(character), u32::from(character)).unwrap();
    }
    format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n\
         1 begincodespacerange <0000> <ffff> endcodespacerange\n\
         {} beginbfchar\n{pairs}endbfchar\nendcmap end end",
        characters.chars().count()
    )
}
