//! `MPNet`'s bias by distance: near distances have a bucket each, far ones share them by their logarithm.
//!
//! Source: Song et al., `MPNet` (2020), with the buckets of Raffel et al., "T5" (2019), section 2.1.
#![forbid(unsafe_code)]

use super::{LoadError, stack::Tensors};
use crate::kernels::DistanceBias;

/// From here on all distances share the last bucket.
const FAR: f32 = 128.0;

pub(super) fn load(parts: &mut Tensors<'_>) -> Result<DistanceBias, LoadError> {
    let (buckets, heads) = (parts.config.distance_buckets, parts.config.heads);
    let table = parts.floats("encoder.relative_attention_bias.weight", &[buckets, heads])?;
    let reach = parts.config.tokens_max() - 1;
    Ok(DistanceBias::new(heads, reach, |head, distance| {
        table[bucket(distance, buckets) * heads + head]
    }))
}

/// Half of the buckets are for keys before the query, half for those after it.
fn bucket(distance: isize, buckets: usize) -> usize {
    let half = buckets / 2;
    let side = if distance > 0 { half } else { 0 };
    let (far, exact) = (distance.unsigned_abs(), half / 2);
    if far < exact {
        return side + far;
    }
    // As the reference: logarithms in f32.
    let share = (far as f32 / exact as f32).ln() / (FAR / exact as f32).ln();
    side + (exact + (share * (half - exact) as f32) as usize).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn near_distances_have_buckets_of_their_own_and_far_ones_share() {
        let of = |distances: &[isize]| distances.iter().map(|&d| bucket(d, 32)).collect::<Vec<_>>();
        assert_eq!(of(&[0, -1, -7, 1, 7]), [0, 1, 7, 17, 23]);
        assert_eq!(
            of(&[-8, -11, -12, -15, -16, -31, -32, -64, -127, -128, -500]),
            [8, 8, 9, 9, 10, 11, 12, 14, 15, 15, 15]
        );
        assert_eq!(of(&[8, 500]), [24, 31]);
    }
}
