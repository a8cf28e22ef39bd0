//! Twelve ways in which producers lay out and draw a page, with the text that a reader would read.

use super::file::{File, fonts, literal, show};
use super::font;
use super::random::Random;
use std::fmt::Write;

#[derive(Debug)]
pub(crate) struct Layout {
    pub name: &'static str,
    pub file: Vec<u8>,
    /// Text of each page in reading order.
    pub truth: Vec<String>,
}

type Draw = fn(&mut Random) -> (String, String);

const PAGES: usize = 5;

pub(crate) fn all() -> Vec<Layout> {
    let kinds: [(&'static str, Draw); 12] = [
        ("columns in order", |random| two_columns(random, Order::LeftThenRight, "F1")),
        ("columns line by line", |random| two_columns(random, Order::Interleaved, "F1")),
        ("right column first", |random| two_columns(random, Order::RightThenLeft, "F1")),
        ("columns at random", |random| two_columns(random, Order::Random, "F1")),
        ("columns in an embedded font", |random| two_columns(random, Order::LeftThenRight, "F4")),
        ("word by word", word_by_word),
        ("character by character", character_by_character),
        ("letters spaced out", letters_spaced),
        ("on its side", on_its_side),
        ("one column", |random| one_column(random, Order::LeftThenRight)),
        ("lines bottom up", |random| one_column(random, Order::RightThenLeft)),
        ("footnote first", footnote_first),
    ];
    kinds.into_iter().enumerate().map(|(seed, (name, draw))| layout(name, draw, seed)).collect()
}

fn layout(name: &'static str, draw: Draw, seed: usize) -> Layout {
    let mut random = Random(seed as u64);
    let (contents, truth): (Vec<String>, Vec<String>) =
        (0..PAGES).map(|_| draw(&mut random)).unzip();
    let mut file = File::default();
    let embedded = embedded_font(&mut file);
    let resources = fonts().replace("/F3", &format!("/F4 {embedded} 0 R/F3"));
    file.put_pages(&contents, &resources);
    Layout { name, file: file.bytes(), truth }
}

/// A font that readers need its map to characters for.
fn embedded_font(file: &mut File) -> u32 {
    let characters: String = (b' '..=b'~').map(char::from).collect();
    let map = file.add_stream("", font::to_unicode(&characters).as_bytes());
    font::composite(file, &font::truetype(), &format!("/ToUnicode {map} 0 R"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    LeftThenRight,
    RightThenLeft,
    Interleaved,
    Random,
}

fn show_in(font: &str, size: f32, at: (f32, f32), text: &str) -> String {
    if font == "F4" {
        show(font, size, at, "").replace("()", &font::glyph_string(text))
    } else {
        show(font, size, at, text)
    }
}

fn two_columns(random: &mut Random, order: Order, font: &str) -> (String, String) {
    let (left, right) = (random.lines(50, 6), random.lines(50, 6));
    let height = |row: usize| 740.0 - 14.0 * row as f32;
    let draw = |x: f32, row: usize, line: &str| show_in(font, 8.0, (x, height(row)), line);
    let lefts: Vec<String> =
        left.iter().enumerate().map(|(row, line)| draw(40.0, row, line)).collect();
    let rights: Vec<String> =
        right.iter().enumerate().map(|(row, line)| draw(320.0, row, line)).collect();
    let mut drawn: Vec<String> = match order {
        Order::RightThenLeft => rights.into_iter().chain(lefts).collect(),
        Order::LeftThenRight => lefts.into_iter().chain(rights).collect(),
        Order::Interleaved | Order::Random => {
            lefts.into_iter().zip(rights).flat_map(<[String; 2]>::from).collect()
        }
    };
    if order == Order::Random {
        random.shuffle(&mut drawn);
    }
    (drawn.concat(), [left, right].concat().join(" "))
}

fn one_column(random: &mut Random, order: Order) -> (String, String) {
    let lines = random.lines(50, 10);
    let mut drawn: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(row, line)| show("F1", 10.0, (40.0, 740.0 - 14.0 * row as f32), line))
        .collect();
    if order == Order::RightThenLeft {
        drawn.reverse();
    }
    (drawn.concat(), lines.join(" "))
}

/// Width of each character of Courier, in ems.
const COURIER_WIDTH: f32 = 0.6;

fn word_by_word(random: &mut Random) -> (String, String) {
    let lines = random.lines(50, 8);
    let mut drawn = String::new();
    for (row, line) in lines.iter().enumerate() {
        let mut x = 40.0;
        for word in line.split(' ') {
            drawn.push_str(&show("F3", 10.0, (x, 740.0 - 14.0 * row as f32), word));
            x += word.len() as f32 * COURIER_WIDTH * 10.0 + 3.0;
        }
    }
    (drawn, lines.join(" "))
}

fn character_by_character(random: &mut Random) -> (String, String) {
    let lines = random.lines(50, 8);
    let mut drawn = String::new();
    for (row, line) in lines.iter().enumerate() {
        let mut x = 40.0;
        for character in line.chars() {
            if character == ' ' {
                x += 2.8;
            } else {
                drawn.push_str(&show(
                    "F3",
                    10.0,
                    (x, 740.0 - 14.0 * row as f32),
                    &character.to_string(),
                ));
                x += COURIER_WIDTH * 10.0;
            }
        }
    }
    (drawn, lines.join(" "))
}

fn letters_spaced(random: &mut Random) -> (String, String) {
    let lines = random.lines(50, 6);
    let mut drawn = String::from("1.2 Tc\n");
    for (row, line) in lines.iter().enumerate() {
        drawn.push_str(&show("F1", 9.0, (40.0, 740.0 - 14.0 * row as f32), line));
    }
    (drawn, lines.join(" "))
}

fn on_its_side(random: &mut Random) -> (String, String) {
    let lines = random.lines(40, 6);
    let mut drawn = String::from("q 0 1 -1 0 580 20 cm\n");
    for (row, line) in lines.iter().enumerate() {
        let y = 520.0 - 13.0 * row as f32;
        writeln!(drawn, "BT /F1 9 Tf 20 {y} Td {} Tj ET", literal(line)).unwrap();
    }
    drawn.push_str("Q\n");
    (drawn, lines.join(" "))
}

fn footnote_first(random: &mut Random) -> (String, String) {
    let (body, notes) = (random.lines(45, 10), random.lines(4, 12));
    let mut drawn = String::new();
    for (row, line) in notes.iter().enumerate() {
        drawn.push_str(&show("F1", 7.0, (40.0, 80.0 - 9.0 * row as f32), line));
    }
    for (row, line) in body.iter().enumerate() {
        drawn.push_str(&show("F1", 10.0, (40.0, 740.0 - 14.0 * row as f32), line));
    }
    drawn.push_str(&show("F1", 10.0, (40.0, 780.0), "chapter header line"));
    (drawn, format!("chapter header line {} {}", body.join(" "), notes.join(" ")))
}
