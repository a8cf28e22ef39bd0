//! Titles, and pages without text.

use crate::support::file::{CATALOG, File, fonts, one_page, show};
use crate::support::reading::{parse, parse_from, warnings};
use types::block::Block;

fn titled(information: &str, packet: &str) -> Vec<u8> {
    let mut file = File::with_pages(&[show("F1", 10.0, (50.0, 700.0), "text")], &fonts());
    let information = file.add(format!("<<{information}>>"));
    file.trailer = format!("/Info {information} 0 R");
    if !packet.is_empty() {
        let packet = file.add_stream("/Type/Metadata/Subtype/XML", packet.as_bytes());
        file.extend(CATALOG, &format!("/Metadata {packet} 0 R"));
    }
    file.bytes()
}

fn title(blocks: &[Block]) -> Option<&str> {
    blocks
        .iter()
        .find_map(|block| if let Block::Title(title) = block { Some(title.as_str()) } else { None })
}

#[test]
fn the_title_comes_from_what_stands_beside_the_pages() {
    let packet = "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">From the packet</rdf:li></rdf:Alt></dc:title>";
    let cases = [
        ("/Title(On Fishes)", packet, Some("On Fishes")),
        ("/Title<feff004f006e>", "", Some("On")),
        ("/Title(draft.doc)", packet, Some("From the packet")),
        ("", packet, Some("From the packet")),
        ("/Title(Untitled)", "", None),
        ("", "", None),
    ];
    for (information, packet, expected) in cases {
        let blocks = parse(titled(information, packet)).unwrap();
        assert_eq!(title(&blocks), expected, "{information} {packet}");
    }
}

#[test]
fn the_title_comes_once_and_before_the_pages() {
    let bytes = titled("/Title(On Fishes)", "");
    assert_eq!(parse(bytes.clone()).unwrap().first(), Some(&Block::Title("On Fishes".to_owned())));
    assert_eq!(title(&parse_from(bytes, 2).unwrap()), None);
}

#[test]
fn a_form_that_is_not_in_its_pages_is_reported() {
    let mut file = File::with_pages(&[show("F1", 10.0, (50.0, 700.0), "Please wait")], &fonts());
    file.extend(CATALOG, "/NeedsRendering true");
    let blocks = parse(file.bytes()).unwrap();
    assert!(warnings(&blocks)[0].starts_with("the PDF is a dynamic XFA form"), "{blocks:?}");
}

#[test]
fn a_document_without_text_says_so() {
    let blocks = parse(one_page("0 0 100 100 re f")).unwrap();
    assert_eq!(blocks.first(), Some(&Block::Page(1)));
    assert!(warnings(&blocks)[0].starts_with("no text on any of 1 pages"), "{blocks:?}");
}
