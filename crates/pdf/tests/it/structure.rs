//! Titles, headings, paragraphs, lists, pages and spans.

use crate::support::file::{CATALOG, File, fonts, one_page, show};
use crate::support::random::Random;
use crate::support::reading::{headings, page_texts, parse, parse_from, text, texts};
use std::fmt::Write;
use std::ops::ControlFlow;
use types::block::{Block, TextKind};

/// Lines of running text from `top` down, long enough to be the body of a page.
fn body(top: f32, lines: usize) -> String {
    let mut content = String::new();
    for (row, line) in Random(top as u64).lines(lines, 11).iter().enumerate() {
        content.push_str(&show("F1", 10.0, (50.0, top - 12.0 * row as f32), line));
    }
    content
}

#[test]
fn larger_and_bold_lines_are_headings() {
    let content = [
        show("F1", 20.0, (50.0, 750.0), "The Life of Fishes"),
        body(720.0, 12),
        show("F1", 14.0, (50.0, 560.0), "Fins"),
        body(540.0, 12),
        show("F2", 10.0, (50.0, 380.0), "Kinds of fins"),
        body(368.0, 12),
        show("F1", 12.0, (50.0, 200.0), "1.2 Gills and how they work"),
        body(180.0, 8),
    ];
    let blocks = parse(one_page(&content.concat())).unwrap();
    let expected = [
        (1, "The Life of Fishes"),
        (2, "Fins"),
        (4, "Kinds of fins"),
        (3, "1.2 Gills and how they work"),
    ];
    assert_eq!(headings(&blocks), expected);
}

#[test]
fn bold_fonts_of_all_families_stand_out() {
    for family in ["Helvetica", "Times", "Courier"] {
        let regular = if family == "Times" { "Times-Roman" } else { family };
        let font = |name: &str| format!("<</Type/Font/Subtype/Type1/BaseFont/{name}>>");
        let resources =
            format!("<</Font<</F1 {}/F2 {}>>>>", font(regular), font(&format!("{family}-Bold")));
        let content =
            body(700.0, 12) + &show("F2", 10.0, (50.0, 540.0), "A bold line") + &body(520.0, 12);
        let blocks = parse(File::with_pages(&[content], &resources).bytes()).unwrap();
        assert_eq!(headings(&blocks), [(4, "A bold line")], "{family}");
    }
}

#[test]
fn bold_words_at_the_head_of_a_paragraph_are_no_heading() {
    let content = body(700.0, 12)
        + &show(
            "F2",
            10.0,
            (50.0, 500.0),
            "Figure 1. A bold beginning that runs over the whole of the line up to",
        )
        + &show("F1", 10.0, (50.0, 488.0), "its end, and then goes on in the regular face.");
    let blocks = parse(one_page(&content)).unwrap();
    assert!(headings(&blocks).is_empty(), "{blocks:?}");
}

#[test]
fn small_bold_labels_are_no_headings() {
    let content = body(700.0, 12) + &show("F2", 8.0, (50.0, 500.0), "Label");
    assert!(headings(&parse(one_page(&content)).unwrap()).is_empty());
}

#[test]
fn a_page_in_one_type_has_no_headings() {
    let blocks = parse(one_page(&body(700.0, 30))).unwrap();
    assert!(headings(&blocks).is_empty());
}

#[test]
fn a_title_page_is_judged_by_the_page_before() {
    let title = show("F1", 24.0, (50.0, 500.0), "Second Part");
    let file = File::with_pages(&[body(700.0, 40), title], &fonts()).bytes();
    assert_eq!(headings(&parse(file).unwrap()), [(1, "Second Part")]);
}

#[test]
fn lines_become_paragraphs() {
    let lines = [
        (50.0, 700.0, "The first paragraph is written over three long lines for exam-"),
        (50.0, 688.0, "ple, and goes on with the work of Franco-British and Anglo-"),
        (50.0, 676.0, "Saxon scholars."),
        (50.0, 640.0, "A gap begins the second paragraph, which again is somewhat long,"),
        (50.0, 628.0, "and ends here with a line that is as long as the others were so."),
        (70.0, 616.0, "An indent begins the third one, whose lines are as far apart as"),
        (50.0, 604.0, "all the others were. It ends early."),
        (50.0, 592.0, "A short last line begins the fourth, without a gap or an indent,"),
        (50.0, 580.0, "and that is all."),
    ];
    let content: String =
        lines.iter().map(|(x, y, line)| show("F1", 10.0, (*x, *y), line)).collect();
    let blocks = parse(one_page(&content)).unwrap();
    let paragraphs = texts(&blocks, TextKind::Paragraph);
    let expected = [
        "The first paragraph is written over three long lines for example, and goes on with the work of \
         Franco-British and Anglo- Saxon scholars.",
        "A gap begins the second paragraph, which again is somewhat long, and ends here with a line that is as \
         long as the others were so.",
        "An indent begins the third one, whose lines are as far apart as all the others were. It ends early.",
        "A short last line begins the fourth, without a gap or an indent, and that is all.",
    ];
    assert_eq!(paragraphs, expected);
}

#[test]
fn items_of_a_list_stay_apart() {
    let lines = [
        (50.0, 700.0, "- the first item, which goes on and on until it fills the line and"),
        (58.0, 688.0, "then some more"),
        (50.0, 676.0, "- the second item"),
        (50.0, 664.0, "- the third item"),
    ];
    let content: String =
        lines.iter().map(|(x, y, line)| show("F1", 10.0, (*x, *y), line)).collect();
    let blocks = parse(one_page(&content)).unwrap();
    let expected = [
        "- the first item, which goes on and on until it fills the line and then some more",
        "- the second item",
        "- the third item",
    ];
    assert_eq!(texts(&blocks, TextKind::ListItem), expected);
}

#[test]
fn a_paragraph_goes_on_in_the_next_column() {
    let mut content = String::new();
    for row in 0..20 {
        content += &show(
            "F1",
            10.0,
            (50.0, 700.0 - 12.0 * row as f32),
            "the left column has text all the way",
        );
    }
    content += &show("F1", 10.0, (320.0, 700.0), "down and goes on in the right column.");
    let read = text(one_page(&content));
    assert!(read.ends_with("text all the way down and goes on in the right column.\n"), "{read}");
}

#[test]
fn pages_are_numbered_and_can_be_resumed() {
    let contents: Vec<String> =
        (1..=4).map(|page| show("F1", 10.0, (50.0, 700.0), &format!("page {page} says"))).collect();
    let bytes = File::with_pages(&contents, &fonts()).bytes();
    let whole = parse(bytes.clone()).unwrap();
    assert_eq!(
        page_texts(&whole),
        ["page 1 says\n", "page 2 says\n", "page 3 says\n", "page 4 says\n"]
    );
    let rest = parse_from(bytes.clone(), 3).unwrap();
    assert_eq!(rest.first(), Some(&Block::Page(3)));
    assert_eq!(page_texts(&rest), ["page 3 says\n", "page 4 says\n"]);
    assert_eq!(parse_from(bytes, 5).unwrap(), []);
}

#[test]
fn spans_count_the_text_that_went_out() {
    let content =
        body(700.0, 12) + &show("F2", 10.0, (50.0, 540.0), "A bold line") + &body(500.0, 12);
    let blocks = parse(File::with_pages(&[content.clone(), content], &fonts()).bytes()).unwrap();
    let mut extracted = String::new();
    let mut spans = 0;
    for block in &blocks {
        if let Block::Text { text, span, .. } | Block::Heading { text, span, .. } = block {
            if spans > 0 {
                extracted.push('\n');
            }
            assert_eq!(span.start, extracted.len() as u64);
            extracted.push_str(text);
            assert_eq!(span.end, extracted.len() as u64);
            spans += 1;
        }
    }
    assert_eq!(spans, 6);
}

#[test]
fn a_consumer_that_is_gone_ends_the_parse() {
    let contents = vec![show("F1", 10.0, (50.0, 700.0), "text"); 3];
    let mut pushed = 0;
    let ended = pdf::parse(File::with_pages(&contents, &fonts()).bytes(), 1, &mut |_| {
        pushed += 1;
        if pushed == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((ended, pushed), (Ok(()), 2));
}

#[test]
fn the_outline_names_headings_and_their_levels() {
    let contents: Vec<String> = (0..2)
        .map(|_| show("F1", 10.0, (50.0, 700.0), "1. Opening remarks") + &body(680.0, 20))
        .collect();
    let mut file = File::with_pages(&contents, &fonts());
    let pages = file.pages();
    let inner = file.add(format!("<</Title(Opening Remarks)/Dest[{} 0 R/Fit]>>", pages[1]));
    let outer = file.add("");
    file.set(
        outer,
        format!("<</Title(1. Opening remarks)/Dest(start)/First {inner} 0 R/Next {outer} 0 R>>"),
    );
    let root = file.add(format!("<</First {outer} 0 R>>"));
    let mut names = String::new();
    write!(
        names,
        "/Outlines {root} 0 R/Names<</Dests<</Names[(start)<</D[{} 0 R/Fit]>>]>>>>",
        pages[0]
    )
    .unwrap();
    file.extend(CATALOG, &names);
    let blocks = parse(file.bytes()).unwrap();
    assert_eq!(headings(&blocks), [(1, "1. Opening remarks"), (2, "1. Opening remarks")]);
}

/// Between pages the parser closes a document of which it holds too much.
#[test]
fn a_document_with_much_content_is_read_to_its_end() {
    let blank = " ".repeat(30_000_000);
    let content =
        |page: usize| blank.clone() + &show("F1", 10.0, (50.0, 700.0), &format!("page {page}"));
    let contents: Vec<String> = (1..=4).map(content).collect();
    let blocks = parse(File::with_pages(&contents, &fonts()).bytes()).unwrap();
    assert_eq!(page_texts(&blocks), ["page 1\n", "page 2\n", "page 3\n", "page 4\n"]);
}

#[test]
fn code_keeps_its_lines_and_indents() {
    let lines = [(50.0, "fn main() {"), (74.0, "let words = read();"), (74.0, "}"), (50.0, "}")];
    let mut content = body(700.0, 20);
    for (row, (x, line)) in lines.iter().enumerate() {
        content += &show("F3", 10.0, (*x, 440.0 - 12.0 * row as f32), line);
    }
    content += &body(380.0, 10);
    let blocks = parse(one_page(&content)).unwrap();
    assert_eq!(texts(&blocks, TextKind::Code), ["fn main() {\n    let words = read();\n    }\n}"]);
    assert!(texts(&blocks, TextKind::Paragraph).iter().all(|text| !text.contains('{')));
}

#[test]
fn sentences_in_a_face_of_fixed_width_are_no_code() {
    let mut content = body(700.0, 20);
    for (row, line) in
        ["FOR THOSE WHO LIKE", "a typewritten motto", "of three lines"].iter().enumerate()
    {
        content += &show("F3", 10.0, (50.0, 440.0 - 12.0 * row as f32), line);
    }
    let blocks = parse(one_page(&content)).unwrap();
    assert!(texts(&blocks, TextKind::Code).is_empty(), "{blocks:?}");
}

#[test]
fn a_page_in_a_face_of_fixed_width_is_no_code() {
    let content: String = (0..20)
        .map(|row| {
            show(
                "F3",
                10.0,
                (50.0, 700.0 - 12.0 * row as f32),
                "the whole page is typewritten text",
            )
        })
        .collect();
    let blocks = parse(one_page(&content)).unwrap();
    assert!(texts(&blocks, TextKind::Code).is_empty(), "{blocks:?}");
}
