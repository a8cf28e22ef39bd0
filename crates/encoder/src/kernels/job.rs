//! What a kernel is asked to do: one value, so that each instruction set has one door.
#![forbid(unsafe_code)]

use super::dispatch::Kernels;

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
    Scan { query: &'a [i8], codes: &'a [i8], out: &'a mut [i32] },
    /// `out` = `a` · `b`.
    Dot { a: &'a [f32], b: &'a [f32], out: &'a mut f32 },
    /// `sum` = Σ `weight` × row, added in the order of `picks`; a row has `sum.len()` values.
    WeightedSum { table: &'a [i8], picks: &'a [Pick], sum: &'a mut [f32] },
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
}
