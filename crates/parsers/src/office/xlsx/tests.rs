use super::precheck::{Limits, precheck};
use crate::Format;
use crate::stop::Stop;
use crate::testing::{blocks, concat, failure, short, zipped};
use std::io::Cursor;
use types::failure::FailureClass;

const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

fn workbook(rows: &str, shared: &str) -> Vec<u8> {
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    zipped(&[
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
    ])
}

fn shared(count: &str, texts: &[&str]) -> String {
    let texts = concat(texts.iter().map(|text| format!("<si><t>{text}</t></si>")));
    format!(
        r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="{count}" uniqueCount="{count}">{texts}</sst>"#
    )
}

fn inline(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

#[test]
fn rows_carry_the_names_of_their_columns() {
    let rows = format!(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
        <row r="2">{}<c r="B2"><v>36</v></c></row><row r="4"><c r="B4"><v>1.5</v></c></row>"#,
        inline("A2", "Ada &amp; Co")
    );
    let file = workbook(&rows, &shared("2", &["Name", "Age"]));
    assert_eq!(
        short(&blocks(Format::Xlsx, &file)),
        ["@1", "# People", "| Name | Age", "| Name: Ada & Co | Age: 36", "| Age: 1.5",]
    );
}

#[test]
fn one_far_cell_takes_no_room() {
    let rows = format!(
        r#"<row r="1">{}</row><row r="1048576">{}</row>"#,
        inline("A1", "near"),
        inline("XFD1048576", "far")
    );
    assert_eq!(
        short(&blocks(Format::Xlsx, &workbook(&rows, &shared("0", &[]))))[2..],
        ["| near", "| far"]
    );
}

#[test]
fn a_false_count_of_texts_is_refused_before_room_is_made() {
    let plain = shared("4000000000", &["a"]);
    for shared in [plain.clone(), plain.replace('"', "'"), plain.replace("<sst", "<x:sst")] {
        let failure = failure(Format::Xlsx, &workbook("<row r=\"1\"/>", &shared));
        assert_eq!(failure.class, FailureClass::BadDocument, "{failure}");
    }
}

#[test]
fn many_cells_are_streamed() {
    let rows =
        concat((1..=100_000).map(|i| format!("<row r=\"{i}\"><c r=\"A{i}\"><v>{i}</v></c></row>")));
    let blocks = blocks(Format::Xlsx, &workbook(&rows, &shared("0", &[])));
    assert_eq!(blocks.len(), 2 + 100_000);
}

#[test]
fn workbooks_beyond_the_limits_are_bombs() {
    let limits = Limits { total: 8 << 20, run: 1 << 20, shared: 4 << 20 };
    let check = |file: Vec<u8>| match precheck(Cursor::new(file), limits) {
        Ok(()) => None,
        Err(Stop::Failed(failure)) => Some(failure.class),
        Err(Stop::Gone) => panic!("nobody listens"),
    };
    let cell = |bytes: usize| workbook(&inline("A1", &"A".repeat(bytes)), &shared("0", &[]));
    assert_eq!(check(cell(1000)), None);
    assert_eq!(check(cell(2 << 20)), Some(FailureClass::Bomb));
    assert_eq!(check(workbook(&"<row/>".repeat(2 << 20), "<sst/>")), Some(FailureClass::Bomb));
    let texts = vec!["some text of a cell"; 200_000];
    assert_eq!(check(workbook("", &shared("200000", &texts))), Some(FailureClass::Bomb));
}

#[test]
fn a_damaged_sheet_costs_only_itself_and_other_containers_are_refused() {
    let file =
        workbook(r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="??"><v>"#, "<sst/>");
    let lines = short(&blocks(Format::Xlsx, &file));
    assert_eq!(lines[..2], ["@1", "# People"]);
    assert!(lines.iter().any(|line| line.starts_with("! sheet 1: ")), "{lines:?}");
    let other = zipped(&[("word/document.xml", b"<w:document/>")]);
    assert!(failure(Format::Xlsx, &other).message.contains("xl/workbook.xml"));
}
