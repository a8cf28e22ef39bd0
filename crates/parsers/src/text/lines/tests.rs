use super::*;
use crate::testing::at;
use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use proptest::prelude::*;
use std::io::Cursor;

type Row = (String, u64, u64, bool);

fn rows(bytes: &[u8]) -> (Vec<Row>, Option<String>) {
    let mut lines = Lines::new(Cursor::new(bytes)).unwrap();
    let mut rows = Vec::new();
    while let Some(piece) = lines.next().unwrap() {
        rows.push((piece.text.to_owned(), piece.span.start, piece.span.end, piece.ends_line));
    }
    (rows, lines.damage())
}

#[test]
fn lines_have_the_places_of_their_raw_bytes() {
    let row = |text: &str, start, end| (text.to_owned(), start, end, true);
    let cases: [(Vec<u8>, Vec<Row>); 6] = [
        (
            b"one\r\ntwo\n\nthree".to_vec(),
            vec![row("one", 0, 3), row("two", 5, 8), row("", 9, 9), row("three", 10, 15)],
        ),
        (b"\xef\xbb\xbfone\n".to_vec(), vec![row("one", 3, 6)]),
        (b"one\rtwo\r".to_vec(), vec![row("one", 0, 3), row("two", 4, 7)]),
        (b"\xff\xfeh\0i\0\r\0\n\0x\0".to_vec(), vec![row("hi", 2, 6), row("x", 10, 12)]),
        (b"\xfe\xff\0h\0i\0\n\0x".to_vec(), vec![row("hi", 2, 6), row("x", 8, 10)]),
        (
            b"a\0b and more text, enough of it for one NUL\n".to_vec(),
            vec![row("a b and more text, enough of it for one NUL", 0, 43)],
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(rows(&bytes), (expected, None));
    }
}

#[test]
fn other_encodings_keep_their_places() {
    let bytes = WINDOWS_1252.encode("Über große Straßen\nführt ein Weg für müde Füße\n").0;
    let (rows, damage) = rows(&bytes);
    assert_eq!(damage, None);
    assert_eq!(rows[0], ("Über große Straßen".to_owned(), 0, 18, true));
    assert_eq!(&bytes[rows[1].1 as usize..][..1], b"f");
    assert_eq!(rows[1].0, "führt ein Weg für müde Füße");
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_counted() {
    let mut bytes = "größer über Straßen und Brücken, ähnlich schön\n".as_bytes().to_vec();
    bytes.extend_from_slice(b"bad \xff here\n");
    let (rows, damage) = rows(&bytes);
    assert_eq!(rows[1].0, "bad \u{fffd} here");
    assert_eq!(damage.as_deref(), Some("bytes that are not UTF-8 were replaced in 1 lines"));
}

#[test]
fn a_long_line_comes_in_pieces_cut_at_words_or_characters() {
    let texts =
        ["a sentence of words. ".repeat(5000), "日本語の文字".repeat(9000), "x".repeat(50_000)];
    for text in &texts {
        let (rows, damage) = rows(text.as_bytes());
        assert!(rows.len() > 2 && damage.is_none());
        assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<String>(), *text);
        assert!(rows.iter().all(|row| row.0.len() <= PIECE_BYTES_MAX));
        assert!(rows.windows(2).all(|pair| pair[0].2 == pair[1].1 && !pair[0].3));
    }
    let (rows, _) = rows(texts[0].as_bytes());
    assert!(rows[0].0.ends_with(". "));
}

#[test]
fn a_long_line_of_two_byte_characters_loses_none() {
    let text = "日本語の文字".repeat(9000);
    let bytes = SHIFT_JIS.encode(&text).0;
    let (rows, damage) = rows(&bytes);
    assert_eq!(damage, None);
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<String>(), text);
}

proptest! {
    #[test]
    fn utf8_lines_are_the_bytes_at_their_places(text in "([a-zé日 .]{0,40}\r?\n){0,20}[a-z]{0,9}") {
        let (rows, damage) = rows(text.as_bytes());
        prop_assert_eq!(damage, None);
        for (line, start, end, _) in &rows {
            prop_assert_eq!(at(&text, Span { start: *start, end: *end }), line);
        }
        let lines: Vec<&str> = text.lines().collect();
        let read: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        prop_assert_eq!(read, lines);
    }
}
