//! Vectors that belong to their text: a function of model, text and dimension, so that whoever finds a vector in
//! a store can check whose it is.

/// Identifies a text; equal for equal texts only, as far as BLAKE3 holds.
pub(crate) type TextKey = u128;

pub(crate) fn key(text: &str) -> TextKey {
    let hash = blake3::hash(text.as_bytes());
    let first = hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes");
    TextKey::from_le_bytes(*first)
}

/// The vector that every dialect gives for `text`: `dims` values of unit length, nearly orthogonal to those of
/// other texts and other models. The same on every machine and in every version.
pub fn vector(model: &str, text: &str, dims: usize) -> Vec<f32> {
    of_keys(key(model), key(text), dims)
}

pub(crate) fn of_keys(model: TextKey, text: TextKey, dims: usize) -> Vec<f32> {
    let mixed = model.rotate_left(1) ^ text;
    let seed = mixed as u64 ^ (mixed >> 64) as u64;
    let mut values: Vec<f32> = (0..dims as u64).map(|place| uniform(seed, place)).collect();
    let square: f64 = values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    let scale = (1.0 / square.sqrt()) as f32;
    for value in &mut values {
        *value *= scale;
    }
    values
}

/// In [-1, 1), never zero: the output of `SplitMix64` (Steele, Lea, Flood 2014) at `place`, its upper 24 bits.
fn uniform(seed: u64, place: u64) -> f32 {
    let mut z = seed.wrapping_add((place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let bits = ((z ^ (z >> 31)) >> 40) as i32;
    (bits * 2 + 1 - (1 << 24)) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::vector;

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn a_vector_has_the_asked_dimension_and_unit_length() {
        for dims in [1, 2, 3, 256, 3072] {
            let found = vector("m", "text", dims);
            assert_eq!(found.len(), dims);
            assert!((dot(&found, &found) - 1.0).abs() < 1e-5, "{dims}");
        }
    }

    #[test]
    fn equal_texts_have_equal_vectors_and_others_are_far() {
        let one = vector("m", "text", 256);
        assert_eq!(one, vector("m", "text", 256));
        for other in [vector("m", "text ", 256), vector("n", "text", 256), vector("m", "", 256)] {
            assert!(dot(&one, &other).abs() < 0.4);
        }
    }

    #[test]
    fn the_vector_of_a_text_never_changes_between_versions() {
        let found = vector("model", "gristmill", 4);
        assert_eq!(found, [0.226_069_88, -0.561_453_1, -0.118_170_66, 0.787_209_33]);
    }
}
