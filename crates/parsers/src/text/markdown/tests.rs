use crate::Format;
use crate::testing::{at, blocks, concat, short};
use types::block::Block;

fn read(text: &str) -> Vec<String> {
    short(&blocks(Format::Markdown, text.as_bytes()))
}

#[test]
fn structure_comes_out_in_reading_order() {
    let text = "# Title\n\nIntro with *stress*, `code` and [a link](http://x).\n\n## Part\n\n- one\n- two\n  - \
                nested\n\n1. first\n\n```rust\nfn a() {}\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n> quoted\n";
    assert_eq!(
        read(text),
        [
            "= Title",
            "# Title",
            "p Intro with stress, code and a link.",
            "## Part",
            "- one",
            "- two",
            "- nested",
            "- first",
            "> fn a() {}",
            "| A | B",
            "| 1 | 2",
            "p quoted",
        ]
    );
}

#[test]
fn front_matter_gives_title_labels_and_metadata() {
    let cases = [
        (
            "---\ntitle: \"My: Title\"\ndomain: strategy\ncategory: principles\ntags: [a, 'b, c']\nyear: 2024\n\
             list:\n  - x\n  - y\nnote: >\n  two\n  lines\n# comment\n---\n# Head\n",
            r#"{"tags":["a","b, c"],"year":2024,"list":["x","y"],"note":"two lines"}"#,
        ),
        (
            "+++\ntitle = \"My: Title\"\ndomain = \"strategy\"\ncategory = \"principles\"\ntags = [\"a\"]\n\
             date = 2024-01-02\n+++\n# Head\n",
            r#"{"date":"2024-01-02","tags":["a"]}"#,
        ),
    ];
    for (text, metadata) in cases {
        assert_eq!(
            read(text),
            [
                "= My: Title".to_owned(),
                format!("{{ strategy/principles {metadata}"),
                "# Head".to_owned(),
            ]
        );
    }
}

#[test]
fn what_only_looks_like_front_matter_is_text() {
    assert_eq!(read("---\nnot yaml at all\n---\ntext\n"), ["## not yaml at all", "p text"]);
    assert_eq!(read("---\ntitle: never closed\n\ntext\n"), ["p title: never closed", "p text"]);
    let lines = read("---\ntitle: A\n??? broken\n---\ntext\n");
    assert_eq!(lines, ["! front matter line 3 is not `key: value`; ignored", "= A", "p text"]);
    let toml = read("+++\ntitle = \n+++\ntext\n");
    assert_eq!(toml, ["! front matter is not TOML (line 2); ignored", "p text"]);
}

#[test]
fn html_inside_is_reduced_to_its_text() {
    assert_eq!(
        read("<div><b>Bold</b> text<script>x()</script></div>\n\na<br>b\n"),
        ["p Bold text", "p a\nb"]
    );
}

#[test]
fn cells_of_html_tables_inside_do_not_grow_together() {
    assert_eq!(read("<table><tr><td>a</td><td>b</td></tr></table>\n"), ["p a\nb"]);
}

#[test]
fn places_are_those_of_the_file_behind_front_matter_and_carriage_returns() {
    let text = "---\r\ntitle: A\r\n---\r\n# Head\r\n\r\nFirst text.\r\n\r\nÜber *text*.\r\n";
    let blocks = blocks(Format::Markdown, text.as_bytes());
    let places: Vec<&str> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { span, .. } | Block::Text { span, .. } => Some(at(text, *span)),
            _ => None,
        })
        .map(str::trim_end)
        .collect();
    assert_eq!(places, ["# Head", "First text.", "Über *text*."]);
}

#[test]
fn a_file_larger_than_a_window_keeps_its_blocks_and_places() {
    let text =
        concat((0..200_000).map(|i| format!("## H{i}\n\nText of part {i}, some words.\n\n")));
    assert!(text.len() > 8 << 20);
    let blocks = blocks(Format::Markdown, text.as_bytes());
    assert_eq!(blocks.len(), 400_000);
    for (index, block) in blocks.iter().enumerate().filter(|(index, _)| index % 2 == 1) {
        let Block::Text { text: own, span, .. } = block else { panic!("{block:?}") };
        assert_eq!(*own, format!("Text of part {}, some words.", index / 2));
        assert_eq!(at(&text, *span).trim_end(), own);
    }
}

#[test]
fn hostile_markdown_is_read_in_time() {
    let cases = [
        "[".repeat(100_000),
        format!("{}a", ">".repeat(100_000)),
        "*a **a ".repeat(50_000),
        "[a](".repeat(50_000),
        concat((1..1500).map(|i| format!("{} ", "`".repeat(i)))),
        "<a ".repeat(50_000),
        concat((0..2000).map(|i| format!("{}- a\n", " ".repeat(2 * i)))),
    ];
    for text in cases {
        assert!(!blocks(Format::Markdown, text.as_bytes()).is_empty());
    }
}
