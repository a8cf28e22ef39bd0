//! Reading order from positions alone, for pages whose order of drawing makes no sense.
//!
//! A recursive XY-cut: a page is cut at its widest column gutter, or else at its tallest gap, until there is
//! nothing to cut. It is right on clean columns and wrong on loose layouts, so it is asked only when the order of
//! drawing is no guide.
//! Source: Nagy, Seth, Viswanathan, "A prototype document image analysis system for technical journals" (1992).

use crate::page::segment::Segment;

/// Deeper than any real layout, so that hostile pages end.
const DEPTH_MAX: u32 = 48;
/// More pieces than any page of columns has: plots and maps, which have no reading order.
const SEGMENTS_MAX: usize = 20_000;
/// Fewer segments are one block.
const BLOCK_MIN: usize = 6;
/// So many of the widest gutters are tried.
const GUTTERS_TRIED: usize = 16;
/// In ems: narrower ones are spaces between words.
const GUTTER: f32 = 0.7;
/// In ems between the lines of text: less is leading.
const BAND_GAP: f32 = 0.15;
/// Columns have at least so many segments, of so many glyphs in the middle.
const COLUMN_SEGMENTS_MIN: usize = 3;
const COLUMN_GLYPHS_MIN: f32 = 12.0;

/// Blocks in reading order; the segments inside are in no order.
pub(crate) fn blocks(segments: Vec<Segment>) -> Vec<Vec<Segment>> {
    let mut blocks = Vec::new();
    if segments.len() > SEGMENTS_MAX {
        blocks.push(segments);
    } else {
        cut(segments, &mut blocks, 0);
    }
    blocks
}

fn cut(mut segments: Vec<Segment>, blocks: &mut Vec<Vec<Segment>>, depth: u32) {
    let size = median(segments.iter().map(|segment| segment.size));
    let at = if segments.len() < BLOCK_MIN || depth > DEPTH_MAX {
        None
    } else {
        gutter(&mut segments, size).or_else(|| band(&mut segments, size))
    };
    match at {
        Some(at) => {
            let rest = segments.split_off(at);
            cut(segments, blocks, depth + 1);
            cut(rest, blocks, depth + 1);
        }
        None => blocks.push(segments),
    }
}

/// Sorts by the left edge, and finds the widest gap with a column on either side.
fn gutter(segments: &mut [Segment], size: f32) -> Option<usize> {
    segments.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut right = f32::NEG_INFINITY;
    let mut gaps: Vec<(f32, usize)> = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        if at > 0 && segment.left - right > GUTTER * size {
            gaps.push((segment.left - right, at));
        }
        right = right.max(segment.right);
    }
    gaps.sort_by(|a, b| b.0.total_cmp(&a.0));
    gaps.into_iter().take(GUTTERS_TRIED).map(|(_, at)| at).find(|&at| {
        let (left, right) = segments.split_at(at);
        is_column(left, size) && is_column(right, size)
    })
}

/// Long lines one below the other, not labels of a figure or cells of a table.
fn is_column(segments: &[Segment], size: f32) -> bool {
    let top = segments.iter().map(|segment| segment.base).fold(f32::NEG_INFINITY, f32::max);
    let foot = segments.iter().map(|segment| segment.base).fold(f32::INFINITY, f32::min);
    segments.len() >= COLUMN_SEGMENTS_MIN
        && top - foot > 2.0 * size
        && median(segments.iter().map(|segment| segment.glyphs as f32)) >= COLUMN_GLYPHS_MIN
}

/// Sorts from the top down, and finds the tallest gap between lines.
fn band(segments: &mut [Segment], size: f32) -> Option<usize> {
    segments.sort_by(|a, b| b.base.total_cmp(&a.base));
    let gaps = segments.windows(2).map(|pair| pair[0].base - pair[1].base - pair[1].size);
    let (at, gap) = gaps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (gap > BAND_GAP * size).then_some(at + 1)
}

pub(crate) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
