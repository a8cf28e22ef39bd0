use super::*;
use crate::Format;
use crate::testing::{assert_spans_are_exact, attempt, blocks, failure, short};
use proptest::prelude::*;
use types::block::Block;

fn read(text: &str) -> Vec<String> {
    let blocks = blocks(Format::Text, text.as_bytes());
    assert_spans_are_exact(&blocks, text.as_bytes());
    short(&blocks)
}

#[test]
fn paragraphs_stand_between_blank_lines() {
    assert_eq!(read("One\nline.\n\n \nTwo.\n"), ["p One\nline.", "p Two."]);
}

#[test]
fn only_unmistakable_headings_are_headings() {
    let cases: [(&str, &[&str]); 7] = [
        ("Title\n=====\n\nText.", &["= Title", "# Title", "p Text."]),
        ("Intro\n\nPart one\n--------\nText.", &["p Intro", "## Part one", "p Text."]),
        ("a line of text\n---\nmore", &["p a line of text\n---\nmore"]),
        ("two\nlines\n-----\n", &["p two\nlines\n-----"]),
        ("CHAPTER IV\n\nIt rained.", &["## CHAPTER IV", "p It rained."]),
        ("CHAPTER I.\nDown the Hole\n\nAlice", &["## CHAPTER I. Down the Hole", "p Alice"]),
        ("SHOUTING LINE\n\nText", &["p SHOUTING LINE", "p Text"]),
    ];
    for (text, expected) in cases {
        assert_eq!(short(&blocks(Format::Text, text.as_bytes())), expected, "{text}");
    }
}

#[test]
fn a_text_without_text_fails() {
    assert_eq!(failure(Format::Text, b" \n\n \n").message, "holds no text");
}

#[test]
fn a_single_line_of_many_megabytes_comes_in_blocks() {
    let text = "word ".repeat(1_000_000);
    let blocks = blocks(Format::Text, text.as_bytes());
    assert!(blocks.len() > 50);
    assert_spans_are_exact(&blocks, text.as_bytes());
    let mut end = 0;
    for block in &blocks {
        let Block::Text { text, span, .. } = block else { panic!("{block:?}") };
        assert!(text.len() <= TEXT_BYTES_MAX && span.start <= end + 1);
        end = span.end;
    }
    assert_eq!(end, text.trim_end().len() as u64);
}

#[test]
fn paragraphs_of_a_held_text_are_told_apart() {
    let mut texts = Vec::new();
    let mut push = |block| {
        texts.push(block);
        std::ops::ControlFlow::Continue(())
    };
    paragraphs("\n\nOne\nline\n\n\nTwo", Span::default(), &mut Outlet::new(&mut push)).unwrap();
    assert_eq!(short(&texts), ["p One\nline", "p Two"]);
}

proptest! {
    #[test]
    fn texts_cover_all_words_in_order(text in "([a-zé=\\-]{1,9}[ \n.]{1,3}){1,60}") {
        let source = blocks(Format::Text, text.as_bytes());
        let mut read = String::new();
        for block in &source {
            if let Block::Text { text, .. } | Block::Heading { text, .. } = block {
                read.push_str(text);
                read.push(' ');
            }
        }
        // Underlines of headings are the only text that goes.
        let words = |text: &str| -> Vec<String> {
            text.split_whitespace()
                .filter(|word| word.chars().any(char::is_alphanumeric))
                .map(str::to_owned)
                .collect()
        };
        prop_assert_eq!(words(&read), words(&text));
    }

    #[test]
    fn no_bytes_make_a_text_parser_panic(bytes: Vec<u8>, format in 0_usize..6) {
        let code = Format::from_id("code:rust").unwrap();
        let formats =
            [Format::Text, Format::Markdown, Format::Csv, Format::Json, Format::JsonLines, code];
        let (blocks, _) = attempt(formats[format], &bytes);
        for block in blocks {
            if let Block::Text { text, span, .. } = block {
                prop_assert!(text.len() <= TEXT_BYTES_MAX && span.start <= span.end);
            }
        }
    }

    #[test]
    fn places_lie_in_the_file_and_go_forward(
        lines in proptest::collection::vec("[ #>*`|=\\-]{0,4}[a-zé日\u{0}]{0,9}[ .:]{0,2}\r?\n?", 0..40),
        encoding in 0_usize..3,
        format in 0_usize..3,
    ) {
        let text = lines.concat();
        let bytes: Vec<u8> = match encoding {
            0 => text.into_bytes(),
            1 => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
            _ => encoding_rs::SHIFT_JIS.encode(&text).0.into_owned(),
        };
        let code = Format::from_id("code:python").unwrap();
        let (blocks, _) = attempt([Format::Text, Format::Markdown, code][format], &bytes);
        let mut last = 0;
        for block in blocks {
            if let Block::Text { span, .. } | Block::Heading { span, .. } = block {
                prop_assert!(span.start >= last && span.start <= span.end, "{span:?} behind {last}");
                prop_assert!(span.end <= bytes.len() as u64, "{span:?} of {}", bytes.len());
                last = span.start;
            }
        }
    }
}
