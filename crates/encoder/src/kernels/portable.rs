//! The loops themselves, in plain Rust. The other paths compile the float loops from this text too, so that
//! the order of every float sum is written down once; only the integer scan has a body of its own there.
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "inlining is what compiles these loops for the caller's instruction set"
)]

use super::{
    attention,
    gemm::{self, Tile, Tiles},
    job::{Job, Pick},
    layout::{LANES, Line},
    pointwise,
};

/// Rows of a tile: few enough for 16 registers of 128 bits.
const ROWS: usize = 2;
const PANELS: usize = 1;

/// Where every processor of the architecture fuses multiplication and addition, the sums are those of the other
/// paths; on x86-64 this path is for processors without AVX2, which cannot.
#[cfg(target_arch = "aarch64")]
type Sums = pointwise::Fused;
#[cfg(not(target_arch = "aarch64"))]
type Sums = pointwise::Plain;

/// Float sums run in this many lanes: two registers of 512 bits, four of 256, so that the latency of an
/// addition is hidden on either.
const DOT_LANES: usize = 32;

/// Dimensions of a weighted sum that stay in registers while the picks stream past: 64 are eight registers
/// of 256 bits, and 64 `i8` are one cache line.
const BLOCK: usize = 64;

pub(super) fn run(job: Job<'_>) {
    match job {
        Job::Scan { query, codes, out } => scan(query, codes, out),
        Job::Dot { a, b, out } => *out = dot(a, b),
        Job::WeightedSum { table, picks, sum } => weighted_sum(table, picks, sum),
        Job::Product(product) => {
            gemm::run::<Sums, _, _, _, ROWS, PANELS>(product, &Tiles { float, wide, narrow });
        }
        Job::Attention(of) => attention::run::<Sums, _, ROWS, PANELS>(of, float),
        Job::Norm { rows, added, norm } => pointwise::normalise::<Sums>(rows, added, norm),
    }
}

fn float(strip: &[[f32; ROWS]], [panel]: [&[Line<f32>]; PANELS], to: &mut Tile<f32, ROWS, PANELS>) {
    use pointwise::Arithmetic as _;
    let mut sums = [[0.0; LANES]; ROWS];
    for (inputs, line) in strip.iter().zip(panel) {
        for row in 0..ROWS {
            for (sum, &weight) in sums[row].iter_mut().zip(&line.0) {
                *sum = Sums::multiply_add(inputs[row], weight, *sum);
            }
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = sums[row];
    }
}

/// Pairs of `i16`.
fn wide(strip: &[[i32; ROWS]], panels: [&[Line<i32>]; PANELS], to: &mut Tile<i32, ROWS, PANELS>) {
    integers(strip, panels, to, |input, weight| {
        let low = i32::from(input as i16) * i32::from(weight as i16);
        low + (input >> 16) * (weight >> 16)
    });
}

/// Quads of unsigned by signed bytes.
fn narrow(strip: &[[i32; ROWS]], panels: [&[Line<i32>]; PANELS], to: &mut Tile<i32, ROWS, PANELS>) {
    integers(strip, panels, to, |input, weight| {
        let (inputs, weights) = (input.to_le_bytes(), weight.to_le_bytes());
        inputs.iter().zip(weights).map(|(&i, w)| i32::from(i) * i32::from(w as i8)).sum()
    });
}

#[inline(always)]
fn integers(
    strip: &[[i32; ROWS]],
    [panel]: [&[Line<i32>]; PANELS],
    to: &mut Tile<i32, ROWS, PANELS>,
    products: impl Fn(i32, i32) -> i32,
) {
    let mut sums = [[0; LANES]; ROWS];
    for (inputs, line) in strip.iter().zip(panel) {
        for row in 0..ROWS {
            for (sum, &weights) in sums[row].iter_mut().zip(&line.0) {
                *sum += products(inputs[row], weights);
            }
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = sums[row];
    }
}

fn scan(query: &[i8], codes: &[i8], out: &mut [i32]) {
    for (code, sum) in codes.chunks_exact(query.len()).zip(out) {
        *sum = dot_i8(query, code);
    }
}

/// Wrapping, so that a vector too long for exactness gives the same value on every path.
#[inline(always)]
pub(super) fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0i32, |sum, (&x, &y)| sum.wrapping_add(i32::from(x) * i32::from(y)))
}

#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<DOT_LANES>(), b.as_chunks::<DOT_LANES>());
    let mut sums = [0.0f32; DOT_LANES];
    for (x, y) in a.iter().zip(b) {
        for lane in 0..DOT_LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum += x * y;
    }
    for half in [16, 8, 4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0]
}

#[inline(always)]
pub(super) fn weighted_sum(table: &[i8], picks: &[Pick], sum: &mut [f32]) {
    let dims = sum.len();
    let (blocks, rest) = sum.as_chunks_mut::<BLOCK>();
    for (index, block) in blocks.iter_mut().enumerate() {
        let mut lanes = [0.0f32; BLOCK];
        for pick in picks {
            let start = pick.row as usize * dims + index * BLOCK;
            let row: &[i8; BLOCK] =
                table[start..].first_chunk().expect("a pick names a row of the table");
            for lane in 0..BLOCK {
                lanes[lane] += pick.weight * f32::from(row[lane]);
            }
        }
        *block = lanes;
    }
    let done = dims - rest.len();
    for (offset, value) in rest.iter_mut().enumerate() {
        *value = picks.iter().fold(0.0, |sum, pick| {
            sum + pick.weight * f32::from(table[pick.row as usize * dims + done + offset])
        });
    }
}
