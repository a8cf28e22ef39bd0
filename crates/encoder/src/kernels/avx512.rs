//! 512-bit registers with VNNI: `vpdpbusd` for the scan, the portable loops for floats.
#![forbid(unsafe_code)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_setzero_si512, _mm512_xor_si512,
};

use super::{job::Job, portable};

const STEP: usize = 64;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn run(job: Job<'_>) {
    match job {
        Job::Scan { query, codes, out } => scan(query, codes, out),
        Job::Dot { a, b, out } => *out = portable::dot(a, b),
        Job::WeightedSum { table, picks, sum } => portable::weighted_sum(table, picks, sum),
    }
}

/// The instruction multiplies unsigned by signed bytes. Flipping the sign bit of a code `c` makes it the
/// unsigned `c + 128`, and Σ q·(c+128) is the wanted sum plus 128·Σ q, which one query has once.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn raised(code: [i8; STEP]) -> __m512i {
    _mm512_xor_si512(bytemuck::cast(code), _mm512_set1_epi8(i8::MIN))
}
