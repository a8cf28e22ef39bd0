//! int8 codes of vectors: a quarter of the bytes, so that looking at every chunk of a store stays fast.
//!
//! Vectors of one model share a direction, which would eat most of the eight bits; so a block keeps the mean
//! of its unit vectors, and codes hold the rest, each vector with a scale of its own. For a unit query `q`
//! and a unit vector `v`: `q·v = q·mean + q·(v - mean) ≈ q·mean + scale_q·scale_v·(code_q·code_v)`, off by
//! some thousandths. Callers take a few times as many candidates as they need and score those exactly.

use super::top::{Scored, Top};
use ahash::AHashSet;
use encoder::kernels::{dot_f32, scan_i8};

#[cfg(test)]
mod tests;

/// Largest value of a code; -128 is not used, so that codes are symmetric.
const CODE_MAX: f32 = 127.0;

/// Codes of some vectors, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeBlock {
    /// Vectors in the block, at least 1.
    pub(crate) n: usize,
    /// `n` chunk ids, i64 little-endian.
    pub(crate) chunks: Vec<u8>,
    /// `n`×dims codes, then `n` scales and dims means, both f32 little-endian.
    pub(crate) data: Vec<u8>,
}

/// Stored lengths that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadBlock;

/// The query has another number of dimensions than the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtherDimensions {
    pub(crate) query: usize,
    pub(crate) codes: usize,
}

impl CodeBlock {
    /// Codes of vectors that have one length and are neither zero nor infinite.
    pub(crate) fn encode(rows: &[(i64, &[f32])]) -> Self {
        let dims = rows.first().expect("a block holds at least one vector").1.len();
        let units: Vec<Vec<f32>> = rows.iter().map(|(_, v)| unit(v)).collect();
        let mean = mean(&units, dims);
        let mut block = Self {
            n: rows.len(),
            chunks: rows.iter().flat_map(|(chunk, _)| chunk.to_le_bytes()).collect(),
            data: Vec::with_capacity(rows.len() * (dims + 4) + 4 * dims),
        };
        let mut scales = Vec::with_capacity(rows.len());
        for unit in &units {
            let rest: Vec<f32> = unit.iter().zip(&mean).map(|(u, m)| u - m).collect();
            let (scale, codes) = quantise(&rest);
            scales.push(scale);
            block.data.extend_from_slice(bytemuck::cast_slice(&codes));
        }
        block.data.extend(scales.iter().chain(&mean).flat_map(|value| value.to_le_bytes()));
        block
    }

    pub(crate) fn view(&self) -> Result<BlockView<'_>, BadBlock> {
        BlockView::new(self.n, &self.chunks, &self.data)
    }
}

/// A block in place, over the bytes that the store gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockView<'a> {
    n: usize,
    dims: usize,
    chunks: &'a [u8],
    codes: &'a [i8],
    scales: &'a [u8],
    mean: &'a [u8],
}

impl<'a> BlockView<'a> {
    pub(crate) fn new(n: usize, chunks: &'a [u8], data: &'a [u8]) -> Result<Self, BadBlock> {
        // data = n·dims + 4·n + 4·dims
        let fits = || {
            let dims = data.len().checked_sub(n.checked_mul(4)?)?.checked_div(n.checked_add(4)?)?;
            let whole = n.checked_mul(dims)?.checked_add(n.checked_add(dims)?.checked_mul(4)?)?;
            (n > 0 && dims > 0 && whole == data.len() && chunks.len() == n.checked_mul(8)?)
                .then_some(dims)
        };
        let dims = fits().ok_or(BadBlock)?;
        let (codes, rest) = data.split_at(n * dims);
        let (scales, mean) = rest.split_at(4 * n);
        Ok(Self { n, dims, chunks, codes: bytemuck::cast_slice(codes), scales, mean })
    }

    /// Ids of the block's chunks, in the order of the codes.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = i64> + use<'a> {
        let (ids, _) = self.chunks.as_chunks::<8>();
        ids.iter().map(|id| i64::from_le_bytes(*id))
    }

    fn scales(&self) -> impl Iterator<Item = f32> + use<'a> {
        floats(self.scales)
    }
}

/// A query in codes. Its own block mean is zero: the exact unit vector meets the means.
#[derive(Debug)]
pub(crate) struct CodedQuery {
    unit: Vec<f32>,
    codes: Vec<i8>,
    scale: f32,
}

impl CodedQuery {
    /// None for a vector without a direction: zero, empty, or not finite.
    pub(crate) fn new(vector: &[f32]) -> Option<Self> {
        let norm = norm(vector);
        if norm == 0.0 || !norm.is_finite() {
            return None;
        }
        let unit = unit(vector);
        let (scale, codes) = quantise(&unit);
        Some(Self { unit, codes, scale })
    }
}

/// Offers every vector of a block to a list, with its cosine to the query as the codes say it.
#[derive(Debug)]
pub(crate) struct Scan<'q> {
    query: &'q CodedQuery,
    /// Only these chunks are offered; none: all.
    only: Option<&'q AHashSet<i64>>,
    top: Top,
    /// Reused from block to block.
    dots: Vec<i32>,
    mean: Vec<f32>,
}

impl<'q> Scan<'q> {
    pub(crate) fn new(query: &'q CodedQuery, only: Option<&'q AHashSet<i64>>, size: usize) -> Self {
        Self { query, only, top: Top::new(size), dots: Vec::new(), mean: Vec::new() }
    }

    pub(crate) fn block(&mut self, block: &BlockView<'_>) -> Result<(), OtherDimensions> {
        let query = self.query;
        if query.unit.len() != block.dims {
            return Err(OtherDimensions { query: query.unit.len(), codes: block.dims });
        }
        self.dots.resize(block.n, 0);
        self.mean.clear();
        self.mean.extend(floats(block.mean));
        scan_i8(&query.codes, block.codes, block.dims, &mut self.dots);
        let of_mean = dot_f32(&query.unit, &self.mean);
        let mut floor = self.top.floor();
        for ((dot, scale), chunk) in self.dots.iter().zip(block.scales()).zip(block.chunks()) {
            let score = of_mean + query.scale * scale * *dot as f32;
            if score >= floor && self.only.is_none_or(|only| only.contains(&chunk)) {
                self.top.offer(Scored { score, chunk });
                floor = self.top.floor();
            }
        }
        Ok(())
    }

    pub(crate) fn into_top(self) -> Top {
        self.top
    }
}

/// Cosine of two vectors of one length that are not zero, of any norm that f32 can hold.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    dot / (norm(a) * norm(b))
}

/// In f64, where the square of the largest f32 is still finite.
fn norm(vector: &[f32]) -> f64 {
    vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let by = 1.0 / norm(vector);
    vector.iter().map(|v| (f64::from(*v) * by) as f32).collect()
}

fn mean(units: &[Vec<f32>], dims: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f64; dims];
    for unit in units {
        for (sum, value) in sum.iter_mut().zip(unit) {
            *sum += f64::from(*value);
        }
    }
    sum.iter().map(|sum| (sum / units.len() as f64) as f32).collect()
}

/// `scale × code ≈ value`, with the largest value at the end of the scale.
fn quantise(values: &[f32]) -> (f32, Vec<i8>) {
    let largest = values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    // Below this the reciprocal would not be finite; nothing so small moves a unit vector.
    if largest < 1e-30 {
        return (0.0, vec![0; values.len()]);
    }
    let by = CODE_MAX / largest;
    // Rounds by truncation of a positive number, which vectorises on every processor; `round` does not.
    let codes = values.iter().map(|v| ((v * by + 128.5) as i32 - 128) as i8).collect();
    (largest / CODE_MAX, codes)
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + use<'_> {
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().map(|value| f32::from_le_bytes(*value))
}
