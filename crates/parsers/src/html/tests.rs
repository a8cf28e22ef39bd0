use super::{Dialect, walk};
use crate::Format;
use crate::outlet::Outlet;
use crate::testing::{blocks, concat, short};
use encoding_rs::{SHIFT_JIS, WINDOWS_1252};

fn read(page: &str) -> Vec<String> {
    short(&blocks(Format::Html, page.as_bytes()))
}

/// All text of a page, without a search for its main content.
fn walked(page: &str, dialect: Dialect) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut push = |block| {
        blocks.push(block);
        std::ops::ControlFlow::Continue(())
    };
    walk(page, dialect, &mut Outlet::new(&mut push)).unwrap();
    short(&blocks)
}

/// Paragraphs of an article, long enough for the heuristics.
fn article() -> String {
    concat((0..20).map(|i| {
        format!(
            "<p>Paragraph {i} says something about rivers, and about the towns that stand at their \
                 banks, in a sentence that is long enough to count.</p>"
        )
    }))
}

#[test]
fn the_main_content_of_a_page_is_taken() {
    let page = format!(
        "<html><head><title>Rivers</title><meta name=author content='A. Writer'></head><body><nav>{}</nav>\
         <article><h2>Banks</h2>{}</article><footer>Imprint and cookies</footer></body></html>",
        "<a href=x>menu item</a>".repeat(50),
        article()
    );
    let lines = read(&page);
    assert_eq!(lines[0], "= Rivers");
    assert_eq!(lines[1], r#"{ -/- {"author":"A. Writer"}"#);
    assert_eq!(lines[2], "## Banks");
    assert!(lines[3].starts_with("p Paragraph 0 says"));
    assert_eq!(lines.len(), 3 + 20);
    assert!(!lines.iter().any(|line| line.contains("menu") || line.contains("Imprint")));
}

#[test]
fn elements_become_blocks() {
    let page = "<title>T</title><h1>Head</h1>Bare<p>One<br>line &amp; more<ul><li>a<li>b</ul><table><tr><th>A<th>B\
                <tr><td>1<td></table><pre>\n  code\n    here</pre><script>no()</script>";
    assert_eq!(
        walked(page, Dialect::Html),
        [
            "# Head",
            "p Bare",
            "p One line & more",
            "- a",
            "- b",
            "| A | B",
            "| 1",
            ">   code\n    here",
        ]
    );
}

#[test]
fn empty_first_cells_keep_the_columns_apart_and_layout_tables_are_no_rows() {
    let rows = "<p>x</p><table><tr><td></td><th>Jan</th></tr><tr><th>Rain</th><td><p>3</p></td></tr></table>";
    assert_eq!(walked(rows, Dialect::Html), ["p x", "| | Jan", "| Rain | 3"]);
    let layout = "<table><tr><td>menu<td><h1>Head</h1><p>Text</p></td></tr></table>";
    assert_eq!(walked(layout, Dialect::Html), ["p menu", "# Head", "p Text"]);
}

#[test]
fn a_page_whose_main_content_is_not_found_gives_all_its_text() {
    let page = "<title>T</title><nav><a href=a>One</a><a href=b>Two</a></nav><p>Text";
    let lines = read(page);
    assert_eq!(lines[0], "= T");
    let text = lines.join(" ");
    assert!(["One", "Two", "Text"].iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn pages_of_books_may_close_any_element_at_once() {
    let page = "<title/><script src='x'/><p/>One<h2/><p>Two</p>";
    assert_eq!(walked(page, Dialect::Xhtml), ["p One", "p Two"]);
}

#[test]
fn the_encoding_is_the_declared_one_or_a_better_one() {
    let german = "<p>Über große Straßen</p>";
    let declared = |name: &str| format!("<meta charset=\"{name}\">{german}");
    let japanese =
        "<meta http-equiv=Content-Type content='text/html; charset=shift_jis'><p>日本語</p>";
    let cases: [(Vec<u8>, &str); 4] = [
        (declared("utf-8").into_bytes(), "p Über große Straßen"),
        (declared("iso-8859-1").into_bytes(), "p Über große Straßen"),
        (WINDOWS_1252.encode(&declared("iso-8859-1")).0.into_owned(), "p Über große Straßen"),
        (SHIFT_JIS.encode(japanese).0.into_owned(), "p 日本語"),
    ];
    for (page, expected) in cases {
        assert_eq!(short(&blocks(Format::Html, &page)), [expected]);
    }
}

#[test]
fn hostile_pages_are_read_by_their_tags_with_a_warning() {
    let attributes = concat((0..200_000).map(|i| format!("a{i}=1 ")));
    let fonts = concat((0..20_000).map(|i| format!("<font color={i}>")));
    let cases = [
        (format!("{}hello{}", "<div>".repeat(100_000), "</div>".repeat(100_000)), "nests"),
        (format!("{}hello", "<b><p>".repeat(20_000)), "nests"),
        (format!("{fonts}<p>hello"), "nests"),
        (format!("<div {attributes}>hello</div>"), "attributes"),
        (format!("{}hello", "<table><tr><td>".repeat(3000)), "nests"),
        (format!("{}hello", "<div></span></p></b>".repeat(3000)), "nests"),
        (format!("{}hello", "<p>x".repeat(200_001)), "tags"),
    ];
    for (page, limit) in cases {
        let lines = read(&page);
        assert!(lines[0].starts_with("! ") && lines[0].contains(limit), "{}", lines[0]);
        assert!(lines.last().unwrap().ends_with("hello"));
    }
}

#[test]
fn ordinary_unclosed_tags_are_no_depth() {
    let page = format!(
        "<ul>{}</ul>{}",
        "<li>item".repeat(2000),
        "<p>text<br><img src=x><span>open".repeat(2000)
    );
    assert!(!read(&page).iter().any(|line| line.starts_with('!')));
}
