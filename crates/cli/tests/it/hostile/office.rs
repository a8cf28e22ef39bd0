//! Office files and EPUBs: XML that grows, nests, or points far away.

use super::Expect::{Answered, Failed, Found};
use super::Recipe;
use super::archives::Zip;
use super::deflated::Deflated;
use std::fmt::Write;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("laughs.docx", Answered, laughs),
    Recipe::new("external-entity.docx", Answered, external_entity),
    Recipe::new("nested-tables.docx", Answered, nested_tables),
    Recipe::new("large-entry.docx", Answered, large_entry),
    Recipe::new("cut.docx", Failed(&["bad_document"]), cut),
    Recipe::new("far-cell.xlsx", Found("dugong"), far_cell),
    Recipe::new("false-count.xlsx", Answered, false_count),
    Recipe::new("large-chapter.epub", Answered, large_chapter),
    Recipe::new("chapter-outside.epub", Answered, chapter_outside),
];

const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

fn docx(document: &Deflated) -> Vec<u8> {
    Zip::new()
        .text(
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.\
             wordprocessingml.document.main+xml\"/></Types>",
        )
        .text("_rels/.rels", &root_relation("word/document.xml"))
        .deflated("word/document.xml", document)
        .finish()
}

fn root_relation(target: &str) -> String {
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" \
         Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
         Target=\"{target}\"/></Relationships>"
    )
}

fn paragraphs(head: &str, content: &str) -> Deflated {
    let xml = format!(
        "<?xml version=\"1.0\"?>{head}<w:document {WORD}><w:body><w:p><w:r><w:t>{content}</w:t></w:r></w:p></w:body>\
         </w:document>"
    );
    Deflated::of(xml.as_bytes())
}

/// Ten entities, each ten times the one before: ten billion laughs.
fn laughs() -> Vec<u8> {
    let mut head = "<!DOCTYPE d [<!ENTITY l0 \"ha\">".to_owned();
    for level in 1..=10 {
        let last = format!("&l{};", level - 1);
        write!(head, "<!ENTITY l{level} \"{}\">", last.repeat(10)).unwrap();
    }
    docx(&paragraphs(&format!("{head}]>"), "&l10;"))
}

fn external_entity() -> Vec<u8> {
    docx(&paragraphs(
        "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "before &x; behind",
    ))
}

fn nested_tables() -> Vec<u8> {
    let open = Deflated::of(format!("<w:document {WORD}><w:body>").as_bytes())
        .push(b"<w:tbl><w:tr><w:tc>", 100_000)
        .push(b"<w:p><w:r><w:t>bottom</w:t></w:r></w:p>", 1)
        .push(b"</w:tc></w:tr></w:tbl>", 100_000)
        .push(b"</w:body></w:document>", 1);
    docx(&open)
}

/// One and a half gigabytes of paragraphs.
fn large_entry() -> Vec<u8> {
    let paragraph = "<w:p><w:r><w:t>All work and no play makes a dull document.</w:t></w:r></w:p>"
        .repeat(15_000);
    let times = (3 << 29) / paragraph.len() as u64;
    let xml = Deflated::of(format!("<w:document {WORD}><w:body>").as_bytes())
        .push(paragraph.as_bytes(), times)
        .push(b"</w:body></w:document>", 1);
    docx(&xml)
}

fn cut() -> Vec<u8> {
    let mut bytes = docx(&paragraphs("", "The end is missing."));
    bytes.truncate(bytes.len() / 2);
    bytes
}

fn xlsx(sheet: &str, strings: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    Zip::new()
        .text(
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.\
             sheet.main+xml\"/></Types>",
        )
        .text("_rels/.rels", &root_relation("xl/workbook.xml"))
        .text(
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"r1\"/>\
                 </sheets></workbook>"
            ),
        )
        .text(
            "xl/_rels/workbook.xml.rels",
            &format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                 <Relationship Id=\"r1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
                 <Relationship Id=\"r2\" Type=\"{OFFICE}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
            ),
        )
        .text("xl/worksheets/sheet1.xml", &format!("<worksheet xmlns=\"{MAIN}\">{sheet}</worksheet>"))
        .text("xl/sharedStrings.xml", &format!("<sst xmlns=\"{MAIN}\"{strings}</sst>"))
        .finish()
}

/// Two cells: the first and the last that a sheet can have, seventeen billion cells between them.
fn far_cell() -> Vec<u8> {
    xlsx(
        "<sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>The dugong grazes.</t></is></c></row>\
         <row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t>far away</t></is></c></row></sheetData>",
        " count=\"0\" uniqueCount=\"0\">",
    )
}

fn false_count() -> Vec<u8> {
    xlsx(
        "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>\
         <c r=\"B1\" t=\"s\"><v>4000000000</v></c></row></sheetData>",
        " count=\"4294967295\" uniqueCount=\"4294967295\"><si><t>one string</t></si>",
    )
}

fn epub(chapter: &str, content: &Deflated) -> Vec<u8> {
    Zip::new()
        .stored("mimetype", b"application/epub+zip")
        .text(
            "META-INF/container.xml",
            "<container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\"><rootfiles>\
             <rootfile full-path=\"book/content.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles>\
             </container>",
        )
        .text(
            "book/content.opf",
            &format!(
                "<package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\"><metadata \
                 xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>Hostile</dc:title></metadata><manifest>\
                 <item id=\"c\" href=\"{chapter}\" media-type=\"application/xhtml+xml\"/></manifest><spine>\
                 <itemref idref=\"c\"/><itemref idref=\"c\"/><itemref idref=\"missing\"/></spine></package>"
            ),
        )
        .deflated("book/chapter.xhtml", content)
        .finish()
}

/// A gigabyte of chapter, twice in the spine.
fn large_chapter() -> Vec<u8> {
    let paragraph = "<p>It was a dark and stormy night, and then another one.</p>".repeat(17_000);
    let times = (1 << 30) / paragraph.len() as u64;
    let content = Deflated::of(b"<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>")
        .push(paragraph.as_bytes(), times)
        .push(b"</body></html>", 1);
    epub("chapter.xhtml", &content)
}

fn chapter_outside() -> Vec<u8> {
    epub(
        "../../../../etc/passwd",
        &Deflated::of(b"<html><body><p>Nobody points here.</p></body></html>"),
    )
}
