//! 512-bit registers with VNNI: `vpdpbusd` and `vpdpwssd` for integers, tiles of 12 rows by two panels for
//! products, the portable loops for everything else.
#![forbid(unsafe_code)]

use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_fmadd_ps,
    _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_xor_si512,
};

use super::{
    attention,
    gemm::{self, Tile, Tiles},
    job::Job,
    layout::Line,
    pointwise::{self, Fused},
    portable,
};

/// 24 of the 32 registers hold the sums of a tile, two its lines of weights, one an input.
const ROWS: usize = 12;
const PANELS: usize = 2;

const STEP: usize = 64;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn float(
    strip: &[[f32; ROWS]],
    [left, right]: [&[Line<f32>]; PANELS],
    to: &mut Tile<f32, ROWS, PANELS>,
) {
    let mut sums = [[_mm512_setzero_ps(); PANELS]; ROWS];
    for ((inputs, left), right) in strip.iter().zip(left).zip(right) {
        let (left, right): (__m512, __m512) = (bytemuck::cast(left.0), bytemuck::cast(right.0));
        for row in 0..ROWS {
            let input = _mm512_set1_ps(inputs[row]);
            sums[row][0] = _mm512_fmadd_ps(input, left, sums[row][0]);
            sums[row][1] = _mm512_fmadd_ps(input, right, sums[row][1]);
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row][0]);
        to[row][1].0 = bytemuck::cast(sums[row][1]);
    }
}

/// Pairs of `i16`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn wide(
    strip: &[[i32; ROWS]],
    [left, right]: [&[Line<i32>]; PANELS],
    to: &mut Tile<i32, ROWS, PANELS>,
) {
    let mut sums = [[_mm512_setzero_si512(); PANELS]; ROWS];
    for ((inputs, left), right) in strip.iter().zip(left).zip(right) {
        let (left, right): (__m512i, __m512i) = (bytemuck::cast(left.0), bytemuck::cast(right.0));
        for row in 0..ROWS {
            let input = _mm512_set1_epi32(inputs[row]);
            sums[row][0] = _mm512_dpwssd_epi32(sums[row][0], input, left);
            sums[row][1] = _mm512_dpwssd_epi32(sums[row][1], input, right);
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row][0]);
        to[row][1].0 = bytemuck::cast(sums[row][1]);
    }
}

/// Quads of unsigned by signed bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn narrow(
    strip: &[[i32; ROWS]],
    [left, right]: [&[Line<i32>]; PANELS],
    to: &mut Tile<i32, ROWS, PANELS>,
) {
    let mut sums = [[_mm512_setzero_si512(); PANELS]; ROWS];
    for ((inputs, left), right) in strip.iter().zip(left).zip(right) {
        let (left, right): (__m512i, __m512i) = (bytemuck::cast(left.0), bytemuck::cast(right.0));
        for row in 0..ROWS {
            let input = _mm512_set1_epi32(inputs[row]);
            sums[row][0] = _mm512_dpbusd_epi32(sums[row][0], input, left);
            sums[row][1] = _mm512_dpbusd_epi32(sums[row][1], input, right);
        }
    }
    for row in 0..ROWS {
        to[row][0].0 = bytemuck::cast(sums[row][0]);
        to[row][1].0 = bytemuck::cast(sums[row][1]);
    }
}

/// The instruction multiplies unsigned by signed bytes. Flipping the sign bit of a code `c` makes it the
/// unsigned `c + 128`, and Σ q·(c+128) is the wanted sum plus 128·Σ q, which one query has once.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn scan(query: &[i8], codes: &[i8], out: &mut [i32]) {
    let (steps, query_rest) = query.as_chunks::<STEP>();
    let surplus =
        steps.as_flattened().iter().fold(0i32, |sum, &q| sum.wrapping_add(128 * i32::from(q)));
    for (code, sum) in codes.chunks_exact(query.len()).zip(out) {
        let (code, code_rest) = code.as_chunks::<STEP>();
        *sum = raised_dot(steps, code)
            .wrapping_sub(surplus)
            .wrapping_add(portable::dot_i8(query_rest, code_rest));
    }
}

/// Two sums, so that one instruction need not wait for the other.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn raised_dot(query: &[[i8; STEP]], code: &[[i8; STEP]]) -> i32 {
    let (query, query_odd) = query.as_chunks::<2>();
    let (code, code_odd) = code.as_chunks::<2>();
    let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for (q, c) in query.iter().zip(code) {
        even = _mm512_dpbusd_epi32(even, raised(c[0]), bytemuck::cast(q[0]));
        odd = _mm512_dpbusd_epi32(odd, raised(c[1]), bytemuck::cast(q[1]));
    }
    for (&q, &c) in query_odd.iter().zip(code_odd) {
        even = _mm512_dpbusd_epi32(even, raised(c), bytemuck::cast(q));
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn raised(code: [i8; STEP]) -> __m512i {
    _mm512_xor_si512(bytemuck::cast(code), _mm512_set1_epi8(i8::MIN))
}
