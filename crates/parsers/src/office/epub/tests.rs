use crate::Format;
use crate::testing::{blocks, failure, short, zipped};
use types::failure::FailureClass;

const CONTAINER: &[u8] =
    br#"<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"#;

const PACKAGE: &[u8] = br#"<package><metadata><dc:title>The Book</dc:title><dc:creator>A</dc:creator><dc:creator>B</dc:creator></metadata>
<manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="c2" href="text/two%20b.xhtml"/>
<item id="c1" href="text/one.xhtml"/><item id="c3" href="text/gone.xhtml"/></manifest>
<spine><itemref idref="n"/><itemref idref="c1"/><itemref idref="c2"/><itemref idref="c3"/></spine></package>"#;

fn book(more: &[(&str, &[u8])]) -> Vec<u8> {
    let one = r#"<?xml version="1.0"?><!DOCTYPE html><html><head><title/><script src="x"/></head><body><h2>One</h2><p>First&#160;text<p/></p></body></html>"#;
    let two = "<html><body><div>Second text</div></body></html>";
    let nav = r#"<html><body><nav><ol><li><a href="text/one.xhtml">One</a></li><li><a href="text/two%20b.xhtml#x">Chapter Two</a></li></ol></nav></body></html>"#;
    let mut members: Vec<(&str, &[u8])> = vec![
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", CONTAINER),
        ("OEBPS/book.opf", PACKAGE),
        ("OEBPS/nav.xhtml", nav.as_bytes()),
        ("OEBPS/text/one.xhtml", one.as_bytes()),
        ("OEBPS/text/two b.xhtml", two.as_bytes()),
    ];
    members.extend_from_slice(more);
    zipped(&members)
}

#[test]
fn chapters_come_in_spine_order_under_their_headings() {
    assert_eq!(
        short(&blocks(Format::Epub, &book(&[]))),
        [
            "= The Book",
            r#"{ -/- {"author":"A; B"}"#,
            "## One",
            "p First text",
            "# Chapter Two",
            "p Second text",
            "! chapter 3 of the book is missing",
        ]
    );
}

#[test]
fn protected_books_are_encrypted_and_fonts_do_not_count() {
    let of = |uri: &str| {
        format!(
            r#"<encryption><EncryptedData><CipherData><CipherReference URI="{uri}"/></CipherData></EncryptedData></encryption>"#
        )
    };
    let font = book(&[("META-INF/encryption.xml", of("OEBPS/fonts/a.otf").as_bytes())]);
    assert_eq!(blocks(Format::Epub, &font).len(), 7);
    let chapter = book(&[("META-INF/encryption.xml", of("OEBPS/text/one.xhtml").as_bytes())]);
    assert_eq!(failure(Format::Epub, &chapter).class, FailureClass::Encrypted);
}

#[test]
fn a_book_of_the_old_kind_has_its_labels_in_the_ncx() {
    let package = br#"<package><metadata><dc:title>Old</dc:title></metadata><manifest>
        <item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/><item id="c" href="c.html"/></manifest>
        <spine toc="t"><itemref idref="c"/></spine></package>"#;
    let ncx = br#"<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "x.dtd"><ncx><navMap><navPoint><navLabel><text>Label</text></navLabel><content src="c.html#a"/></navPoint></navMap></ncx>"#;
    let file = zipped(&[
        ("META-INF/container.xml", CONTAINER),
        ("OEBPS/book.opf", package),
        ("OEBPS/toc.ncx", ncx),
        ("OEBPS/c.html", b"<p>Text"),
    ]);
    assert_eq!(short(&blocks(Format::Epub, &file)), ["= Old", "# Label", "p Text"]);
}

#[test]
fn what_is_no_book_is_refused() {
    let other = zipped(&[("a.txt", b"a")]);
    assert!(failure(Format::Epub, &other).message.contains("container.xml"));
}
