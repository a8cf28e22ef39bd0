use crate::Format;
use crate::testing::{at, attempt, blocks, short};
use encoding_rs::UTF_16LE;
use proptest::prelude::*;
use types::block::Block;
use types::failure::FailureClass;

fn json(text: &str) -> Vec<String> {
    short(&blocks(Format::Json, text.as_bytes()))
}

/// The hash identifiers differ from run to run of nothing but the bytes; here only that they are there matters.
fn without_hashes(lines: Vec<String>) -> Vec<String> {
    let is_hash =
        |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = |line: String| -> Vec<String> {
        line.split(' ').map(|word| if is_hash(word) { "HASH" } else { word }.to_owned()).collect()
    };
    lines.into_iter().map(|line| words(line).join(" ")).collect()
}

#[test]
fn items_are_found_wherever_they_are() {
    let item = r#"{"id":"a","text":"One.\n\nTwo."}"#;
    let expected = ["+ a", "p One.", "p Two."];
    let files = [
        format!("[{item}]"),
        format!("\u{feff} [ {item} , ] "),
        format!(r#"{{"items":[{item}]}}"#),
        format!(r#"{{"name":"x","n":[1,2],"documents":[{item}],"more":{{"a":"]"}}}}"#),
        format!(r#"{{"meta":{{"data":[1]}},"data":[{item}]}}"#),
        item.to_owned(),
    ];
    for file in files {
        assert_eq!(json(&file), expected, "{file}");
    }
    assert_eq!(json(&format!("{item}\n{item}")).len(), 6);
}

#[test]
fn an_item_keeps_its_fields_and_gets_the_labels_around_it() {
    let file = r#"{"entries":[{"id":7,"content":"T","title":"Ti","domain":"own","x":{"y":1},"embedding":[1.0]},
        {"id":"b","text":"U","source_book":"Book","source_chapter":"Ch","page":3,"embedding":null,"metadata":{"k":"v"}}],
        "domain":"strategy","category":"principles"}"#;
    let blocks = blocks(Format::Json, file.as_bytes());
    let items: Vec<_> = blocks
        .iter()
        .filter_map(|block| if let Block::Item(item) = block { Some(item) } else { None })
        .collect();
    assert_eq!(items[0].label.domain.as_deref(), Some("own"));
    assert_eq!(items[0].label.category.as_deref(), Some("principles"));
    assert_eq!(items[0].metadata.as_json(), r#"{"x":{"y":1}}"#);
    assert_eq!(items[0].title.as_deref(), Some("Ti"));
    assert_eq!(items[1].title.as_deref(), Some("Book"));
    assert_eq!(items[1].label.domain.as_deref(), Some("strategy"));
    assert!(items[1].metadata.as_json().contains(r#""k":"v""#));
    assert_eq!(short(&blocks), ["+ 7", "p T", "+ b", "@3", "# Ch", "p U"]);
}

#[test]
fn the_content_hash_is_that_of_the_record() {
    let record = r#"{"text":"a, ]} \" b"}"#;
    let file = format!("[ {record} ]");
    let blocks = blocks(Format::Json, file.as_bytes());
    let [Block::Item(item), Block::Text { span, .. }] = &blocks[..] else { panic!("{blocks:?}") };
    assert_eq!(item.content, *blake3::hash(record.as_bytes()).as_bytes());
    assert_eq!(item.id.len(), 32);
    assert!(blake3::hash(record.as_bytes()).to_hex().starts_with(&item.id));
    assert_eq!(at(&file, *span), record);
}

#[test]
fn a_bad_item_fails_alone() {
    let cases = [
        (
            r#"[{"text":"a"},{"text":},{"text":"b"}]"#,
            vec!["+ HASH", "p a", "x HASH bad_item", "+ HASH", "p b"],
        ),
        (
            r#"[{"text":"a"},{"id":"e","text":" "},3]"#,
            vec!["+ HASH", "p a", "x e bad_item", "x HASH bad_item"],
        ),
        (r#"[{"text":"a"},{"text":["b"]}]"#, vec!["+ HASH", "p a", "x HASH bad_item"]),
        (r#"[{"text":"a"},{"text":"cut of"#, vec!["+ HASH", "p a", "x HASH bad_item"]),
        (
            r#"[{"text":"a"}"#,
            vec!["+ HASH", "p a", "! the file ends before its list of items does"],
        ),
        (r#"[{"text":"a"} {"text":"b"}]"#, vec!["+ HASH", "p a", "x HASH bad_item"]),
        (r#"[{"text":"a"},{"b":"c","d":[1]}]"#, vec!["+ HASH", "p a", "+ HASH", "p b: c\nd[0]: 1"]),
    ];
    for (file, expected) in cases {
        assert_eq!(without_hashes(json(file)), expected, "{file}");
    }
}

#[test]
fn an_item_that_is_too_large_fails_alone() {
    let file = format!(r#"[{{"text":"a"}},{{"text":"{}"}},{{"text":"b"}}]"#, "x".repeat(17 << 20));
    assert_eq!(without_hashes(json(&file)), ["+ HASH", "p a", "x HASH too_large", "+ HASH", "p b"]);
}

#[test]
fn other_json_is_flat_text() {
    let file = r#"{"name":"x","list":[1,{"a":true}],"none":null,"deep":{"er":"y"}}"#;
    assert_eq!(json(file), ["p name: x\nlist[0]: 1\nlist[1].a: true\ndeep.er: y"]);
    assert_eq!(json(r#"["a","b"]"#), ["p [0]: a\n[1]: b"]);
    assert_eq!(json("42"), ["p 42"]);
    for bad in ["{\"a\":", "{\"a\" 1}", "[1,2", "{} x", "nonsense"] {
        let (_, end) = attempt(Format::Json, bad.as_bytes());
        let failure = end.unwrap_err();
        assert_eq!(failure.class, FailureClass::BadDocument, "{bad}: {failure}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(
        attempt(Format::Json, deep.as_bytes()).1.unwrap_err().class,
        FailureClass::BadDocument
    );
}

#[test]
fn lines_are_items_and_bad_lines_fail_alone() {
    let file = "{\"id\":\"a\",\"text\":\"One\"}\r\n\n{bad\n[1]\n{\"name\":\"x\",\"n\":1}\n{\"id\":\"z\",\"text\":\"Z\"}";
    let lines = without_hashes(short(&blocks(Format::JsonLines, file.as_bytes())));
    assert_eq!(
        lines,
        [
            "+ a",
            "p One",
            "x HASH bad_item",
            "x HASH bad_item",
            "+ HASH",
            "p name: x\nn: 1",
            "+ z",
            "p Z"
        ]
    );
}

#[test]
fn json_in_utf16_is_read() {
    let text = "[{\"id\":\"a\",\"text\":\"Größe\"}]";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        crate::text::encoding::guess(&bytes, crate::text::encoding::Extent::Whole),
        UTF_16LE
    );
    assert_eq!(short(&blocks(Format::Json, &bytes)), ["+ a", "p Größe"]);
}

proptest! {
    #[test]
    fn every_item_of_a_list_comes_out(texts in proptest::collection::vec("[a-z\\[\\]{},\"\\\\é]{1,20}[a-z]", 1..20), pretty: bool) {
        let items: Vec<serde_json::Value> =
            texts.iter().enumerate().map(|(i, text)| serde_json::json!({"id": i, "text": text})).collect();
        let file = if pretty { serde_json::to_string_pretty(&items) } else { serde_json::to_string(&items) };
        let blocks = blocks(Format::Json, file.unwrap().as_bytes());
        let read: Vec<&str> = blocks
            .iter()
            .filter_map(|block| if let Block::Text { text, .. } = block { Some(text.as_str()) } else { None })
            .collect();
        prop_assert_eq!(read, texts);
    }
}
