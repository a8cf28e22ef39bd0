//! What a transformer does between its products: exponentials, activations, norms. Written once as plain loops,
//! compiled for each instruction set; sums run in 16 lanes whatever the width of a register.
#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "inlining is what compiles these loops for the caller's instruction set"
)]

use super::layout::LANES;

/// How `a × b + c` is rounded: the only thing in which instruction sets differ here.
pub(super) trait Arithmetic {
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// Rounded once. The same bits on every processor that has it.
pub(super) struct Fused;

/// Rounded twice, where the processor may lack the fused instruction and imitating it would cost far more.
pub(super) struct Plain;

impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Arithmetic for Plain {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// What stands between the two halves of a layer's feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x·Φ(x), with the error function.
    Gelu,
    /// Its approximation with a hyperbolic tangent.
    GeluTanh,
    Relu,
    Tanh,
}

#[inline(always)]
pub(super) fn activate<A: Arithmetic>(values: &mut [f32], activation: Activation) {
    // Loops and not closures, which could be compiled apart, without the caller's instruction set.
    match activation {
        Activation::Gelu => {
            for x in values {
                *x = gelu::<A>(*x);
            }
        }
        Activation::GeluTanh => {
            for x in values {
                *x = gelu_tanh::<A>(*x);
            }
        }
        Activation::Relu => {
            for x in values {
                *x = if *x > 0.0 { *x } else { 0.0 };
            }
        }
        Activation::Tanh => {
            for x in values {
                *x = tanh::<A>(*x);
            }
        }
    }
}

/// eˣ for x within ±87, clamped to that; relative error below 2e-7.
///
/// Source: Cody and Waite's reduction by ln 2 in two parts; the polynomial is that of Moshier's Cephes `expf`.
#[inline(always)]
pub(super) fn exp<A: Arithmetic>(x: f32) -> f32 {
    /// 1.5 × 2²³: added, it rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = clamp(x, 87.0);
    let shifted = A::multiply_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let rest = A::multiply_add(n, -0.693_359_4, x);
    let rest = A::multiply_add(n, 2.121_944_4e-4, rest);
    let mut sum = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = A::multiply_add(sum, rest, c);
    }
    let mantissa = A::multiply_add(sum, rest * rest, rest) + 1.0;
    let power = shifted.to_bits().wrapping_add(127).wrapping_shl(23);
    mantissa * f32::from_bits(power)
}

/// The error function, absolute error below 5e-7.
///
/// Source: the rational approximation on ±4 that Eigen and XLA used, checked here against f64.
#[inline(always)]
fn erf<A: Arithmetic>(x: f32) -> f32 {
    let x = clamp(x, 4.0);
    let s = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        p = A::multiply_add(p, s, c);
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = A::multiply_add(q, s, c);
    }
    x * p / q
}

#[inline(always)]
fn gelu<A: Arithmetic>(x: f32) -> f32 {
    let half = 0.5 * x;
    A::multiply_add(half, erf::<A>(x * std::f32::consts::FRAC_1_SQRT_2), half)
}

/// 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
#[inline(always)]
fn gelu_tanh<A: Arithmetic>(x: f32) -> f32 {
    const SLOPE: f32 = 0.797_884_6;
    let inner = SLOPE * x * A::multiply_add(0.044_715 * x, x, 1.0);
    let half = 0.5 * x;
    A::multiply_add(half, tanh::<A>(inner), half)
}

/// 1 − 2/(e²ˣ+1), absolute error below 2e-7.
#[inline(always)]
fn tanh<A: Arithmetic>(x: f32) -> f32 {
    1.0 - 2.0 / (exp::<A>(2.0 * clamp(x, 20.0)) + 1.0)
}

#[inline(always)]
fn clamp(x: f32, most: f32) -> f32 {
    let x = if x > most { most } else { x };
    if x < -most { -most } else { x }
}

/// The scale and shift of a layer norm, and what keeps it from dividing by zero.
#[derive(Debug)]
pub struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
    pub(super) epsilon: f32,
}

impl Norm {
    /// Panics if the lengths differ, or there is nothing to norm.
    pub fn new(scale: Vec<f32>, shift: Vec<f32>, epsilon: f32) -> Self {
        assert!(!scale.is_empty() && scale.len() == shift.len(), "a scale and a shift each");
        Self { scale, shift, epsilon }
    }

    pub fn width(&self) -> usize {
        self.scale.len()
    }

    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    /// What is added to the variance.
    pub fn epsilon(&self) -> f32 {
        self.epsilon
    }
}

/// Each row of `rows`, plus that of `added` if there is one, to mean 0 and variance 1, then scaled and shifted.
#[inline(always)]
pub(super) fn normalise<A: Arithmetic>(rows: &mut [f32], added: Option<&[f32]>, norm: &Norm) {
    let width = norm.scale.len();
    for (at, row) in rows.chunks_exact_mut(width).enumerate() {
        if let Some(added) = added {
            for (value, more) in row.iter_mut().zip(&added[at * width..][..width]) {
                *value += more;
            }
        }
        let mean = lane_sum(row, |x| x) / width as f32;
        let variance = lane_sum(row, |x| (x - mean) * (x - mean)) / width as f32;
        let inverse = 1.0 / (variance + norm.epsilon).sqrt();
        for ((value, scale), shift) in row.iter_mut().zip(&norm.scale).zip(&norm.shift) {
            *value = A::multiply_add((*value - mean) * inverse, *scale, *shift);
        }
    }
}

/// Σ `of`(value) in 16 lanes, which are then added in halves.
#[inline(always)]
fn lane_sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (lines, rest) = values.as_chunks::<LANES>();
    for line in lines {
        for lane in 0..LANES {
            lanes[lane] += of(line[lane]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += of(value);
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> impl Iterator<Item = f32> {
        (-200_000..=200_000).map(|step| step as f32 * 1e-4)
    }

    /// Series and continued fraction in f64, independent of what is tested.
    fn erf_exact(x: f64) -> f64 {
        if x.abs() > 6.0 {
            return x.signum();
        }
        let (mut term, mut sum) = (x, x);
        for n in 1..300 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    fn worst(approximate: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        grid()
            .step_by(7)
            .map(|x| (f64::from(approximate(x)) - exact(f64::from(x))).abs())
            .fold(0.0, f64::max)
    }

    fn worst_relative(approximate: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        grid()
            .map(|x| (f64::from(approximate(x)) / exact(f64::from(x)) - 1.0).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn exponentials_are_exact_to_two_steps_of_a_float() {
        assert!(worst_relative(exp::<Fused>, f64::exp) < 2.5e-7);
        assert!(worst_relative(exp::<Plain>, f64::exp) < 2.5e-7);
        assert!(exp::<Fused>(-1e30) > 0.0 && exp::<Fused>(-1e30) < 2e-38);
        assert!(exp::<Fused>(1e30).is_finite());
    }

    #[test]
    fn activations_follow_their_definitions() {
        let phi = |x: f64| 0.5 * (1.0 + erf_exact(x / std::f64::consts::SQRT_2));
        let near = |f: fn(f32) -> f32| move |x: f32| if x.abs() < 5.0 { f(x) } else { 0.0 };
        let gelu_exact = |x: f64| if x.abs() < 5.0 { x * phi(x) } else { 0.0 };
        assert!(worst(near(gelu::<Fused>), gelu_exact) < 2e-6);
        assert!(worst(near(gelu::<Plain>), gelu_exact) < 2e-6);
        let tangent = |x: f64| {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        };
        assert!(worst(gelu_tanh::<Fused>, tangent) < 3e-6);
        assert!(worst(tanh::<Fused>, f64::tanh) < 3e-7);
        assert!((gelu::<Fused>(20.0) - 20.0).abs() < 1e-4 && gelu::<Fused>(-20.0).abs() < 1e-5);
        let mut values = [-1.0, 0.5];
        activate::<Fused>(&mut values, Activation::Relu);
        assert_eq!(values.map(f32::to_bits), [0.0f32, 0.5].map(f32::to_bits));
    }

    #[test]
    fn a_normed_row_has_mean_zero_and_variance_one() {
        let mut row: Vec<f32> = (0..100).map(|i| (i * i % 17) as f32).collect();
        let added = vec![0.5; 100];
        let norm = Norm::new(vec![1.0; 100], vec![0.0; 100], 1e-12);
        normalise::<Fused>(&mut row, Some(&added), &norm);
        let mean = row.iter().sum::<f32>() / 100.0;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 100.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
    }
}
