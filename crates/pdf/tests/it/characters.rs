//! From glyphs to characters: fonts without names, right-to-left scripts, invisible and doubled text, fields.

use crate::support::file::{CATALOG, File, fonts, one_page, show};
use crate::support::font;
use crate::support::reading::{parse, text, warnings};
use std::fmt::Write;

/// A page that shows `text` by glyph numbers of an embedded font.
fn composite_page(shown: &str, program: &[u8], map: Option<&str>) -> Vec<u8> {
    let mut file = File::default();
    let entries = map.map(|map| format!("/ToUnicode {} 0 R", file.add_stream("", map.as_bytes())));
    let font = font::composite(&mut file, program, &entries.unwrap_or_default());
    let content = show("F4", 10.0, (50.0, 700.0), "").replace("()", &font::glyph_string(shown));
    file.put_pages(&[content], &format!("<</Font<</F4 {font} 0 R>>>>"));
    file.bytes()
}

#[test]
fn a_font_without_a_map_is_read_by_its_own_table() {
    let shown = "Glyphs without names";
    assert_eq!(text(composite_page(shown, &font::truetype(), None)), format!("{shown}\n"));
}

#[test]
fn an_incomplete_map_is_filled_up_from_the_font() {
    let map = font::to_unicode("Glyph ");
    let shown = "Glyphs without names";
    assert_eq!(text(composite_page(shown, &font::truetype(), Some(&map))), format!("{shown}\n"));
}

/// A font without its table of characters.
fn nameless_font() -> Vec<u8> {
    let mut font = font::truetype();
    let table = font.windows(4).position(|tag| tag == b"cmap").unwrap();
    font[table..table + 4].copy_from_slice(b"xmap");
    font
}

#[test]
fn glyphs_that_nothing_names_are_reported_and_not_shown() {
    let shown = "Thirty glyphs without any names";
    let blocks = parse(composite_page(shown, &nameless_font(), None)).unwrap();
    let expected = "page 1 has 27 of 31 glyphs in fonts that do not say which characters they show";
    assert!(warnings(&blocks).contains(&expected), "{blocks:?}");
    assert!(!format!("{blocks:?}").contains('\u{fffd}'));
}

#[test]
fn a_collection_names_the_characters_of_its_fonts() {
    for (mode, at) in [("Identity-H", "50 700"), ("Identity-V", "50 700")] {
        let mut file = File::default();
        let font = font::composite(&mut file, &nameless_font(), "");
        let body = String::from_utf8(file.objects[&font].clone()).unwrap();
        file.set(font, body.replace("(Identity)", "(Japan1)").replace("Identity-H", mode));
        let content = format!("BT /F4 10 Tf {at} Td <034b034d034f> Tj ET");
        file.put_pages(&[content], &format!("<</Font<</F4 {font} 0 R>>>>"));
        assert_eq!(text(file.bytes()), "\u{3042}\u{3044}\u{3046}\n", "{mode}");
    }
}

/// A simple font that shows Hebrew letters by the codes from `a` on.
fn hebrew_font() -> String {
    let names: [&str; 27] = [
        "afii57664",
        "afii57665",
        "afii57666",
        "afii57667",
        "afii57668",
        "afii57669",
        "afii57670",
        "afii57671",
        "afii57672",
        "afii57673",
        "afii57674",
        "afii57675",
        "afii57676",
        "afii57677",
        "afii57678",
        "afii57679",
        "afii57680",
        "afii57681",
        "afii57682",
        "afii57683",
        "afii57684",
        "afii57685",
        "afii57686",
        "afii57687",
        "afii57688",
        "afii57689",
        "afii57690",
    ];
    let widths = "500 ".repeat(names.len());
    format!(
        "<</Type/Font/Subtype/Type1/BaseFont/Hebrew/FirstChar 97/LastChar 123/Widths[{widths}]\
         /Encoding<</Type/Encoding/Differences[97/{}]>>>>",
        names.join("/")
    )
}

#[test]
fn right_to_left_text_is_read_in_the_order_of_speech() {
    // `yelm` stands for shin, vav, lamed, final mem; pages show the last letter first.
    let shalom: String = ['\u{5e9}', '\u{5dc}', '\u{5d5}', '\u{5dd}'].into_iter().collect();
    let code = |letter: char| char::from(b'a' + (u32::from(letter) - 0x5d0) as u8);
    let drawn: String = shalom.chars().rev().map(code).collect();
    let content = show("F5", 10.0, (50.0, 700.0), &drawn)
        + &show("F1", 10.0, (80.0, 700.0), "2026")
        + &show("F5", 10.0, (110.0, 700.0), &drawn);
    let resources = fonts().replace("/F3", &format!("/F5 {}/F3", hebrew_font()));
    let read = text(File::with_pages(&[content], &resources).bytes());
    assert_eq!(read, format!("{shalom} 2026 {shalom}\n"));
}

#[test]
fn text_is_read_however_it_is_painted() {
    let cases = [
        ("3 Tr\n", "invisible, as under a scan"),
        ("2 Tr\n", "filled and stroked"),
        ("1 Tr\n", "stroked"),
        ("7 Tr\n", "clipping"),
    ];
    for (mode, name) in cases {
        let content = format!("{mode}{}", show("F1", 10.0, (50.0, 700.0), "painted once"));
        assert_eq!(text(one_page(&content)), "painted once\n", "{name}");
    }
}

#[test]
fn text_drawn_twice_for_a_bold_look_is_read_once() {
    let content = show("F1", 10.0, (50.0, 700.0), "overprint")
        + &show("F1", 10.0, (50.3, 700.0), "overprint");
    assert_eq!(text(one_page(&content)), "overprint\n");
}

#[test]
fn ligatures_become_letters() {
    let font =
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[97/fi/ffl]>>>>";
    let resources = format!("<</Font<</F1 {font}>>>>");
    let content = show("F1", 10.0, (50.0, 700.0), "aeld bower");
    assert_eq!(text(File::with_pages(&[content], &resources).bytes()), "field fflower\n");
}

/// A page with a text field, and the entries of the widget.
fn form(widget: &str, form: &str) -> Vec<u8> {
    let mut file = File::with_pages(&[show("F1", 10.0, (50.0, 700.0), "Name")], &fonts());
    let appearance = file.add_stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 <</Type/Font/Subtype/Type1\
         /BaseFont/Helvetica>>>>>>",
        show("F1", 10.0, (0.0, 5.0), "drawn value").as_bytes(),
    );
    let widget = widget.replace("APPEARANCE", &format!("/AP<</N {appearance} 0 R>>"));
    let parent = file.add("<</FT/Tx/V(inherited value)/TU(Full name)>>");
    let widget = widget.replace("PARENT", &format!("/Parent {parent} 0 R"));
    let widget = file.add(format!("<</Type/Annot/Subtype/Widget/Rect[100 690 200 710]{widget}>>"));
    let mut entries = String::new();
    write!(entries, "/AcroForm<</Fields[{widget} 0 R]{form}>>").unwrap();
    file.extend(CATALOG, &entries);
    let page = file.pages()[0];
    file.extend(page, &format!("/Annots[{widget} 0 R]"));
    file.bytes()
}

#[test]
fn values_of_fields_are_text_of_their_page() {
    let stale = "/NeedAppearances true";
    let cases = [
        ("/FT/Tx/V(Jane Doe)", "", "Name\nJane Doe\n"),
        ("/FT/Tx/V(Jane Doe)/TU(Full name)", "", "Name\nFull name: Jane Doe\n"),
        ("/FT/Ch/V[(red)(blue)]", "", "Name\nred, blue\n"),
        ("PARENT", "", "Name\nFull name: inherited value\n"),
        ("/FT/Tx/V(drawn value)APPEARANCE", "", "Name drawn value\n"),
        ("/FT/Tx/V(drawn value)APPEARANCE", stale, "Name drawn value\n"),
        ("/FT/Tx/V(newer value)APPEARANCE", stale, "Name drawn value\nnewer value\n"),
        ("/FT/Tx/V(secret)/Ff 8192", "", "Name\n"),
        ("/FT/Tx/V(hidden)/F 2", "", "Name\n"),
        ("/FT/Btn/V/Yes", "", "Name\n"),
    ];
    for (widget, entries, expected) in cases {
        assert_eq!(text(form(widget, entries)), expected, "{widget} {entries}");
    }
}

#[test]
fn accents_drawn_over_letters_make_one_letter() {
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[97/dieresis/dotlessi]>>>>";
    let resources = fonts().replace("/F3", &format!("/F5 {font}/F3"));
    // A dieresis is 3.33 wide in this size, a dotless i 2.78.
    let content = show("F1", 10.0, (50.0, 700.0), "na")
        + &show("F5", 10.0, (60.8, 700.0), "a")
        + &show("F5", 10.0, (61.1, 700.0), "b")
        + &show("F1", 10.0, (63.9, 700.0), "ve");
    assert_eq!(text(File::with_pages(&[content], &resources).bytes()), "na\u{ef}ve\n");
}
