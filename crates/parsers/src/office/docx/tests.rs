use crate::Format;
use crate::testing::{blocks, concat, failure, short, zipped};
use types::failure::FailureClass;

const ROOT: &[u8] = br#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="word/document.xml"/></Relationships>"#;

fn document(body: &str) -> Vec<u8> {
    let text = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="x"><w:body>{body}</w:body></w:document>"#
    );
    zipped(&[("_rels/.rels", ROOT), ("word/document.xml", text.as_bytes())])
}

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn structure_comes_from_styles_lists_tables_and_notes() {
    let body = [
        paragraph(r#"<w:pStyle w:val="Ueberschrift1"/>"#, "Head &amp; more"),
        paragraph(r#"<w:pStyle w:val="Based"/>"#, "Sub"),
        paragraph("", "Plain <w:x/>text"),
        paragraph(r#"<w:numPr><w:ilvl w:val="0"/></w:numPr>"#, "item"),
        format!("<w:tbl><w:tr><w:tc>{0}{0}</w:tc><w:tc>{1}</w:tc></w:tr></w:tbl>", paragraph("", "a"), paragraph("", "b")),
        r#"<w:p><w:r><w:t>See</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:hyperlink><w:r><w:t> link</w:t></w:r></w:hyperlink><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"#.to_owned(),
        r"<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:p><w:r><w:t>Box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent><w:t>Around</w:t></w:r></w:p>".to_owned(),
    ]
    .concat();
    let text = format!(r#"<w:document xmlns:w="x"><w:body>{body}</w:body></w:document>"#);
    let styles = br#"<w:styles><w:style w:styleId="Ueberschrift1"><w:name w:val="heading 1"/></w:style>
        <w:style w:styleId="Based"><w:name w:val="Mine"/><w:basedOn w:val="H2"/></w:style>
        <w:style w:styleId="H2"><w:name w:val="whatever"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>"#;
    let notes = br#"<w:footnotes><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>Note text.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let relations = br#"<Relationships><Relationship Id="s" Type="x/styles" Target="styles.xml"/><Relationship Id="n" Type="x/footnotes" Target="/word/footnotes.xml"/></Relationships>"#;
    let core = br"<cp:coreProperties><dc:title>The &lt;Title&gt;</dc:title><dc:creator>A. Writer</dc:creator></cp:coreProperties>";
    let file = zipped(&[
        ("_rels/.rels", ROOT),
        ("docProps/core.xml", core),
        ("word/document.xml", text.as_bytes()),
        ("word/_rels/document.xml.rels", relations),
        ("word/styles.xml", styles),
        ("word/footnotes.xml", notes),
    ]);
    assert_eq!(
        short(&blocks(Format::Docx, &file)),
        [
            "= The <Title>",
            r#"{ -/- {"author":"A. Writer"}"#,
            "# Head & more",
            "## Sub",
            "p Plain text",
            "- item",
            "| a a | b",
            "p See[1] link",
            "p [1] Note text.",
            "p Box",
            "p Around",
        ]
    );
}

#[test]
fn hostile_documents_fail_with_their_class() {
    let deep = format!("{}x", "<w:tbl><w:tr><w:tc>".repeat(100_000));
    assert_eq!(failure(Format::Docx, &document(&deep)).class, FailureClass::Bomb);
    let entities = concat(
        (1..9).map(|i| format!("<!ENTITY e{i} \"{}\">", format!("&e{};", i - 1).repeat(10))),
    );
    let laughs = format!(
        "<!DOCTYPE l [<!ENTITY e0 \"lol\">{entities}]><w:document><w:body><w:p><w:r><w:t>&e8;</w:t></w:r></w:p></w:body></w:document>"
    );
    let file = zipped(&[("_rels/.rels", ROOT), ("word/document.xml", laughs.as_bytes())]);
    assert_eq!(failure(Format::Docx, &file).class, FailureClass::Bomb);
    let attributes = concat((0..200_000).map(|i| format!("a{i}=\"1\" ")));
    let many = document(&format!("<w:p {attributes}><w:r><w:t>x</w:t></w:r></w:p>"));
    assert_eq!(short(&blocks(Format::Docx, &many)), ["p x"]);
    assert_eq!(
        failure(Format::Docx, &document("<w:p><w:r></w:p")).class,
        FailureClass::BadDocument
    );
}

#[test]
fn a_container_of_another_kind_or_none_is_refused() {
    let other = zipped(&[("hello.txt", b"hello")]);
    assert!(failure(Format::Docx, &other).message.contains("word/document.xml"));
    assert!(failure(Format::Docx, b"PK\x03\x04 junk").message.contains("damaged"));
    let mut cut = document(&paragraph("", &"text ".repeat(1000)));
    cut.truncate(cut.len() / 2);
    assert_eq!(failure(Format::Docx, &cut).class, FailureClass::BadDocument);
}

#[test]
fn a_part_in_utf16_is_read() {
    let text = r#"<?xml version="1.0" encoding="UTF-16"?><w:document><w:body><w:p><w:r><w:t>Größe</w:t></w:r></w:p></w:body></w:document>"#;
    let bytes: Vec<u8> =
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let file = zipped(&[("_rels/.rels", ROOT), ("word/document.xml", &bytes)]);
    assert_eq!(short(&blocks(Format::Docx, &file)), ["p Größe"]);
}
