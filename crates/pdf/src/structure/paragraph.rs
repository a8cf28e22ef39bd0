//! Lines to paragraphs: where one ends is told by space, indents and short last lines.

use super::body::Body;
use super::{code, joint};
use crate::layout::line::Line;
use crate::letters::is_right_to_left;
use crate::outline::Mark;
use std::ops::Range;

/// Lines that belong together.
#[derive(Debug)]
pub(crate) struct Paragraph {
    pub text: String,
    pub role: Role,
    pub lines: usize,
    pub size: f32,
    pub bold: bool,
    /// The most cells that one of its lines has.
    pub cells: u32,
    /// Level of the outline entry that names it.
    pub mark: Option<Mark>,
}

/// How the text of a paragraph is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Prose,
    ListItem,
    Code,
}

/// Lines more than this times the usual distance apart do not belong together.
const BLOCK_GAP: f32 = 1.3;
/// Usual distance of lines in ems, where a page has no two lines to measure.
const LEADING: f32 = 1.2;
/// Sizes nearer than this part are one size.
const SAME_SIZE: f32 = 0.12;
/// In ems: an indent is wider than an error of measurement, and narrower than a column.
const INDENT: Range<f32> = 0.8..6.0;
/// In ems: edges nearer than this are in line.
const ALIGNED: f32 = 0.5;
/// A line that leaves so much of its width free ends a paragraph, whatever its last letter.
const SHORT: f32 = 0.3;

pub(crate) fn paragraphs(lines: &[Line], marks: &[Option<Mark>], body: Body) -> Vec<Paragraph> {
    let leading = leading(lines);
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut flows_on = false;
    let fixed = code::fixed_lines(lines, body);
    for block in blocks(lines, marks, body, leading, &fixed) {
        if fixed[block.start] && code::is_code(&lines[block.clone()]) {
            paragraphs.push(gather_code(&lines[block]));
            flows_on = false;
            continue;
        }
        let column = Column::new(&lines[block.clone()]);
        let mut start = block.start;
        for at in block.start + 1..=block.end {
            if at == block.end || column.ends_between(&lines[at - 1], &lines[at]) {
                let next = gather(&lines[start..at], marks.get(start).copied().flatten(), body);
                match paragraphs.last_mut() {
                    Some(last) if flows_on && continues(last, &next) => absorb(last, &next),
                    _ => paragraphs.push(next),
                }
                flows_on = false;
                start = at;
            }
        }
        flows_on =
            lines.get(block.end).is_some_and(|next| is_column_change(&lines[block.end - 1], next));
    }
    paragraphs
}

/// Stretches of lines without a change of place, size, weight or role.
fn blocks(
    lines: &[Line],
    marks: &[Option<Mark>],
    body: Body,
    leading: f32,
    fixed: &[bool],
) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for at in 1..=lines.len() {
        let ends = at == lines.len()
            || marks.get(at) != marks.get(at - 1)
            || fixed[at] != fixed[at - 1]
            || is_apart(&lines[at - 1], &lines[at], leading)
            || !fixed[at]
                && (is_beside(&lines[at - 1], &lines[at])
                    || weight_parts(&lines[at - 1], &lines[at], body));
        if ends {
            blocks.push(start..at);
            start = at;
        }
    }
    blocks
}

/// Whether a change of weight tells a heading from text. Bold words in a line that runs on do not.
fn weight_parts(last: &Line, next: &Line, body: Body) -> bool {
    let (bold, bold_next) = (body.is_bold(last), body.is_bold(next));
    let free = edges(next).1.max(edges(last).1) - edges(last).1;
    bold != bold_next && (has_room(free, next) || bold_next && joint::ends_sentence(&last.text))
}

/// Whether the first word of a line would have fitted into the `free` end of the line before it.
fn has_room(free: f32, next: &Line) -> bool {
    let word = next.text.split(' ').next().map_or(0, |word| word.chars().count());
    let letters = next.text.chars().count().max(1);
    let word = (next.right - next.left) * word as f32 / letters as f32;
    free > word + 0.5 * next.size
}

fn is_apart(last: &Line, next: &Line, leading: f32) -> bool {
    let size = last.size.max(next.size);
    let drop = last.drop_to(next);
    !last.direction.agrees(next.direction)
        || (last.size - next.size).abs() > SAME_SIZE * size
        || drop < -ALIGNED * size
        || drop > BLOCK_GAP * leading * size
}

/// Whether no part of the next line is below the last one.
fn is_beside(last: &Line, next: &Line) -> bool {
    let size = last.size.max(next.size);
    next.left > last.right.max(last.left + size) + size || next.right < last.left
}

/// The next line is higher up and to the right: the text may go on at the head of the next column.
fn is_column_change(last: &Line, next: &Line) -> bool {
    last.direction.agrees(next.direction) && last.drop_to(next) < 0.0 && next.left > last.left
}

/// Median distance of successive lines of one size, in ems.
fn leading(lines: &[Line]) -> f32 {
    let mut drops: Vec<f32> = lines
        .windows(2)
        .filter(|pair| (pair[0].size - pair[1].size).abs() < SAME_SIZE * pair[0].size)
        .map(|pair| pair[0].drop_to(&pair[1]) / pair[0].size)
        .filter(|drop| (0.8..3.0).contains(drop))
        .collect();
    let middle = drops.len() / 2;
    if drops.is_empty() { LEADING } else { *drops.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// Edges of a block, in the direction of reading.
#[derive(Debug)]
struct Column {
    start: f32,
    end: f32,
    centred: bool,
    /// Most lines begin at the edge, so one that does not begins a paragraph; otherwise the edge is where items
    /// begin whose further lines are indented.
    indents: bool,
}

impl Column {
    fn new(lines: &[Line]) -> Self {
        let edges = || lines.iter().map(edges);
        let start = edges().map(|(start, _)| start).fold(f32::INFINITY, f32::min);
        let end = edges().map(|(_, end)| end).fold(f32::NEG_INFINITY, f32::max);
        let size = lines.first().map_or(1.0, |line| line.size);
        let ragged = edges().any(|(at, _)| at - start > ALIGNED * size);
        let middle = f32::midpoint(start, end);
        let centred =
            ragged && edges().all(|(a, b)| (f32::midpoint(a, b) - middle).abs() < ALIGNED * size);
        let at_edge = edges().filter(|(at, _)| at - start <= ALIGNED * size).count();
        Self { start, end, centred, indents: at_edge * 2 >= lines.len() }
    }

    fn ends_between(&self, last: &Line, next: &Line) -> bool {
        joint::begins_item(&next.text)
            || !self.centred && (self.indent_parts(last, next) || self.is_short(last, next))
    }

    fn indent_parts(&self, last: &Line, next: &Line) -> bool {
        // The further lines of a list item stand behind its sign.
        let hangs = joint::begins_item(&last.text);
        let (last, indent) = (edges(last).0 - self.start, edges(next).0 - self.start);
        let size = next.size;
        if self.indents {
            let range = INDENT.start * size..INDENT.end * size;
            range.contains(&indent) && (indent - last).abs() > ALIGNED * size && !hangs
        } else {
            indent <= ALIGNED * size && last > ALIGNED * size
        }
    }

    /// The last line ends before it is full.
    fn is_short(&self, last: &Line, next: &Line) -> bool {
        let free = self.end - edges(last).1;
        has_room(free, next)
            && (joint::ends_sentence(&last.text) || free > SHORT * (self.end - self.start))
    }
}

/// Where the line begins and ends for a reader; mirrored for right-to-left text.
fn edges(line: &Line) -> (f32, f32) {
    let first = line.text.chars().find(|c| c.is_alphabetic());
    if first.is_some_and(is_right_to_left) {
        (-line.right, -line.left)
    } else {
        (line.left, line.right)
    }
}

fn gather(lines: &[Line], mark: Option<Mark>, body: Body) -> Paragraph {
    let mut text = String::new();
    for line in lines {
        joint::append(&mut text, &line.text);
    }
    let main = lines.iter().max_by_key(|line| line.glyphs);
    let role = if joint::begins_item(&text) { Role::ListItem } else { Role::Prose };
    Paragraph {
        text,
        role,
        lines: lines.len(),
        size: main.map_or(0.0, |line| line.size),
        bold: main.is_some_and(|line| body.is_bold(line)),
        cells: lines.iter().map(|line| line.cells).max().unwrap_or(0),
        mark,
    }
}

fn gather_code(lines: &[Line]) -> Paragraph {
    Paragraph {
        text: code::gather(lines),
        role: Role::Code,
        lines: lines.len(),
        size: lines.first().map_or(0.0, |line| line.size),
        bold: false,
        cells: 1,
        mark: None,
    }
}

/// Whether a paragraph goes on from the foot of one column to the head of the next.
fn continues(last: &Paragraph, next: &Paragraph) -> bool {
    last.role != Role::Code
        && last.mark.is_none()
        && next.mark.is_none()
        && last.bold == next.bold
        && (last.size - next.size).abs() < SAME_SIZE * last.size
        && !joint::ends_sentence(&last.text)
        && next.text.chars().next().is_some_and(char::is_lowercase)
}

fn absorb(last: &mut Paragraph, next: &Paragraph) {
    joint::append(&mut last.text, &next.text);
    last.lines += next.lines;
    last.cells = last.cells.max(next.cells);
}
