use crate::testing::{blocks, concat, short};
use crate::{Format, ParseOptions, parse};
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;
use std::io::Cursor;
use std::ops::ControlFlow;
use types::block::Block;
use types::document::Body;

fn csv(text: &str) -> Vec<String> {
    short(&blocks(Format::Csv, text.as_bytes()))
}

#[test]
fn known_columns_have_their_meaning() {
    let file =
        "id,Title,domain,category,text,year\n1,Ti,d,c,\"One,\n\n\"\"two\"\"\",2024\n2,,,,Plain,\n";
    let blocks = blocks(Format::Csv, file.as_bytes());
    assert_eq!(short(&blocks), ["+ 1", "p One,", "p \"two\"", "+ 2", "p Plain"]);
    let Block::Item(item) = &blocks[0] else { panic!("{blocks:?}") };
    assert_eq!(item.title.as_deref(), Some("Ti"));
    assert_eq!(item.label.domain.as_deref(), Some("d"));
    assert_eq!(item.metadata.as_json(), r#"{"year":"2024"}"#);
    let record = "1,Ti,d,c,\"One,\n\n\"\"two\"\"\",2024\n";
    assert_eq!(item.content, *blake3::hash(record.as_bytes()).as_bytes());
}

#[test]
fn without_a_text_column_all_fields_are_the_text() {
    let cases = [
        ("name,age\nAda,36\n", vec!["+", "| name: Ada | age: 36"]),
        ("name;age\nAda;3,6\n", vec!["+", "| name: Ada | age: 3,6"]),
        ("name\tage\nAda\t36", vec!["+", "| name: Ada | age: 36"]),
        ("1,2\n3,4\n", vec!["+", "| 1 | 2", "+", "| 3 | 4"]),
        ("name,age\r\nAda,36\r\n", vec!["+", "| name: Ada | age: 36"]),
        (
            "name,age\rAda,36\rBob,1\r",
            vec!["+", "| name: Ada | age: 36", "+", "| name: Bob | age: 1"],
        ),
        (",name,age\n0,Ada,36\n", vec!["+", "| 0 | name: Ada | age: 36"]),
        ("text\nhello\n", vec!["+", "p hello"]),
        ("a,b\n\n,\nx,y\n", vec!["+", "| a: x | b: y"]),
    ];
    for (file, expected) in cases {
        let lines: Vec<String> = csv(file)
            .into_iter()
            .map(|line| if line.starts_with("+ ") { "+".to_owned() } else { line })
            .collect();
        assert_eq!(lines, expected, "{file:?}");
    }
}

#[test]
fn ragged_and_empty_records_are_told() {
    let lines = csv("id,text\na,x,extra\nb\nc,ok\n");
    assert_eq!(
        lines,
        ["+ a", "! record has 3 fields, the first row has 2", "p x", "x b bad_item", "+ c", "p ok"]
    );
}

#[test]
fn a_quote_that_never_closes_spoils_only_its_line() {
    let lines = csv("id,text\na,ok\nb,\"never closed\nc,fine\nd,good\n");
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[..2], ["+ a", "p ok"]);
    assert!(lines[2].starts_with("x ") && lines[2].ends_with("bad_item"));
    assert_eq!(lines[3..], ["+ c", "p fine", "+ d", "p good"]);
}

#[test]
fn the_ending_tsv_means_tabs() {
    let bytes = b"id\ta,b,c,d\n1\tx,y\n";
    let mut blocks = Vec::new();
    let mut body = Body::Memory(Cursor::new(bytes.to_vec()));
    let mut push = |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    };
    parse(&Format::Csv, "dir/a.TSV", &mut body, ParseOptions::default(), &mut push).unwrap();
    assert_eq!(short(&blocks), ["+ 1", "| id: 1 | a,b,c,d: x,y"]);
}

#[test]
fn other_encodings_are_read() {
    let bytes = WINDOWS_1252.encode("id;text\n1;Größe über Straßen\n").0;
    assert_eq!(short(&blocks(Format::Csv, &bytes)), ["+ 1", "p Größe über Straßen"]);
}

#[test]
fn a_header_alone_holds_no_records() {
    let failure = crate::testing::failure(Format::Csv, b"id,text\n");
    assert_eq!(failure.message, "holds no text");
}

proptest! {
    #[test]
    fn every_record_comes_out(rows in proptest::collection::vec("[a-z,\"\n;é]{0,12}[a-z]", 1..20)) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let lines = concat(rows.iter().enumerate().map(|(i, text)| format!("{i},{}\n", quoted(text))));
        let blocks = blocks(Format::Csv, format!("id,text\n{lines}").as_bytes());
        let ids = blocks.iter().filter(|block| matches!(block, Block::Item(_))).count();
        prop_assert_eq!(ids, rows.len());
        let text: String = blocks
            .iter()
            .filter_map(|block| if let Block::Text { text, .. } = block { Some(text.as_str()) } else { None })
            .flat_map(str::split_whitespace)
            .collect();
        let expected: String = rows.iter().flat_map(|row| row.split_whitespace()).collect();
        prop_assert_eq!(text, expected);
    }
}
