//! Files made to hang or kill a reader. Those that need limits on memory are tested where the limits are.

use crate::support::file::{CATALOG, File, PAGES, fonts, show, stream};
use crate::support::reading::{page_texts, parse, text, warnings};

const WORDS: &str = "words of a hostile file";

fn words() -> String {
    show("F1", 10.0, (50.0, 700.0), WORDS)
}

/// One page whose resources name the form in object `form`.
fn page_with_form(content: &str, form: u32) -> File {
    File::with_pages(
        &[content],
        &fonts().replace("<</Font", &format!("<</XObject<</X {form} 0 R>>/Font")),
    )
}

fn form(content: &str, inner: u32) -> Vec<u8> {
    let resources = fonts().replace("<</Font", &format!("<</XObject<</X {inner} 0 R>>/Font"));
    let entries = format!("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources {resources}");
    stream(&entries, content.as_bytes())
}

#[test]
fn forms_that_call_forms_without_end_are_cut() {
    let mut file = page_with_form("/X Do", 10);
    for number in 10..36 {
        file.set(number, form("/X Do /X Do", number + 1));
    }
    file.set(36, form(&words(), 36));
    let blocks = parse(file.bytes()).unwrap();
    assert_eq!(
        warnings(&blocks),
        ["page 1 draws more than 500000 glyphs; the rest of it is left out"]
    );
    assert!(page_texts(&blocks)[0].starts_with(WORDS));
}

#[test]
fn a_form_that_calls_itself_is_read() {
    let mut file = page_with_form(&format!("{} /X Do", words()), 10);
    file.set(10, form("/X Do", 10));
    assert_eq!(text(file.bytes()), format!("{WORDS}\n"));
}

#[test]
fn circles_in_the_page_tree_end() {
    let file = File::with_pages(&[words()], &fonts());
    let page = file.pages()[0];
    let cases = [
        (
            format!("<</Type/Pages/Kids[{PAGES} 0 R {page} 0 R]/Count 2>>"),
            "a node that is its own kid",
        ),
        (format!("<</Type/Pages/Kids[20 0 R {page} 0 R]/Count 2>>"), "two nodes in a circle"),
        (
            format!("<</Type/Pages/Kids[{page} 0 R]/Count 1/Parent 20 0 R>>"),
            "a parent that is a kid",
        ),
        (format!("<</Type/Pages/Kids[{page} 0 R]/Count 2147483647>>"), "a count out of all bounds"),
        (format!("<</Type/Pages/Kids[{page} 0 R {page} 0 R]/Count 2>>"), "one page twice"),
    ];
    for (root, name) in cases {
        let mut file = file.clone();
        file.set(PAGES, root);
        file.set(
            20,
            format!("<</Type/Pages/Parent {PAGES} 0 R/Kids[{PAGES} 0 R 20 0 R]/Count 2>>"),
        );
        assert_eq!(text(file.bytes()), format!("{WORDS}\n"), "{name}");
    }
}

#[test]
fn circles_in_fields_outlines_and_names_end() {
    let mut file = File::with_pages(&[words()], &fonts());
    let page = file.pages()[0];
    file.set(30, "<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/Parent 30 0 R>>");
    file.set(31, format!("<</Title(words)/First 31 0 R/Next 31 0 R/Dest[{page} 0 R]>>"));
    file.set(32, "<</First 31 0 R>>");
    file.set(33, "<</Kids[33 0 R 33 0 R]>>");
    file.extend(page, "/Annots[30 0 R]");
    file.extend(CATALOG, "/Outlines 32 0 R/Names<</Dests 33 0 R>>/AcroForm<</Fields[30 0 R]>>");
    assert_eq!(text(file.bytes()), format!("{WORDS}\n"));
}

#[test]
fn deep_nesting_is_survived() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}{}", open.repeat(depth), close.repeat(depth))
    };
    let cases = [
        format!("BT /F1 10 Tf {} TJ ET {}", nested("[", "]", 100_000), words()),
        format!("BT /F1 10 Tf {} Tj ET {}", nested("(", ")", 100_000), words()),
        format!("{}{}", "q ".repeat(300_000), words()),
        format!("/P {} BDC {} EMC", nested("<</A ", ">>", 50_000), words()),
    ];
    for content in cases {
        let blocks = parse(File::with_pages(&[&content], &fonts()).bytes()).unwrap();
        assert_eq!(page_texts(&blocks).len(), 1, "{}", content.get(..30).unwrap());
    }
}

#[test]
fn a_nested_page_does_not_take_the_others_along() {
    let mut file = File::with_pages(&[words(), words()], &fonts());
    let page = file.pages()[0];
    file.extend(page, &format!("/X {}{}", "[".repeat(200_000), "]".repeat(200_000)));
    let blocks = parse(file.bytes()).unwrap();
    assert!(page_texts(&blocks).contains(&format!("{WORDS}\n")));
}

#[test]
fn references_in_a_circle_end() {
    let mut file = File::with_pages(&[words(), words()], &fonts());
    file.set(40, "41 0 R");
    file.set(41, "40 0 R");
    let page = file.pages()[0];
    file.extend(page, "/Contents 40 0 R/Resources 41 0 R");
    file.set(42, b"<</Length 42 0 R>>\nstream\nBT ET\nendstream".to_vec());
    file.trailer = "/Prev 99999999999".to_owned();
    let blocks = parse(file.bytes()).unwrap();
    assert!(page_texts(&blocks).contains(&format!("{WORDS}\n")));
}
