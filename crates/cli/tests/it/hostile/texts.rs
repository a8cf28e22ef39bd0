//! Text formats: nothing in it, not a text, one endless line, deep nesting, broken records.

use super::Expect::{Answered, Failed, Found, FoundAndFailed};
use super::Recipe;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("empty.txt", Failed(&["bad_document"]), Vec::new),
    Recipe::new("empty.pdf", Failed(&["bad_document"]), Vec::new),
    Recipe::new("junk.txt", Failed(&["bad_document"]), || junk(100_000)),
    Recipe::new("junk.docx", Failed(&["bad_document"]), || junk(100_000)),
    Recipe::new("junk", Failed(&["bad_document"]), || junk(100_000)),
    Recipe::new("invalid-utf8.txt", Found("capybara"), invalid_utf8),
    Recipe::new("utf16.txt", Found("axolotl"), utf16),
    Recipe::new("utf16-no-mark.txt", Answered, || utf16().split_off(2)),
    Recipe::new("control-characters.txt", Found("pangolin"), control_characters),
    Recipe::new("deep.html", Answered, deep_html),
    Recipe::new("attributes.html", Answered, attributes_html),
    Recipe::new("misnested.html", Answered, misnested_html),
    Recipe::new("deep.md", Answered, deep_markdown),
    Recipe::new("deep.json", Answered, || {
        ["[".repeat(1_000_000), "]".repeat(1_000_000)].concat().into_bytes()
    }),
    Recipe::new("bad-line.jsonl", FoundAndFailed("narwhal", &["bad_item"]), bad_line),
    Recipe::new("evil-label.jsonl", Found("ocelot"), evil_label),
    Recipe::new("same-ids.jsonl", Answered, same_ids),
    Recipe::new("wide.csv", Answered, wide_csv),
    Recipe::new("open-quote.csv", Answered, open_quote),
];

/// A hundred thousand bytes that no format begins with; the same ones each time.
fn junk(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = vec![0, 1, 2, 3];
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

fn invalid_utf8() -> Vec<u8> {
    b"The capybara \xF0\x28\x8C\xBC is \xC3\x28 the largest \xFF\xFE rodent.\n".repeat(50)
}

fn utf16() -> Vec<u8> {
    let text = "\u{feff}Das Axolotl (axolotl) wird nie erwachsen. Grüße!\n".to_owned();
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Colours, a bell, a cleared screen, a title for the window, text that runs backwards.
fn control_characters() -> Vec<u8> {
    let marked = "The pangolin \x1b[31mrolls up\x1b[0m. \x07\x1b[2J\x1b]0;owned\x07 \u{202e}sdrawkcab\u{202c}\x08\x08.\n";
    // As in a log: most of it is plain.
    [marked, &"It walks through the night and eats ants where it finds them.\n".repeat(20)]
        .concat()
        .into_bytes()
}

fn deep_html() -> Vec<u8> {
    format!("<html><body>{}<p>bottom</p>", "<div>".repeat(200_000)).into_bytes()
}

fn attributes_html() -> Vec<u8> {
    let attributes: Vec<String> =
        (0..200_000).map(|number| format!(" a{number}=\"{number}\"")).collect();
    let attributes = attributes.concat();
    let text = "The wombat digs burrows up to thirty metres long. ".repeat(10);
    format!(
        "<html><body><article><h1>Wombats</h1><p{attributes}>{text}</p></article></body></html>"
    )
    .into_bytes()
}

/// Each open formatting element is opened again in every paragraph: quadratic in a faithful parser.
fn misnested_html() -> Vec<u8> {
    format!("<html><body>{}", "<b><i><font><p>".repeat(20_000)).into_bytes()
}

fn deep_markdown() -> Vec<u8> {
    let mut text = String::new();
    for (open, times) in
        [("[", 50_000), ("> ", 20_000), ("*a **b ", 20_000), ("`", 50_001), ("![[](", 20_000)]
    {
        text.push_str(&open.repeat(times));
        text.push_str("\n\n");
    }
    for depth in 0..2_000 {
        text.push_str(&" ".repeat(2 * depth));
        text.push_str("- item\n");
    }
    text.into_bytes()
}

fn bad_line() -> Vec<u8> {
    let good = |id: &str| {
        format!("{{\"id\":\"{id}\",\"text\":\"The narwhal has one tooth too many ({id}).\"}}\n")
    };
    [good("a"), "{\"id\":\"b\",\"text\":\n".to_owned(), "\u{0}\n".to_owned(), good("c")]
        .concat()
        .into_bytes()
}

/// Labels are data and never lead anywhere.
fn evil_label() -> Vec<u8> {
    let labels = ["../../etc", "/etc", "..", ".", "", "a/b", "nul\\u0000byte", "con", "\\u202eabc"];
    let line = |id: &str, label: &str| {
        format!(
            "{{\"id\":\"{id}\",\"domain\":\"{label}\",\"category\":\"{label}\",\
             \"text\":\"The ocelot hunts at night: {id}.\"}}\n"
        )
    };
    let mut lines: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(number, label)| line(&format!("../{number}"), label))
        .collect();
    lines.push(line("long", &"x".repeat(100_000)));
    lines.concat().into_bytes()
}

fn same_ids() -> Vec<u8> {
    "{\"id\":\"twin\",\"text\":\"One of many with the same name.\"}\n".repeat(1000).into_bytes()
}

fn wide_csv() -> Vec<u8> {
    let names: Vec<String> = (0..100_000).map(|number| format!("c{number}")).collect();
    let head = names.join(",");
    format!("{head}\n{}\n", vec!["1"; names.len()].join(",")).into_bytes()
}

/// Everything behind the quotation mark is one cell.
fn open_quote() -> Vec<u8> {
    format!("id,text\n1,\"{}", "a line that goes on\n".repeat(500_000)).into_bytes()
}

/// Words on one line, `bytes` long.
pub(crate) fn long_line(path: &Path, bytes: u64) {
    let words = b"one line that never ends and holds nothing but words ";
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut left = bytes;
    while left > 0 {
        let part = words.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&words[..part]).unwrap();
        left -= part as u64;
    }
    file.flush().unwrap();
}
