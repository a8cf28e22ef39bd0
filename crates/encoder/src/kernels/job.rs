//! What a kernel is asked to do: one value, so that each instruction set has one door.
#![forbid(unsafe_code)]

use super::{
    attention::{self, Attention, DistanceBias},
    dispatch::Kernels,
    gemm::{self, Product},
    layout::Linear,
    pointwise::{Activation, Norm},
};

/// A row of a table and the weight with which it enters a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    pub row: u32,
    pub weight: f32,
}

/// The work behind one call. Lengths have been checked when a job exists.
#[derive(Debug)]
pub(super) enum Job<'a> {
    /// `out[i]` = `query` · `codes[i*dims..][..dims]`, with dims = `query.len()` > 0.
    Scan {
        query: &'a [i8],
        codes: &'a [i8],
        out: &'a mut [i32],
    },
    /// `out` = `a` · `b`.
    Dot {
        a: &'a [f32],
        b: &'a [f32],
        out: &'a mut f32,
    },
    /// `sum` = Σ `weight` × row, added in the order of `picks`; a row has `sum.len()` values.
    WeightedSum {
        table: &'a [i8],
        picks: &'a [Pick],
        sum: &'a mut [f32],
    },
    Product(Product<'a>),
    Attention(Attention<'a>),
    /// Each row of `rows`, plus that of `added`, normed in place.
    Norm {
        rows: &'a mut [f32],
        added: Option<&'a [f32]>,
        norm: &'a Norm,
    },
}

/// What the kernels of a transformer need of memory besides their operands: one for each thread.
#[derive(Debug, Default)]
pub struct Buffers {
    product: gemm::Buffers,
    attention: attention::Buffers,
}

/// Dot products of `query` with each of the `out.len()` vectors that lie one after another in `codes`.
///
/// Shapes: `query` dims, `codes` `out.len()`×`dims` row-major; any `dims`, multiples of 64 are fastest.
/// Exact for `dims` < 65,536 and the same on every instruction set.
/// Panics if the lengths do not fit together.
pub fn scan_i8(query: &[i8], codes: &[i8], dims: usize, out: &mut [i32]) {
    Kernels::detected().scan_i8(query, codes, dims, out);
}

/// Dot product of two vectors of one length, the same bits on every instruction set.
///
/// Panics if the lengths differ.
pub fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    Kernels::detected().dot_f32(a, b)
}

impl Kernels {
    /// [`scan_i8`] on this instruction set.
    pub fn scan_i8(self, query: &[i8], codes: &[i8], dims: usize, out: &mut [i32]) {
        assert_eq!(query.len(), dims, "the query has another number of dimensions");
        assert_eq!(codes.len(), dims * out.len(), "codes and out differ in the number of vectors");
        if dims == 0 {
            out.fill(0);
            return;
        }
        self.run(Job::Scan { query, codes, out });
    }

    /// [`dot_f32`] on this instruction set.
    pub fn dot_f32(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "vectors of different length have no dot product");
        let mut out = 0.0;
        self.run(Job::Dot { a, b, out: &mut out });
        out
    }

    /// Fills `sum` with the weighted sum of the picked rows of `table`, whose rows have `sum.len()` values.
    ///
    /// Each element adds its terms in the order of `picks`, so the bits do not depend on the
    /// instruction set. Panics if a pick lies outside the table.
    pub fn weighted_sum(self, table: &[i8], picks: &[Pick], sum: &mut [f32]) {
        self.run(Job::WeightedSum { table, picks, sum });
    }

    /// `output` = activation(`input` × weights + bias), one row after another.
    ///
    /// Shapes: `input` rows×inputs, `output` rows×outputs. A row's outputs have the same bits whatever the
    /// other rows, and in the integer precisions and on every set with fused multiplication also whatever
    /// the instruction set. Panics if the shapes do not fit together.
    pub fn linear(
        self,
        layer: &Linear,
        input: &[f32],
        output: &mut [f32],
        (activation, buffers): (Option<Activation>, &mut Buffers),
    ) {
        let rows = input.len() / layer.inputs();
        assert_eq!(input.len(), rows * layer.inputs(), "inputs come in whole rows");
        assert_eq!(output.len(), rows * layer.outputs(), "as many rows of outputs as of inputs");
        let buffers = &mut buffers.product;
        self.run(Job::Product(Product { layer, input, output, activation, buffers }));
    }

    /// Self-attention of sequences that lie one after another.
    ///
    /// Shapes: `projected` tokens × 3·width (queries, keys, values), `output` tokens×width, with as many
    /// tokens as `lengths` add up to. Panics if the shapes do not fit together.
    pub fn attend(
        self,
        (projected, lengths): (&[f32], &[usize]),
        (heads, bias): (usize, Option<&DistanceBias>),
        output: &mut [f32],
        buffers: &mut Buffers,
    ) {
        let tokens: usize = lengths.iter().sum();
        assert_eq!(projected.len(), 3 * output.len(), "a query, a key and a value for each output");
        assert!(!lengths.contains(&0), "a sequence has tokens");
        assert!(tokens == 0 || output.len().is_multiple_of(tokens * heads), "heads of one size");
        let buffers = &mut buffers.attention;
        self.run(Job::Attention(Attention { projected, output, lengths, heads, bias, buffers }));
    }

    /// Brings each row of `rows`, plus that of `added`, to mean 0 and variance 1, and applies `norm`.
    ///
    /// Panics if `rows` are not whole rows, or `added` has another shape.
    pub fn norm(self, rows: &mut [f32], added: Option<&[f32]>, norm: &Norm) {
        assert!(rows.len().is_multiple_of(norm.width()), "norms come in whole rows");
        assert!(added.is_none_or(|added| added.len() == rows.len()), "rows of one shape");
        self.run(Job::Norm { rows, added, norm });
    }
}
