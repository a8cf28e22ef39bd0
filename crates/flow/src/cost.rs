//! What a call costs in the dimensions that a provider limits by rate.

use quota::Dimension;

/// Dimensions that are limited by rate.
pub const RATES: [Dimension; 4] =
    [Dimension::Requests, Dimension::InputTokens, Dimension::OutputTokens, Dimension::Items];

/// One amount per dimension of [`RATES`], in that order. Finite and not negative.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost(pub [f64; RATES.len()]);

impl Cost {
    /// One request with so many input tokens and items.
    pub fn request(input_tokens: f64, items: f64) -> Self {
        Self([1.0, input_tokens, 0.0, items])
    }

    /// Zero for dimensions that are not limited by rate.
    pub fn of(&self, dimension: Dimension) -> f64 {
        RATES.iter().position(|rate| *rate == dimension).map_or(0.0, |index| self.0[index])
    }
}
