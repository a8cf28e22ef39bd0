//! Rows of floats into rows of integers, each row with the scale that its largest value asks for.
//!
//! A row's integers depend on that row alone, so a passage does not feel its neighbours in a batch.
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "inlining is what compiles these loops for the caller's instruction set"
)]

use super::layout::LANES;

/// Added to a small float it leaves the nearest integer, ties to even, in the low bits. 1.5 × 2²³.
const ROUND: f32 = 12_582_912.0;

/// Two `i16` within ±`most` to a step.
#[inline(always)]
pub(super) fn wide(
    rows: &[f32],
    length: usize,
    most: f32,
    steps: &mut Vec<i32>,
    scales: &mut Vec<f32>,
) {
    each_row(rows, length, most, scales, |row, inverse, at| {
        let per_row = length.div_ceil(2);
        steps.resize(rows.len() / length * per_row, 0);
        let to = &mut steps[at * per_row..][..per_row];
        let (pairs, rest) = row.as_chunks::<2>();
        for (step, pair) in to.iter_mut().zip(pairs) {
            *step = (rounded(pair[0] * inverse) & 0xFFFF) | (rounded(pair[1] * inverse) << 16);
        }
        if let [last] = rest {
            to[per_row - 1] = rounded(last * inverse) & 0xFFFF;
        }
    });
}

/// Four `u8` to a step: integers within ±`most`, raised by `raise`.
#[inline(always)]
pub(super) fn narrow(
    rows: &[f32],
    length: usize,
    (most, raise): (f32, i32),
    steps: &mut Vec<i32>,
    scales: &mut Vec<f32>,
) {
    each_row(rows, length, most, scales, |row, inverse, at| {
        let per_row = length.div_ceil(4);
        steps.resize(rows.len() / length * per_row, 0);
        let to = &mut steps[at * per_row..][..per_row];
        let byte = |value: f32| (rounded(value * inverse) + raise) & 0xFF;
        let (quads, rest) = row.as_chunks::<4>();
        for (step, quad) in to.iter_mut().zip(quads) {
            *step = byte(quad[0])
                | (byte(quad[1]) << 8)
                | (byte(quad[2]) << 16)
                | (byte(quad[3]) << 24);
        }
        if !rest.is_empty() {
            // What is missing meets weights of zero.
            to[per_row - 1] = rest.iter().rev().fold(0, |step, &value| (step << 8) | byte(value));
        }
    });
}

#[inline(always)]
fn each_row(
    rows: &[f32],
    length: usize,
    most: f32,
    scales: &mut Vec<f32>,
    mut row: impl FnMut(&[f32], f32, usize),
) {
    scales.clear();
    for (at, values) in rows.chunks_exact(length).enumerate() {
        // A row of zeros stays one, with any scale.
        let largest = largest(values).max(f32::MIN_POSITIVE);
        scales.push(largest / most);
        row(values, most / largest, at);
    }
}

#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (lines, rest) = row.as_chunks::<LANES>();
    for line in lines {
        for lane in 0..LANES {
            let value = line[lane].abs();
            lanes[lane] = if value > lanes[lane] { value } else { lanes[lane] };
        }
    }
    let within = lanes.iter().fold(0.0f32, |most, &value| most.max(value));
    rest.iter().fold(within, |most, value| most.max(value.abs()))
}

/// The nearest integer of a value below 2²² in size.
#[inline(always)]
fn rounded(value: f32) -> i32 {
    (value + ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i32
}
