//! From segments in the order of drawing to lines in the order of reading.

pub(crate) mod line;
mod columns;
mod right_to_left;

use crate::page::glyph::Direction;
use crate::page::segment::{PageText, Segment, Start};
use line::{Line, share_line};

/// The lines of a page in reading order.
///
/// Most producers draw in reading order, and know more about it than positions tell; only where the order of
/// drawing jumps about are the lines ordered by position.
pub(crate) fn lines(page: &PageText) -> Vec<Line> {
    let direction = main_direction(&page.segments);
    let in_main = |segment: &Segment| segment.direction.agrees(direction);
    if !is_broken(page.segments.iter().filter(|segment| in_main(segment))) {
        return as_drawn(page, &page.segments);
    }
    let (main, other): (Vec<Segment>, Vec<Segment>) =
        page.segments.iter().copied().partition(|segment| in_main(segment));
    let mut lines: Vec<Line> =
        columns::blocks(main).into_iter().flat_map(|block| by_position(page, block)).collect();
    lines.extend(as_drawn(page, &other));
    lines
}

/// The direction of most glyphs: a page may lie on its side.
fn main_direction(segments: &[Segment]) -> Direction {
    let mut directions: Vec<(Direction, u32)> = Vec::new();
    for segment in segments {
        match directions.iter_mut().find(|(direction, _)| direction.agrees(segment.direction)) {
            Some((_, glyphs)) => *glyphs += segment.glyphs,
            None => directions.push((segment.direction, segment.glyphs)),
        }
    }
    let most = directions.into_iter().max_by_key(|(_, glyphs)| *glyphs);
    most.map_or(Direction::RIGHT, |(direction, _)| direction)
}

/// Fewer segments than this have an order of drawing that is as good as any.
const ORDER_SEGMENTS_MIN: usize = 6;
/// One bad step in so many is what figures and footnotes cause on sound pages.
const GOOD_STEPS: usize = 8;
/// A segment of so many glyphs is a line of a column rather than a cell.
const COLUMN_GLYPHS: u32 = 12;
/// In ems.
const GUTTER: f32 = 1.2;

/// Whether the order of drawing goes up, or across a gutter, too often to be the order of reading.
fn is_broken<'s>(segments: impl Iterator<Item = &'s Segment>) -> bool {
    let segments: Vec<&Segment> = segments.collect();
    let bad = segments.windows(2).filter(|pair| {
        let (last, next) = (pair[0], pair[1]);
        if share_line(last, next) {
            let columns = last.glyphs >= COLUMN_GLYPHS && next.glyphs >= COLUMN_GLYPHS;
            columns && next.left - last.right > GUTTER * last.size
        } else {
            next.base > last.base && next.left < last.right
        }
    });
    segments.len() >= ORDER_SEGMENTS_MIN && bad.count() * GOOD_STEPS > segments.len()
}

fn as_drawn(page: &PageText, segments: &[Segment]) -> Vec<Line> {
    let same_line = |last: &Segment, next: &Segment| {
        next.start_of == Start::Cell && last.direction.agrees(next.direction)
    };
    segments.chunk_by(same_line).filter_map(|line| Line::new(page, line)).collect()
}

fn by_position(page: &PageText, mut block: Vec<Segment>) -> Vec<Line> {
    block.sort_by(|a, b| b.base.total_cmp(&a.base));
    let mut lines = Vec::new();
    let mut rest = block.as_mut_slice();
    while let Some(first) = rest.first().copied() {
        let length = rest.iter().take_while(|segment| share_line(&first, segment)).count().max(1);
        let (line, below) = rest.split_at_mut(length);
        line.sort_by(|a, b| a.left.total_cmp(&b.left));
        lines.extend(Line::new(page, line));
        rest = below;
    }
    lines
}
