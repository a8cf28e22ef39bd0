//! Vectors, and the identity of the model that made them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Identity of an embedding model: two vectors may be compared only if these are equal.
///
/// Never an address or a path: provider, model (for local weights a hash of them), dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelId {
    pub provider: String,
    pub model: String,
    pub dimensions: usize,
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.model.is_empty() {
            f.write_str(&self.provider)
        } else {
            write!(f, "{}:{}", self.provider, self.model)
        }
    }
}

/// A vector of finite numbers that is not zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

/// Why a vector cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVector {
    #[error("embedding has {got} values, the model gives {expected}")]
    WrongDimension { expected: usize, got: usize },
    #[error("embedding holds a value that is not finite")]
    NotFinite,
    #[error("embedding is zero")]
    Zero,
}

impl Embedding {
    /// Checks dimension, finiteness and norm: nothing else ever becomes an `Embedding`.
    pub fn new(values: Vec<f32>, dimensions: usize) -> Result<Self, BadVector> {
        if values.len() != dimensions {
            return Err(BadVector::WrongDimension { expected: dimensions, got: values.len() });
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(BadVector::NotFinite);
        }
        if values.iter().all(|v| *v == 0.0) {
            return Err(BadVector::Zero);
        }
        Ok(Self(values))
    }

    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

/// A text has no vector in this model (nothing in it that the model knows): found by keywords only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoVector;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_vector_never_becomes_an_embedding() {
        assert_eq!(
            Embedding::new(vec![1.0], 2),
            Err(BadVector::WrongDimension { expected: 2, got: 1 })
        );
        assert_eq!(Embedding::new(vec![f32::NAN, 1.0], 2), Err(BadVector::NotFinite));
        assert_eq!(Embedding::new(vec![1.0, f32::INFINITY], 2), Err(BadVector::NotFinite));
        assert_eq!(Embedding::new(vec![0.0, -0.0], 2), Err(BadVector::Zero));
        assert_eq!(Embedding::new(vec![0.0, 0.5], 2).unwrap().values(), [0.0, 0.5]);
    }
}
