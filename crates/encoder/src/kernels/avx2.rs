//! 256-bit registers: `vpmaddwd` for the scan, the portable loops for floats.
#![forbid(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _mm_add_epi32, _mm256_add_epi32, _mm256_castsi256_si128, _mm256_cvtepi8_epi16,
    _mm256_extracti128_si256, _mm256_madd_epi16, _mm256_setzero_si256,
};

use super::{job::Job, portable};

/// `i8` values that one register holds after widening to `i16`, in which form they are multiplied.
const STEP: usize = 16;

#[target_feature(enable = "avx2")]
pub(super) fn run(job: Job<'_>) {
    match job {
        Job::Scan { query, codes, out } => scan(query, codes, out),
        Job::Dot { a, b, out } => *out = portable::dot(a, b),
        Job::WeightedSum { table, picks, sum } => portable::weighted_sum(table, picks, sum),
    }
}

#[target_feature(enable = "avx2")]
fn scan(query: &[i8], codes: &[i8], out: &mut [i32]) {
    let (steps, query_rest) = query.as_chunks::<STEP>();
    let wide: Vec<__m256i> =
        steps.iter().map(|&step| _mm256_cvtepi8_epi16(bytemuck::cast(step))).collect();
    for (code, sum) in codes.chunks_exact(query.len()).zip(out) {
        let (steps, code_rest) = code.as_chunks::<STEP>();
        *sum = dot(&wide, steps).wrapping_add(portable::dot_i8(query_rest, code_rest));
    }
}

/// Two sums, so that one addition need not wait for the other.
#[inline]
#[target_feature(enable = "avx2")]
fn dot(query: &[__m256i], code: &[[i8; STEP]]) -> i32 {
    let (query, query_odd) = query.as_chunks::<2>();
    let (code, code_odd) = code.as_chunks::<2>();
    let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for (q, c) in query.iter().zip(code) {
        even = _mm256_add_epi32(even, products(q[0], c[0]));
        odd = _mm256_add_epi32(odd, products(q[1], c[1]));
    }
    for (&q, &c) in query_odd.iter().zip(code_odd) {
        even = _mm256_add_epi32(even, products(q, c));
    }
    lanes_sum(_mm256_add_epi32(even, odd))
}

/// A pair of products of two `i8` is at most 2 × 128², so the 16-bit multiplication never saturates.
#[inline]
#[target_feature(enable = "avx2")]
fn products(query: __m256i, code: [i8; STEP]) -> __m256i {
    _mm256_madd_epi16(query, _mm256_cvtepi8_epi16(bytemuck::cast(code)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn lanes_sum(lanes: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let lanes: [i32; 4] = bytemuck::cast(half);
    lanes[0].wrapping_add(lanes[1]).wrapping_add(lanes[2].wrapping_add(lanes[3]))
}
