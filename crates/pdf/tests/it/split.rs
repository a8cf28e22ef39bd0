//! Sections cut out of documents with every trap that splitters are known to fall into.

use crate::encryption::{Cipher, encrypted};
use crate::support::file::{CATALOG, File, HELVETICA, PAGES, page, show};
use crate::support::random::Random;
use crate::support::reading::{page_texts, parse};
use lopdf::{Document, Object};
use pdf::split::Source;
use proptest::prelude::*;
use std::fmt::Write as _;
use types::failure::FailureClass;
use types::pages::PageRange;
use types::section_file::{Piece, SectionFile};

const COUNT: u32 = 20;
const IMAGE_BYTES: usize = 20_000;

fn range(first: u32, last: u32) -> PageRange {
    PageRange::new(first, last).unwrap()
}

fn words(page: u32) -> String {
    show("F1", 12.0, (50.0, 700.0), &format!("words of page {page}"))
}

fn image(file: &mut File, seed: u64) -> u32 {
    let mut random = Random(seed * 7919 + 1);
    let data: Vec<u8> = (0..IMAGE_BYTES).map(|_| random.below(256) as u8).collect();
    let entries =
        "/Type/XObject/Subtype/Image/Width 100/Height 200/BitsPerComponent 8/ColorSpace/DeviceGray";
    file.add_stream(entries, &data)
}

/// Twenty pages, each with an image of its own.
fn book() -> File {
    let mut file = File::default();
    let images: Vec<u32> = (1..=COUNT).map(|n| image(&mut file, u64::from(n))).collect();
    let contents: Vec<String> = (1..=COUNT).map(words).collect();
    file.put_pages(&contents, "<<>>");
    for (number, image) in file.pages().into_iter().zip(images) {
        let resources = format!("<</Font<</F1 {HELVETICA}>>/XObject<</I {image} 0 R>>>>");
        replace(&mut file, number, "<<>>", &resources);
    }
    file
}

fn replace(file: &mut File, number: u32, from: &str, to: &str) {
    let body = String::from_utf8(file.objects[&number].clone()).unwrap();
    assert!(body.contains(from), "{body}");
    file.set(number, body.replace(from, to));
}

fn cut(bytes: &[u8], first: u32, last: u32) -> Vec<u8> {
    part(&Source::open(bytes).unwrap(), bytes, range(first, last))
}

fn part(source: &Source, bytes: &[u8], range: PageRange) -> Vec<u8> {
    whole(&source.section(range).unwrap(), bytes)
}

/// A section's file, put together with the document that it was cut from.
fn whole(file: &SectionFile, document: &[u8]) -> Vec<u8> {
    let pieces = file.pieces().iter().map(|piece| match piece {
        Piece::Own(own) => own.as_slice(),
        Piece::Document(place) => &document[place.start as usize..place.end as usize],
    });
    let whole = pieces.collect::<Vec<_>>().concat();
    assert_eq!(whole.len() as u64, file.len());
    whole
}

/// Four sections of five pages.
fn quarters(bytes: &[u8]) -> Vec<Vec<u8>> {
    let source = Source::open(bytes).unwrap();
    (0..4).map(|n| part(&source, bytes, range(n * 5 + 1, n * 5 + 5))).collect()
}

fn texts(bytes: &[u8]) -> Vec<String> {
    page_texts(&parse(bytes.to_vec()).unwrap())
}

/// Four sections together are hardly larger than the document, and each has its own text.
#[track_caller]
fn carries_only_its_own(bytes: &[u8]) {
    let parts = quarters(bytes);
    let total: usize = parts.iter().map(Vec::len).sum();
    assert!(total < bytes.len() * 105 / 100, "{total} bytes out of {}", bytes.len());
    let source = texts(bytes);
    let parts: Vec<String> = parts.iter().flat_map(|part| texts(part)).collect();
    assert_eq!(parts, source);
}

#[test]
fn a_section_has_its_pages_and_only_what_they_use() {
    carries_only_its_own(&book().bytes());
}

fn bytes_of_document(file: &SectionFile) -> u64 {
    let places = file.pieces().iter().map(|piece| match piece {
        Piece::Own(_) => 0,
        Piece::Document(place) => place.end - place.start,
    });
    places.sum()
}

#[test]
fn long_streams_are_not_copied_but_named_by_their_place() {
    let bytes = book().bytes();
    for junk in [&b""[..], b"something in front of the file\n"] {
        let bytes = [junk, &bytes].concat();
        let file = Source::open(&bytes).unwrap().section(range(3, 7)).unwrap();
        assert_eq!(bytes_of_document(&file), 5 * IMAGE_BYTES as u64);
        assert!(file.len() < bytes_of_document(&file) + 5_000, "{}", file.len());
        assert_eq!(texts(&whole(&file, &bytes)).len(), 5);
    }
}

#[test]
fn one_dictionary_that_names_every_image_does_not_bring_them_all() {
    let mut file = book();
    let pages = file.pages();
    let first_image = 3;
    let names: Vec<String> = (0..COUNT).map(|n| format!("/I{n} {} 0 R", first_image + n)).collect();
    let shared = format!("<</Font<</F1 {HELVETICA}>>/XObject<<{}>>>>", names.concat());
    let shared = file.add(shared);
    for (n, number) in pages.into_iter().enumerate() {
        let content =
            file.add_stream("", format!("{}q /I{n} Do Q", words(n as u32 + 1)).as_bytes());
        // Resources, size and rotation stand on the node above.
        file.set(number, format!("<</Type/Page/Parent {PAGES} 0 R/Contents {content} 0 R>>"));
    }
    file.extend(PAGES, &format!("/Resources {shared} 0 R/MediaBox[0 0 500 700]/Rotate 90"));
    carries_only_its_own(&file.bytes());
    let part = Document::load_mem(&cut(&file.bytes(), 7, 7)).unwrap();
    let page = part.get_dictionary(part.page_iter().next().unwrap()).unwrap();
    assert_eq!(page.get(b"Rotate").unwrap().as_i64().unwrap(), 90);
    assert_eq!(page.get(b"MediaBox").unwrap().as_array().unwrap()[2], Object::Integer(500));
}

#[test]
fn everything_is_kept_where_the_content_does_not_say_what_it_uses() {
    for (content, form) in [
        // A name that is written in escapes.
        ("/I#31 Do", "/Resources<<>>"),
        // A form that draws with the resources of the page.
        ("/X Do", ""),
    ] {
        let mut file = File::default();
        let images: Vec<u32> = (0..3).map(|n| image(&mut file, n)).collect();
        let form =
            file.add_stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]{form}"), b"/I1 Do");
        let [a, b, c] = images[..] else { panic!() };
        let resources = format!("<</XObject<</I1 {a} 0 R/I2 {b} 0 R/I3 {c} 0 R/X {form} 0 R>>>>");
        file.put_pages(&[content], &resources);
        let part = cut(&file.bytes(), 1, 1);
        assert!(part.len() > 3 * IMAGE_BYTES, "{content}: {}", part.len());
    }
}

#[test]
fn links_and_notes_do_not_bring_the_pages_that_they_lead_to() {
    let mut file = book();
    let pages = file.pages();
    for (n, number) in pages.iter().enumerate() {
        let other = pages[(n + 7) % 20];
        let shown = file.add_stream(
            &format!(
                "/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 {HELVETICA}>>>>"
            ),
            show("F1", 12.0, (5.0, 5.0), &format!("note {n}")).as_bytes(),
        );
        file.extend(*number, &format!(
            "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Dest[{other} 0 R/Fit]>>\
             <</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/GoTo/D[{other} 0 R/Fit]>>>>\
             <</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.com/)>>>>\
             <</Type/Annot/Subtype/Popup/Rect[0 0 9 9]/P {other} 0 R>>\
             <</Type/Annot/Subtype/FreeText/Rect[50 500 250 520]/P {other} 0 R/F 4/AP<</N {shown} 0 R>>>>]"
        ));
    }
    let bytes = file.bytes();
    carries_only_its_own(&bytes);
    let part = cut(&bytes, 4, 4);
    assert!(texts(&part)[0].contains("note 3"), "{:?}", texts(&part));
    assert!(part.windows(20).any(|window| window == b"https://example.com/"));
    assert!(!part.windows(4).any(|window| window == b"GoTo"));
}

#[test]
fn a_value_stays_on_its_page_and_does_not_bring_the_other_widgets_of_its_field() {
    let mut file = book();
    let pages = file.pages();
    let field = file.add("<<>>");
    let mut kids = String::new();
    for number in pages.iter().step_by(5) {
        let shown = file.add_stream(
            &format!(
                "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 {HELVETICA}>>>>"
            ),
            b"/Tx BMC BT /F1 12 Tf 2 2 Td (VALUE-42) Tj ET EMC",
        );
        let widget = file.add(format!(
            "<</Type/Annot/Subtype/Widget/Rect[50 600 150 620]/Parent {field} 0 R/P {number} 0 R/F 4/AP<</N {shown} 0 R>>>>"
        ));
        kids.extend([widget.to_string(), " 0 R ".to_owned()]);
        file.extend(*number, &format!("/Annots[{widget} 0 R]"));
    }
    file.set(field, format!("<</FT/Tx/T(name)/V(VALUE-42)/Kids[{kids}]>>"));
    file.extend(CATALOG, &format!("/AcroForm<</Fields[{field} 0 R]/DA(/F1 12 Tf)>>"));
    let bytes = file.bytes();
    carries_only_its_own(&bytes);
    let part = cut(&bytes, 1, 2);
    assert!(texts(&part)[0].contains("VALUE-42"));
    let part = Document::load_mem(&part).unwrap();
    let form = part.catalog().unwrap().get(b"AcroForm").unwrap().as_dict().unwrap();
    let fields = form.get(b"Fields").unwrap().as_array().unwrap();
    assert_eq!(fields.len(), 1);
    let field = part.get_dictionary(fields[0].as_reference().unwrap()).unwrap();
    assert_eq!(field.get(b"T").unwrap().as_str().unwrap(), b"name");
    assert_eq!(field.get(b"V").unwrap().as_str().unwrap(), b"VALUE-42");
}

#[test]
fn attachments_outlines_and_the_tree_of_tags_stay_behind() {
    let mut file = book();
    let pages = file.pages();
    let attached = file.add_stream("/Type/EmbeddedFile", &vec![7; 300_000]);
    let element = file.add(format!("<</Type/StructElem/S/P/Pg {} 0 R/K 0>>", pages[9]));
    file.extend(pages[0], &format!("/StructParents 0/AF[{element} 0 R]/B[{element} 0 R]"));
    file.extend(
        CATALOG,
        &format!(
            "/Names<</EmbeddedFiles<</Names[(a)<</Type/Filespec/EF<</F {attached} 0 R>>>>]>>>>\
         /StructTreeRoot<</K {element} 0 R>>/MarkInfo<</Marked true>>"
        ),
    );
    let whole = cut(&file.bytes(), 1, COUNT);
    assert!(whole.len() < file.bytes().len() - 290_000, "{}", whole.len());
    for word in ["StructElem", "StructParents", "StructTreeRoot", "MarkInfo", "EmbeddedFile"] {
        assert!(!whole.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn layers_that_are_off_stay_off() {
    let mut file = book();
    let layer = file.add("<</Type/OCG/Name(draft)>>");
    file.extend(CATALOG, &format!("/OCProperties<</OCGs[{layer} 0 R]/D<</OFF[{layer} 0 R]>>>>"));
    let part = Document::load_mem(&cut(&file.bytes(), 3, 3)).unwrap();
    let properties = part.catalog().unwrap().get(b"OCProperties").unwrap().as_dict().unwrap();
    let off = part.get_dict_in_dict(properties, b"D").unwrap().get(b"OFF").unwrap();
    let layer = part.get_dictionary(off.as_array().unwrap()[0].as_reference().unwrap()).unwrap();
    assert_eq!(layer.get(b"Name").unwrap().as_str().unwrap(), b"draft");
}

#[test]
fn a_page_that_stands_twice_is_cut_by_its_place() {
    let mut file = book();
    let pages = file.pages();
    let kids: Vec<String> = [pages[0], pages[1], pages[0], pages[2]]
        .iter()
        .map(|page| format!("{page} 0 R "))
        .collect();
    file.set(PAGES, format!("<</Type/Pages/Count 4/Kids[{}]>>", kids.concat()));
    let bytes = file.bytes();
    let source = Source::open(&bytes).unwrap();
    assert_eq!(source.page_count(), 4);
    let all = part(&source, &bytes, range(1, 4));
    let said: Vec<String> = [1, 2, 1, 3].map(|n| format!("words of page {n}\n")).to_vec();
    assert_eq!(texts(&all), said);
    assert_eq!(texts(&part(&source, &bytes, range(3, 4))), said[2..]);
}

#[test]
fn cycles_end() {
    let mut file = book();
    let pages = file.pages();
    let ring = file.add("<<>>");
    file.set(ring, format!("<</Self {ring} 0 R/Page {} 0 R>>", pages[5]));
    // Above the page there is a node that stands above itself, and none has a size.
    let node = file.add("<<>>");
    file.set(
        node,
        format!("<</Type/Pages/Parent {node} 0 R/Count 1/Kids[{} 0 R {node} 0 R]>>", pages[0]),
    );
    let content = file.add_stream("", words(1).as_bytes());
    file.set(pages[0], format!(
        "<</Type/Page/Parent {node} 0 R/Contents {content} 0 R/Group {ring} 0 R/Resources<</Font<</F1 {HELVETICA}>>>>>>"
    ));
    file.set(PAGES, format!("<</Type/Pages/Count 2/Kids[{node} 0 R {} 0 R]>>", pages[1]));
    let bytes = file.bytes();
    let source = Source::open(&bytes).unwrap();
    let first = part(&source, &bytes, range(1, 1));
    assert_eq!(texts(&first), ["words of page 1\n"]);
    let again = Document::load_mem(&first).unwrap();
    let first = again.get_dictionary(again.page_iter().next().unwrap()).unwrap();
    assert_eq!(first.get(b"MediaBox").unwrap().as_array().unwrap()[2], Object::Integer(612));
}

#[test]
fn the_newest_of_several_revisions_counts() {
    let mut file = book();
    let mut bytes = file.bytes();
    let before = bytes.len();
    let page = file.pages()[2];
    let content = file.add_stream("", show("F1", 12.0, (50.0, 700.0), "UPDATED").as_bytes());
    let body = String::from_utf8(file.objects[&page].clone()).unwrap();
    let (head, tail) = body.split_once("/Contents ").unwrap();
    let (_, tail) = tail.split_once(" 0 R").unwrap();
    // The file itself says where its table begins.
    let last = String::from_utf8_lossy(&bytes[before - 40..]).into_owned();
    let table = last.split_once("startxref\n").unwrap().1.lines().next().unwrap().to_owned();
    let mut offsets = Vec::new();
    for (number, body) in [
        (page, format!("{head}/Contents {content} 0 R{tail}").into_bytes()),
        (content, file.objects[&content].clone()),
    ] {
        offsets.push((number, bytes.len()));
        bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let xref = bytes.len();
    let mut end = String::from("xref\n");
    for (number, offset) in offsets {
        writeln!(end, "{number} 1\n{offset:010} 00000 n ").unwrap();
    }
    write!(
        end,
        "trailer\n<</Size {}/Root {CATALOG} 0 R/Prev {table}>>\nstartxref\n{xref}\n%%EOF",
        content + 1
    )
    .unwrap();
    bytes.extend_from_slice(end.as_bytes());
    assert!(bytes.len() > before);
    assert_eq!(texts(&cut(&bytes, 3, 3)), ["UPDATED\n"]);
}

#[test]
fn an_encrypted_file_is_cut_when_its_password_is_empty_and_refused_otherwise() {
    for cipher in [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256] {
        let part = cut(&encrypted(cipher, ""), 1, 1);
        assert_eq!(texts(&part), ["behind a password\n"], "{cipher:?}");
        assert!(!part.windows(8).any(|window| window == b"/Encrypt"));
        let failure = Source::open(&encrypted(cipher, "secret")).unwrap_err();
        assert_eq!(failure.class, FailureClass::Encrypted, "{cipher:?}");
    }
}

#[test]
fn pages_that_are_not_there_and_files_that_are_no_pdf_are_named() {
    let bytes = book().bytes();
    let source = Source::open(&bytes).unwrap();
    let failure = source.section(range(18, 21)).unwrap_err();
    assert_eq!(failure.class, FailureClass::BadItem);
    assert!(failure.message.contains("18-21") && failure.message.contains("20"), "{failure}");
    for bytes in [&b""[..], b"no PDF at all", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"] {
        assert_eq!(Source::open(bytes).unwrap_err().class, FailureClass::BadDocument);
    }
}

/// As in a file that was cut off: the page tree is there, what stood behind it is not.
#[test]
fn content_that_the_file_has_not_got_is_told_with_its_page() {
    let mut file = book();
    let third = file.pages()[2];
    let body = String::from_utf8(file.objects[&third].clone()).unwrap();
    let (_, after) = body.split_once("/Contents ").unwrap();
    let number: String = after.chars().take_while(char::is_ascii_digit).collect();
    replace(&mut file, third, &format!("/Contents {number} "), "/Contents 99999 ");
    let source = Source::open(&file.bytes()).unwrap();
    let error = source.section(range(1, 5)).unwrap_err();
    assert_eq!(error.class, FailureClass::BadDocument);
    assert!(error.message.contains("page 3"), "{error:?}");
    assert!(source.section(range(4, 5)).is_ok());
}

#[test]
fn a_page_that_is_gone_is_told_and_the_others_keep_their_numbers() {
    let mut file = File::default();
    let contents: Vec<String> = (1..=3).map(words).collect();
    file.put_pages(&contents, &format!("<</Font<</F1 {HELVETICA}>>>>"));
    let kids: Vec<String> = file.pages().iter().map(|page| format!("{page} 0 R ")).collect();
    file.set(
        PAGES,
        format!("<</Type/Pages/Count 4/Kids[{}999 0 R {}{}]>>", kids[0], kids[1], kids[2]),
    );
    assert!(page(1, "<<>>").starts_with("<</Type/Page/"));
    let bytes = file.bytes();
    let failure = Source::open(&bytes).unwrap().section(range(1, 3)).unwrap_err();
    assert!(failure.message.contains("page 2"), "{failure}");
    assert_eq!(texts(&cut(&bytes, 3, 4)), ["words of page 2\n", "words of page 3\n"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn damage_costs_an_error_at_the_worst(
        hits in prop::collection::vec((0_usize..3_000, any::<u8>()), 1..12),
        cut_at in prop::option::of(0_usize..3_000),
    ) {
        let contents: Vec<String> = (1..=4).map(words).collect();
        let mut bytes =
            File::with_pages(&contents, &format!("<</Font<</F1 {HELVETICA}>>>>")).bytes();
        for (at, byte) in hits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut_at.unwrap_or(usize::MAX));
        if let Ok(source) = Source::open(&bytes) {
            for page in 1..=source.page_count() {
                if let Ok(part) = source.section(range(page, page)) {
                    let part = whole(&part, &bytes);
                    prop_assert_eq!(Source::open(&part).unwrap().page_count(), 1);
                }
            }
        }
    }
}
