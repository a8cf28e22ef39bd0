#![forbid(unsafe_code)]

use proptest::prelude::*;

use super::{Activation, Buffers, Isa, Kernels, Linear, Pick, Precision, dot_f32, scan_i8};

fn every_path() -> impl Iterator<Item = Kernels> {
    Isa::ALL.into_iter().filter_map(Kernels::on)
}

#[test]
fn the_detected_path_is_the_last_available_one() {
    assert_eq!(every_path().last(), Some(Kernels::detected()));
    assert_eq!(every_path().next().map(Kernels::isa), Some(Isa::Portable));
}

#[test]
fn a_scan_is_the_dot_product_of_each_vector() {
    let codes = [1, 2, 3, -4, 5, -6, i8::MIN, i8::MAX, 0];
    let mut out = [9; 3];
    scan_i8(&[1, -1, 2], &codes, 3, &mut out);
    assert_eq!(out, [5, -21, -255]);
}

#[test]
fn the_extremes_do_not_saturate() {
    for kernels in every_path() {
        for dims in [1, 16, 64, 100, 256, 384, 4096] {
            let (low, mut out) = (vec![i8::MIN; dims], [0]);
            kernels.scan_i8(&low, &low, dims, &mut out);
            assert_eq!(
                out[0] as usize,
                dims * 128 * 128,
                "{dims} dimensions on {}",
                kernels.isa().name()
            );
        }
    }
}

#[test]
fn vectors_of_no_dimensions_have_products_of_zero() {
    let mut out = [7; 2];
    scan_i8(&[], &[], 0, &mut out);
    assert_eq!(out, [0, 0]);
}

#[test]
#[should_panic(expected = "codes and out differ")]
fn a_scan_refuses_a_short_output() {
    scan_i8(&[1, 2], &[1, 2, 3, 4], 2, &mut [0]);
}

#[test]
fn a_float_dot_product_has_its_value() {
    let a: Vec<f32> = (0..100).map(|i| i as f32).collect();
    assert!((dot_f32(&a, &a) - 328_350.0).abs() < f32::EPSILON);
}

proptest! {
    #[test]
    fn scans_agree_on_every_path(dims in 1usize..400, seed in any::<u64>()) {
        let mut bytes = noise(seed).map(|bits| bits as i8);
        let query: Vec<i8> = bytes.by_ref().take(dims).collect();
        let codes: Vec<i8> = bytes.take(dims * 5).collect();
        let expected: Vec<i32> = codes
            .chunks(dims)
            .map(|code| code.iter().zip(&query).map(|(&c, &q)| i32::from(c) * i32::from(q)).sum())
            .collect();
        for kernels in every_path() {
            let mut out = vec![0; 5];
            kernels.scan_i8(&query, &codes, dims, &mut out);
            prop_assert_eq!(&out, &expected, "on {}", kernels.isa().name());
        }
    }

    #[test]
    fn float_sums_agree_to_the_bit_on_every_path(dims in 1usize..300, picks in 0usize..40, seed in any::<u64>()) {
        let rows = 16;
        let table: Vec<i8> = noise(seed).map(|bits| bits as i8).take(rows * dims).collect();
        let picks: Vec<Pick> = noise(!seed)
            .map(|bits| Pick { row: (bits % 16) as u32, weight: (bits >> 40) as f32 * 1e-6 - 7.0 })
            .take(picks)
            .collect();
        let bits = |kernels: Kernels| {
            let mut sum = vec![f32::NAN; dims];
            kernels.weighted_sum(&table, &picks, &mut sum);
            let square = kernels.dot_f32(&sum, &sum);
            (sum.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), square.to_bits())
        };
        let portable = bits(Kernels::on(Isa::Portable).unwrap());
        for kernels in every_path() {
            prop_assert_eq!(&bits(kernels), &portable, "on {}", kernels.isa().name());
        }
    }
}

/// Floats within ±1.
fn small(seed: u64, count: usize) -> Vec<f32> {
    noise(seed).map(|bits| (bits >> 40) as f32 / (1u64 << 23) as f32 - 1.0).take(count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn linear_layers_of_any_size_agree_with_the_sum_in_f64_on_every_path(
        rows in 1usize..130, inputs in 1usize..400, outputs in 1usize..70, seed in any::<u64>(),
    ) {
        let (weights, bias) = (small(seed, inputs * outputs), small(!seed, outputs));
        let input = small(seed ^ 7, rows * inputs);
        let exact = |row: usize, output: usize| -> f64 {
            let pairs = input[row * inputs..].iter().zip(&weights[output * inputs..][..inputs]);
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() + f64::from(bias[output])
        };
        for precision in Precision::ALL {
            let layer = Linear::new(&weights, &bias, precision);
            // Of the length of a sum of `inputs` products, roughly: what rounding adds up to.
            let allowed = (inputs as f64).sqrt() * match precision {
                Precision::F32 => 4e-6,
                Precision::I16 => 3e-3,
                Precision::I8 => 3e-2,
            };
            let mut fused: Option<Vec<u32>> = None;
            for kernels in every_path() {
                let (mut output, mut buffers) = (vec![f32::NAN; rows * outputs], Buffers::default());
                kernels.linear(&layer, &input, &mut output, (None, &mut buffers));
                for (at, value) in output.iter().enumerate() {
                    let off = (f64::from(*value) - exact(at / outputs, at % outputs)).abs();
                    prop_assert!(off < allowed, "{} on {}: off by {off}", precision.name(), kernels.isa().name());
                }
                if precision == Precision::F32 && kernels.isa() == Isa::Portable {
                    continue;
                }
                let bits: Vec<u32> = output.iter().map(|value| value.to_bits()).collect();
                prop_assert_eq!(fused.get_or_insert_with(|| bits.clone()), &bits);
            }
        }
    }
}

#[test]
fn an_activation_is_applied_to_every_output() {
    let layer = Linear::new(&[1.0, -1.0], &[0.0, 0.0], Precision::F32);
    for kernels in every_path() {
        let mut output = [0.0; 200];
        let input: Vec<f32> = (0..100).map(|i| i as f32).collect();
        let how = (Some(Activation::Relu), &mut Buffers::default());
        kernels.linear(&layer, &input, &mut output, how);
        let sums: Vec<f32> = output.chunks(2).map(|pair| pair[0] - pair[1]).collect();
        assert_eq!(sums, input);
    }
}

/// A Weyl sequence through a mixer (splitmix64): enough disorder, and the failing case can be repeated.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    (1u64..).map(move |step| {
        let mixed = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    })
}
