//! Rows of inputs times a linear layer, in tiles of `R` rows by `P` panels that stay in registers.
//!
//! Each output is one chain of sums in the order of the inputs, whatever the tile, the other rows and the
//! instruction set. So a row's outputs depend on that row alone, and the tiles are only a matter of speed.
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "inlining is what compiles these loops for the caller's instruction set"
)]

use super::{
    layout::{LANES, Line, Linear, NARROW_MAX, RAISE, Values, WIDE_MAX},
    pointwise::{self, Activation, Arithmetic},
    quantise,
};

/// Rows that are packed at a time: their inputs stay in the second cache while all weights pass.
const ROWS: usize = 96;

/// Inputs summed up before a tile is written back: a panel of them takes 24 KiB of the first cache. Measured 3 to 5 %
/// faster than 256.
const DEPTH: usize = 384;

/// `R` rows by `P` panels of sums.
pub(super) type Tile<T, const R: usize, const P: usize> = [[Line<T>; P]; R];

/// What a product needs of memory besides its operands; grows to what the largest needed.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    strips: Vec<f32>,
    integer_strips: Vec<i32>,
    /// Rows as integers, packed like the weights.
    steps: Vec<i32>,
    scales: Vec<f32>,
}

/// `output` = activation(`input` × weights + bias), rows×outputs.
#[derive(Debug)]
pub(super) struct Product<'a> {
    pub(super) layer: &'a Linear,
    /// rows×inputs.
    pub(super) input: &'a [f32],
    pub(super) output: &'a mut [f32],
    pub(super) activation: Option<Activation>,
    pub(super) buffers: &'a mut Buffers,
}

/// A tile function for each kind of number.
pub(super) struct Tiles<F, W, N> {
    pub(super) float: F,
    pub(super) wide: W,
    pub(super) narrow: N,
}

#[inline(always)]
pub(super) fn run<A, F, W, N, const R: usize, const P: usize>(
    product: Product<'_>,
    tiles: &Tiles<F, W, N>,
) where
    A: Arithmetic,
    F: Fn(&[[f32; R]], [&[Line<f32>]; P], &mut Tile<f32, R, P>),
    W: Fn(&[[i32; R]], [&[Line<i32>]; P], &mut Tile<i32, R, P>),
    N: Fn(&[[i32; R]], [&[Line<i32>]; P], &mut Tile<i32, R, P>),
{
    let Product { layer, input, output, activation, buffers } = product;
    let (inputs, outputs) = (layer.inputs, layer.outputs);
    let blocks = input.chunks(ROWS * inputs).zip(output.chunks_mut(ROWS * outputs));
    for (input, output) in blocks {
        match &layer.values {
            Values::Float(lines) => {
                floats::<F, R, P>(layer, lines, input, output, (&mut buffers.strips, &tiles.float));
            }
            Values::Wide { lines, scale } => {
                let steps = inputs.div_ceil(2);
                quantise::wide(input, inputs, WIDE_MAX, &mut buffers.steps, &mut buffers.scales);
                let sums = Sums { layer, lines, steps, scale, surplus: None };
                integers(&sums, output, buffers, &tiles.wide);
            }
            Values::Narrow { lines, scale, surplus } => {
                let steps = inputs.div_ceil(4);
                let (to, scales) = (&mut buffers.steps, &mut buffers.scales);
                quantise::narrow(input, inputs, (NARROW_MAX, RAISE), to, scales);
                let sums = Sums { layer, lines, steps, scale, surplus: Some(surplus) };
                integers(&sums, output, buffers, &tiles.narrow);
            }
        }
        if let Some(activation) = activation {
            pointwise::activate::<A>(output, activation);
        }
    }
}

#[inline(always)]
fn floats<F, const R: usize, const P: usize>(
    layer: &Linear,
    lines: &[Line<f32>],
    input: &[f32],
    output: &mut [f32],
    (strips, tile): (&mut Vec<f32>, &F),
) where
    F: Fn(&[[f32; R]], [&[Line<f32>]; P], &mut Tile<f32, R, P>),
{
    let (inputs, outputs) = (layer.inputs, layer.outputs);
    // Blocks of about one size: 400 are twice 200 and not 384 and 16.
    let depth = inputs.div_ceil(inputs.div_ceil(DEPTH));
    for from in (0..inputs).step_by(depth) {
        let depth = depth.min(inputs - from);
        interleave::<f32, R>(input, inputs, (from, depth), strips);
        for (first, panels) in groups::<P>(outputs.div_ceil(LANES)) {
            let panels = panels.map(|panel| &lines[panel * inputs + from..][..depth]);
            let strips = strips.as_chunks::<R>().0.chunks_exact(depth);
            let mut sums = [[Line::default(); P]; R];
            for (strip, rows) in strips.zip(output.chunks_mut(R * outputs)) {
                tile(strip, panels, &mut sums);
                for (row, sums) in rows.chunks_exact_mut(outputs).zip(&sums) {
                    for (p, sum) in sums.iter().enumerate() {
                        let at = (first + p) * LANES;
                        let Some(to) = rest(row, at) else { continue };
                        let mut line = if from == 0 {
                            *layer.bias[at..].first_chunk().expect("padded to whole panels")
                        } else {
                            load(to)
                        };
                        for (value, more) in line.iter_mut().zip(&sum.0) {
                            *value += more;
                        }
                        store(&line, to);
                    }
                }
            }
        }
    }
}

/// Integer rows times integer weights: what turns the exact sums into outputs.
struct Sums<'a> {
    layer: &'a Linear,
    lines: &'a [Line<i32>],
    steps: usize,
    scale: &'a [f32],
    surplus: Option<&'a Vec<i32>>,
}

#[inline(always)]
fn integers<F, const R: usize, const P: usize>(
    of: &Sums<'_>,
    output: &mut [f32],
    buffers: &mut Buffers,
    tile: &F,
) where
    F: Fn(&[[i32; R]], [&[Line<i32>]; P], &mut Tile<i32, R, P>),
{
    let (steps, outputs) = (of.steps, of.layer.outputs);
    interleave::<i32, R>(&buffers.steps, steps, (0, steps), &mut buffers.integer_strips);
    for (first, panels) in groups::<P>(outputs.div_ceil(LANES)) {
        let panels = panels.map(|panel| &of.lines[panel * steps..][..steps]);
        let strips = buffers.integer_strips.as_chunks::<R>().0.chunks_exact(steps);
        let rows = output.chunks_mut(R * outputs).zip(buffers.scales.chunks(R));
        let mut sums = [[Line::default(); P]; R];
        for (strip, (rows, scales)) in strips.zip(rows) {
            tile(strip, panels, &mut sums);
            let rows = rows.chunks_exact_mut(outputs).zip(scales);
            for ((row, &row_scale), sums) in rows.zip(&sums) {
                for (p, sum) in sums.iter().enumerate() {
                    let at = (first + p) * LANES;
                    let Some(to) = rest(row, at) else { continue };
                    let line = (&of.scale[at..], &of.layer.bias[at..]);
                    let surplus = of.surplus.map_or(&[0; LANES][..], |surplus| &surplus[at..]);
                    store(&scaled(&sum.0, row_scale, line, surplus), to);
                }
            }
        }
    }
}

#[inline(always)]
fn scaled(
    sum: &[i32; LANES],
    row_scale: f32,
    (scale, bias): (&[f32], &[f32]),
    surplus: &[i32],
) -> [f32; LANES] {
    let padded = "padded to whole panels";
    let scale: &[f32; LANES] = scale.first_chunk().expect(padded);
    let bias: &[f32; LANES] = bias.first_chunk().expect(padded);
    let surplus: &[i32; LANES] = surplus.first_chunk().expect(padded);
    let mut line = [0.0; LANES];
    for lane in 0..LANES {
        let exact = sum[lane].wrapping_sub(surplus[lane]);
        line[lane] = exact as f32 * (row_scale * scale[lane]) + bias[lane];
    }
    line
}

/// A row from `at`; none if nothing is left of it, as for a panel that only fills up a group.
#[inline(always)]
fn rest(row: &mut [f32], at: usize) -> Option<&mut [f32]> {
    row.get_mut(at..).filter(|rest| !rest.is_empty())
}

/// The line that begins a row's rest, filled up with zeros.
#[inline(always)]
fn load(from: &[f32]) -> [f32; LANES] {
    from.first_chunk()
        .copied()
        .unwrap_or_else(|| std::array::from_fn(|lane| from.get(lane).copied().unwrap_or_default()))
}

/// Whole lines, or what is left of the last panel.
#[inline(always)]
fn store(line: &[f32; LANES], to: &mut [f32]) {
    if let Some(to) = to.first_chunk_mut::<LANES>() {
        *to = *line;
    } else {
        to.copy_from_slice(&line[..to.len()]);
    }
}

/// Panels in groups of `P`: the first of each, and all of them. What is missing in the last group is its last
/// panel again, whose outputs lie beyond the row and are not written.
#[inline(always)]
pub(super) fn groups<const P: usize>(panels: usize) -> impl Iterator<Item = (usize, [usize; P])> {
    (0..panels)
        .step_by(P)
        .map(move |first| (first, std::array::from_fn(|p| (first + p).min(panels - 1))))
}

/// Rows of `length` values in strips of `R`, column by column: `strips[strip][column][row]`. The last strip is
/// filled up with its last row.
#[inline(always)]
pub(super) fn interleave<T: Copy + Default, const R: usize>(
    rows: &[T],
    length: usize,
    (from, depth): (usize, usize),
    strips: &mut Vec<T>,
) {
    let count = rows.len() / length;
    strips.resize(count.next_multiple_of(R) * depth, T::default());
    let strips = strips.as_chunks_mut::<R>().0.chunks_exact_mut(depth);
    for (strip, first) in strips.zip((0..count).step_by(R)) {
        let rows: [&[T]; R] = std::array::from_fn(|row| {
            &rows[(first + row).min(count - 1) * length + from..][..depth]
        });
        for (column, values) in strip.iter_mut().enumerate() {
            for row in 0..R {
                values[row] = rows[row][column];
            }
        }
    }
}
