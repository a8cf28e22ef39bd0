use super::*;
use proptest::prelude::*;

fn blocks_of(lines: &[&str]) -> (Vec<Block>, Result<(), Failure>) {
    let mut got = Vec::new();
    let mut push = |block| {
        got.push(block);
        ControlFlow::Continue(())
    };
    let mut records = Records::new(&mut push);
    for line in lines {
        assert!(records.take(Line::Whole(line.as_bytes())).is_continue());
    }
    let end = records.finish();
    (got, end)
}

#[test]
fn every_field_arrives() {
    let line = r#"{"text":" a b ","domain":"d","category":"c","section":"s","page":3,"metadata":{"k":[1]},"x":0}"#;
    let (got, end) = blocks_of(&[line, "", r#"{"text":"bare","metadata":{}}"#]);
    let full = Labelled {
        text: "a b".into(),
        label: OwnLabel { domain: Some("d".into()), category: Some("c".into()) },
        section: Some("s".into()),
        page: Some(3),
        metadata: Metadata(r#"{"k":[1]}"#.into()),
    };
    let bare = Labelled {
        text: "bare".into(),
        label: OwnLabel::default(),
        section: None,
        page: None,
        metadata: Metadata::default(),
    };
    assert_eq!(got, [Block::Record(full), Block::Record(bare)]);
    assert_eq!(end, Ok(()));
}

#[test]
fn a_bad_line_is_a_warning_that_names_it_and_shows_no_text() {
    let good = r#"{"text":"a"}"#;
    for (line, said) in [
        ("secret", "line 2 of the command is no JSON object"),
        (r#"{"text":"secret""#, "line 2 of the command is no JSON object"),
        (
            r#"{"text":["secret"]}"#,
            "line 2 of the command lacks `text`, or has a field of another type",
        ),
        (
            r#"{"text":"a","page":"secret"}"#,
            "line 2 of the command lacks `text`, or has a field of another type",
        ),
        (r#"{"text":" "}"#, "line 2 of the command has no text"),
    ] {
        let (got, end) = blocks_of(&[good, line, good]);
        assert_eq!(got.len(), 3);
        assert_eq!(got[1], Block::Warning(said.to_owned()), "{line}");
        assert_eq!(end, Ok(()));
    }
}

#[test]
fn only_bad_lines_are_a_bad_document() {
    let (_, end) = blocks_of(&["x", "y"]);
    assert!(end.unwrap_err().message.contains("none of the command's 2 lines"));
    assert_eq!(blocks_of(&[]).1, Ok(()));
}

#[test]
fn many_bad_lines_are_counted() {
    let mut lines = vec!["x"; 50];
    lines.push(r#"{"text":"a"}"#);
    let (got, _) = blocks_of(&lines);
    assert_eq!(got.len(), 22);
    assert_eq!(got[21], Block::Warning("30 more lines of the command are no records".into()));
}

#[test]
fn a_long_text_is_cut_at_white_space_or_at_a_character() {
    let spaced = "word ".repeat(TEXT_BYTES_MAX / 4);
    let cut: Vec<_> = pieces(spaced.trim()).collect();
    assert!(cut.len() == 2 && cut.iter().all(|piece| piece.ends_with("word")));
    let solid = "ü".repeat(TEXT_BYTES_MAX);
    assert_eq!(pieces(&solid).map(str::len).collect::<Vec<_>>(), [TEXT_BYTES_MAX, TEXT_BYTES_MAX]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn pieces_lose_nothing_but_white_space(words in prop::collection::vec("[a-zü]{1,9000}", 1..40)) {
        let text = words.join(" ");
        let cut: Vec<_> = pieces(&text).collect();
        prop_assert!(cut.iter().all(|piece| piece.len() <= TEXT_BYTES_MAX));
        prop_assert_eq!(cut.join(" "), text);
    }
}
