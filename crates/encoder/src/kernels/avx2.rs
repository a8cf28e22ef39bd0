//! 256-bit registers: `vpmaddwd` for integers, tiles of 6 rows by one panel for products, the portable loops for
//! everything else.
#![forbid(unsafe_code)]

use std::arch::x86_64::{
    __m256, __m256i, _mm_add_epi32, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128,
    _mm256_cvtepi8_epi16, _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_madd_epi16,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_srai_epi16, _mm256_srli_epi16,
};

use super::{
    attention,
    gemm::{self, Tile, Tiles},
    job::Job,
    layout::Line,
    pointwise::{self, Fused},
    portable,
};

/// Twelve of the sixteen registers hold the sums of a tile, two its line of weights, one an input.
const ROWS: usize = 6;
const PANELS: usize = 1;

/// `i8` values that one register holds after widening to `i16`, in which form they are multiplied.
const STEP: usize = 16;

#[target_feature(enable = "avx2,fma")]
pub(super) fn run(job: Job<'_>) {
    match job {
        Job::Scan { query, codes, out } => scan(query, codes, out),
        Job::Dot { a, b, out } => *out = portable::dot(a, b),
        Job::WeightedSum { table, picks, sum } => portable::weighted_sum(table, picks, sum),
        Job::Product(product) => {
            let tiles = Tiles {
                float: |strip: &_, panels: [&[_]; PANELS], sums: &mut _| float(strip, panels, sums),
                wide: |strip: &_, panels: [&[_]; PANELS], sums: &mut _| wide(strip, panels, sums),
                narrow: |strip: &_, panels: [&[_]; PANELS], sums: &mut _| {
                    narrow(strip, panels, sums);
                },
            };
            gemm::run::<Fused, _, _, _, ROWS, PANELS>(product, &tiles);
        }
        Job::Attention(of) => {
            let tile = |strip: &_, panels: [&[_]; PANELS], sums: &mut _| float(strip, panels, sums);
            attention::run::<Fused, _, ROWS, PANELS>(of, tile);
        }
        Job::Norm { rows, added, norm } => pointwise::normalise::<Fused>(rows, added, norm),
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn float(strip: &[[f32; ROWS]], [panel]: [&[Line<f32>]; PANELS], to: &mut Tile<f32, ROWS, PANELS>) {
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for (inputs, line) in strip.iter().zip(panel) {
        let [low, high]: [__m256; 2] = bytemuck::cast(line.0);
        for row in 0..ROWS {
            let input = _mm256_set1_ps(inputs[row]);
            sums[row][0] = _mm256_fmadd_ps(input, low, sums[row][0]);
            sums[row][1] = _mm256_fmadd_ps(input, high, sums[row][1]);
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row]);
    }
}

/// Pairs of `i16`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn wide(strip: &[[i32; ROWS]], [panel]: [&[Line<i32>]; PANELS], to: &mut Tile<i32, ROWS, PANELS>) {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (inputs, line) in strip.iter().zip(panel) {
        let [low, high]: [__m256i; 2] = bytemuck::cast(line.0);
        for row in 0..ROWS {
            let input = _mm256_set1_epi32(inputs[row]);
            sums[row][0] = _mm256_add_epi32(sums[row][0], _mm256_madd_epi16(input, low));
            sums[row][1] = _mm256_add_epi32(sums[row][1], _mm256_madd_epi16(input, high));
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row]);
    }
}

/// Quads of unsigned by signed bytes. `vpmaddubsw` would saturate, so both are split into their even and odd
/// bytes as `i16`: twice the multiplications, and exact.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn narrow(
    strip: &[[i32; ROWS]],
    [panel]: [&[Line<i32>]; PANELS],
    to: &mut Tile<i32, ROWS, PANELS>,
) {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    let low_bytes = _mm256_set1_epi32(0x00FF_00FF);
    for (inputs, line) in strip.iter().zip(panel) {
        let halves: [__m256i; 2] = bytemuck::cast(line.0);
        for half in 0..2 {
            let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(halves[half]));
            let odd = _mm256_srai_epi16::<8>(halves[half]);
            for row in 0..ROWS {
                let input = _mm256_set1_epi32(inputs[row]);
                let products = _mm256_add_epi32(
                    _mm256_madd_epi16(_mm256_and_si256(input, low_bytes), even),
                    _mm256_madd_epi16(_mm256_srli_epi16::<8>(input), odd),
                );
                sums[row][half] = _mm256_add_epi32(sums[row][half], products);
            }
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row]);
    }
}

#[target_feature(enable = "avx2,fma")]
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
#[target_feature(enable = "avx2,fma")]
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
#[target_feature(enable = "avx2,fma")]
fn products(query: __m256i, code: [i8; STEP]) -> __m256i {
    _mm256_madd_epi16(query, _mm256_cvtepi8_epi16(bytemuck::cast(code)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn lanes_sum(lanes: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let lanes: [i32; 4] = bytemuck::cast(half);
    lanes[0].wrapping_add(lanes[1]).wrapping_add(lanes[2].wrapping_add(lanes[3]))
}
