//! Self-attention of packed sequences, one head at a time, with a lane for each query.
//!
//! Scores are made as keys × queries, so that the softmax runs down a lane without sums across a register, the
//! weighted values need no packing of the scores, and the padding of a query block costs no mask.
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "inlining is what compiles these loops for the caller's instruction set"
)]

use super::{
    gemm::{self, Tile},
    layout::{LANES, Line},
    pointwise::{self, Arithmetic},
};

/// What attention needs of memory besides its operands; grows to what the longest sequence needed.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    keys: Vec<f32>,
    values: Vec<f32>,
    queries: Vec<Line<f32>>,
    scores: Vec<Line<f32>>,
}

/// An addition to every score, by the distance from query to key (`MPNet`). One table for all layers.
#[derive(Debug)]
pub struct DistanceBias {
    /// heads × (2·reach+1): entry `reach + key − query` of a head.
    pub(super) table: Vec<f32>,
    pub(super) reach: usize,
}

impl DistanceBias {
    /// `of(head, distance)` with the distance key − query, for all within ±`reach`.
    pub fn new(heads: usize, reach: usize, of: impl Fn(usize, isize) -> f32) -> Self {
        let far = reach as isize;
        let entry = |head| (-far..=far).map(move |distance| (head, distance));
        let table = (0..heads).flat_map(entry).map(|(head, distance)| of(head, distance)).collect();
        Self { table, reach }
    }

    /// heads × (2·reach+1): entry `reach + key − query` of a head.
    pub fn table(&self) -> &[f32] {
        &self.table
    }

    /// The farthest distance that has an entry.
    pub fn reach(&self) -> usize {
        self.reach
    }

    #[inline(always)]
    fn of_head(&self, head: usize) -> &[f32] {
        let entries = 2 * self.reach + 1;
        &self.table[head * entries..][..entries]
    }
}

/// Queries, keys and values of all heads, and where the outcome goes.
#[derive(Debug)]
pub(super) struct Attention<'a> {
    /// tokens × 3·width: queries, keys, values, each head after head.
    pub(super) projected: &'a [f32],
    /// tokens × width.
    pub(super) output: &'a mut [f32],
    /// Tokens of each sequence.
    pub(super) lengths: &'a [usize],
    pub(super) heads: usize,
    pub(super) bias: Option<&'a DistanceBias>,
    pub(super) buffers: &'a mut Buffers,
}

#[inline(always)]
pub(super) fn run<A, F, const R: usize, const P: usize>(of: Attention<'_>, tile: F)
where
    A: Arithmetic,
    F: Fn(&[[f32; R]], [&[Line<f32>]; P], &mut Tile<f32, R, P>),
{
    let Attention { projected, output, lengths, heads, bias, buffers } = of;
    let tokens: usize = lengths.iter().sum();
    if tokens == 0 {
        return;
    }
    let width = output.len() / tokens;
    let (mut projected, mut output) = (projected, output);
    for &length in lengths {
        let (sequence, rest) = projected.split_at(length * 3 * width);
        let (to, others) = output.split_at_mut(length * width);
        for head in 0..heads {
            let mut part = Head { sequence, to, width, size: width / heads, number: head };
            let bias = bias.map(|bias| (bias.of_head(head), bias.reach));
            part.attend::<A, F, R, P>(bias, buffers, &tile);
        }
        (projected, output) = (rest, others);
    }
}

/// One head of one sequence.
struct Head<'a> {
    sequence: &'a [f32],
    to: &'a mut [f32],
    width: usize,
    size: usize,
    number: usize,
}

impl Head<'_> {
    #[inline(always)]
    fn attend<A, F, const R: usize, const P: usize>(
        &mut self,
        bias: Option<(&[f32], usize)>,
        buffers: &mut Buffers,
        tile: &F,
    ) where
        A: Arithmetic,
        F: Fn(&[[f32; R]], [&[Line<f32>]; P], &mut Tile<f32, R, P>),
    {
        let length = self.to.len() / self.width;
        let at = self.width + self.number * self.size;
        gemm::interleave::<f32, R>(
            self.sequence,
            3 * self.width,
            (at, self.size),
            &mut buffers.keys,
        );
        self.pack_values::<R>(length, &mut buffers.values);
        self.pack_queries(&mut buffers.queries);
        let panels_all = length.div_ceil(LANES);
        for (first, panels) in gemm::groups::<P>(panels_all) {
            let queries = panels.map(|panel| &buffers.queries[panel * self.size..][..self.size]);
            buffers.scores.resize(P * length, Line::default());
            let keys = buffers.keys.as_chunks::<R>().0;
            score::<F, R, P>(keys, queries, &mut buffers.scores, tile);
            let mut inverses = [Line::default(); P];
            // The last group may hold its last panel twice.
            for (p, inverse) in inverses.iter_mut().enumerate().take(panels_all - first) {
                let scores = &mut buffers.scores[p * length..][..length];
                if let Some(bias) = bias {
                    add_bias(scores, panels[p] * LANES, bias);
                }
                *inverse = soften::<A>(scores);
            }
            let scores: [&[Line<f32>]; P] =
                std::array::from_fn(|p| &buffers.scores[p * length..][..length]);
            let strips = buffers.values.as_chunks::<R>().0.chunks_exact(length);
            let mut mixed = [[Line::default(); P]; R];
            for (strip, dimension) in strips.zip((0..self.size).step_by(R)) {
                tile(strip, scores, &mut mixed);
                self.put::<R, P>(&mixed, &inverses, (first, dimension));
            }
        }
    }

    /// `strips[strip][token][row]`: `R` dimensions of a value at a time, the last strip filled up with zeros.
    #[inline(always)]
    fn pack_values<const R: usize>(&self, length: usize, strips: &mut Vec<f32>) {
        strips.clear();
        strips.resize(self.size.next_multiple_of(R) * length, 0.0);
        let start = 2 * self.width + self.number * self.size;
        let chunks = strips.as_chunks_mut::<R>().0.chunks_exact_mut(length);
        for (strip, dimension) in chunks.zip((0..self.size).step_by(R)) {
            let present = R.min(self.size - dimension);
            for (to, token) in strip.iter_mut().zip(self.sequence.chunks_exact(3 * self.width)) {
                let from = &token[start + dimension..];
                // Of a fixed size wherever it can be: a copy of any size is a call.
                if let Some(whole) = from.first_chunk::<R>().filter(|_| present == R) {
                    *to = *whole;
                } else {
                    to[..present].copy_from_slice(&from[..present]);
                }
            }
        }
    }

    /// `panels[panel][dimension][query]`, times 1/√size; lanes beyond the last query hold zeros.
    #[inline(always)]
    fn pack_queries(&self, panels: &mut Vec<Line<f32>>) {
        let scale = 1.0 / (self.size as f32).sqrt();
        let length = self.to.len() / self.width;
        panels.resize(length.div_ceil(LANES) * self.size, Line::default());
        let tokens = self.sequence.chunks(LANES * 3 * self.width);
        for (panel, tokens) in panels.chunks_exact_mut(self.size).zip(tokens) {
            panel.fill(Line::default());
            for (lane, token) in tokens.chunks_exact(3 * self.width).enumerate() {
                let query = &token[self.number * self.size..][..self.size];
                for (line, value) in panel.iter_mut().zip(query) {
                    line.0[lane] = value * scale;
                }
            }
        }
    }

    /// Divides by the sums of the softmax, and turns dimension × query round.
    #[inline(always)]
    fn put<const R: usize, const P: usize>(
        &mut self,
        mixed: &Tile<f32, R, P>,
        inverses: &[Line<f32>; P],
        (panel, dimension): (usize, usize),
    ) {
        let present = R.min(self.size - dimension);
        let start = self.number * self.size + dimension;
        let tokens = self.to.chunks_exact_mut(self.width).skip(panel * LANES);
        for (query, token) in tokens.take(P * LANES).enumerate() {
            let (p, lane) = (query / LANES, query % LANES);
            let inverse = inverses[p].0[lane];
            for (value, row) in token[start..][..present].iter_mut().zip(mixed) {
                *value = row[p].0[lane] * inverse;
            }
        }
    }
}

/// `scores[panel][key]` = key · query for each lane.
#[inline(always)]
fn score<F, const R: usize, const P: usize>(
    keys: &[[f32; R]],
    queries: [&[Line<f32>]; P],
    scores: &mut [Line<f32>],
    tile: &F,
) where
    F: Fn(&[[f32; R]], [&[Line<f32>]; P], &mut Tile<f32, R, P>),
{
    let length = scores.len() / P;
    let mut sums = [[Line::default(); P]; R];
    for (strip, first) in keys.chunks_exact(queries[0].len()).zip((0..length).step_by(R)) {
        tile(strip, queries, &mut sums);
        for (key, sums) in sums.iter().enumerate().take(length - first) {
            for p in 0..P {
                scores[p * length + first + key] = sums[p];
            }
        }
    }
}

#[inline(always)]
fn add_bias(scores: &mut [Line<f32>], first_query: usize, (bias, reach): (&[f32], usize)) {
    for (key, line) in scores.iter_mut().enumerate() {
        for (lane, score) in line.0.iter_mut().enumerate() {
            // Lanes beyond the last query may lie outside the table: nobody reads them.
            *score += bias.get((reach + key).wrapping_sub(first_query + lane)).unwrap_or(&0.0);
        }
    }
}

/// e to the score less the largest of its lane; one over the sum of each lane.
#[inline(always)]
fn soften<A: Arithmetic>(scores: &mut [Line<f32>]) -> Line<f32> {
    let mut most = [f32::MIN; LANES];
    for Line(line) in &*scores {
        for lane in 0..LANES {
            most[lane] = if line[lane] > most[lane] { line[lane] } else { most[lane] };
        }
    }
    let mut sums = [0.0; LANES];
    for Line(line) in scores {
        for lane in 0..LANES {
            line[lane] = pointwise::exp::<A>(line[lane] - most[lane]);
        }
        for lane in 0..LANES {
            sums[lane] += line[lane];
        }
    }
    Line(sums.map(f32::recip))
}
