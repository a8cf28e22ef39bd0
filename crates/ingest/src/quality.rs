//! Whether a vector can be what a sound model says of a text, and whether a model tells texts apart.
//!
//! Checks, penalties and thresholds are those that users of the earlier systems know. Vectors of a wrong dimension, with
//! values that are not finite, and zero vectors never come here: such a reply is an error of its call, which is made again.

use types::embedding::Embedding;

/// Fewer values of a good vector are zero.
const ZEROS_MAX: f64 = 0.5;
/// A value beyond this is no part of an embedding.
const VALUE_MAX: f32 = 100.0;
const NORM_MIN: f64 = 0.1;
const NORM_MAX: f64 = 10.0;
/// Values that differ less than this (standard deviation) hardly say anything.
const DEVIATION_MIN: f64 = 0.01;

const SUSPICIOUS_COSTS: f64 = 0.8;
const LOW_COSTS: f64 = 0.3;
const HIGH_COSTS: f64 = 0.2;
const SPREAD_EARNS: f64 = 0.1;

/// A vector with an issue is good enough above this.
const VALID_ABOVE: f64 = 0.5;
/// Below this it is made again.
const AGAIN_BELOW: f64 = 0.3;

/// So often at most; then the best is kept.
const AGAIN_MAX: u8 = 2;

/// What the checks say of one vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quality {
    /// In 0..=1.
    pub score: f64,
    /// A value is too large to be true.
    pub suspicious: bool,
    pub magnitude: Magnitude,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magnitude {
    Sound,
    /// Short, or mostly zeros.
    Low,
    /// Long. Models that do not normalise give such vectors.
    High,
}

impl Quality {
    pub(crate) fn of(vector: &Embedding) -> Self {
        let values = vector.values();
        let count = values.len() as f64;
        let (mut sum, mut squares, mut zeros, mut suspicious) = (0.0, 0.0, 0.0, false);
        for value in values {
            let wide = f64::from(*value);
            sum += wide;
            squares += wide * wide;
            zeros += f64::from(u8::from(*value == 0.0));
            suspicious |= value.abs() > VALUE_MAX;
        }
        let (norm, mean) = (f64::sqrt(squares), sum / count);
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        let (magnitude, magnitude_costs) = match norm {
            _ if norm < NORM_MIN || zeros > ZEROS_MAX * count => (Magnitude::Low, LOW_COSTS),
            _ if norm > NORM_MAX => (Magnitude::High, HIGH_COSTS),
            _ => (Magnitude::Sound, 0.0),
        };
        let suspicion_costs = if suspicious { SUSPICIOUS_COSTS } else { 0.0 };
        let earned = if deviation > DEVIATION_MIN { SPREAD_EARNS } else { 0.0 };
        let score = (1.0 - suspicion_costs - magnitude_costs + earned).clamp(0.0, 1.0);
        Self { score, suspicious, magnitude }
    }

    pub(crate) fn is_valid(&self) -> bool {
        let sound = !self.suspicious && self.magnitude == Magnitude::Sound;
        sound || self.score > VALID_ABOVE
    }

    /// Whether another answer of the model may be better.
    pub(crate) fn wants_another(&self) -> bool {
        self.suspicious || self.score < AGAIN_BELOW
    }
}

/// The vectors that a text was given so far.
#[derive(Debug, Default)]
pub(crate) struct Candidate {
    best: Option<(Embedding, Quality)>,
    again: u8,
}

impl Candidate {
    /// The vector to keep, the new one or a better one before it; none while another one is wanted.
    pub(crate) fn judge(&mut self, vector: Embedding) -> Option<(Embedding, Quality)> {
        let quality = Quality::of(&vector);
        let best = match self.best.take() {
            Some(best) if best.1.score >= quality.score => best,
            _ => (vector, quality),
        };
        if best.1.wants_another() && self.again < AGAIN_MAX {
            self.again += 1;
            self.best = Some(best);
            return None;
        }
        Some(best)
    }

    /// The best so far, when no other will come.
    pub(crate) fn into_best(self) -> Option<(Embedding, Quality)> {
        self.best
    }
}

/// Texts of which the first two belong together and the third to neither, in order of pairs.
pub const PAIRS: [(&str, &str, &str); 6] = [
    (
        "machine learning models are trained on data",
        "a neural network learns from examples",
        "cooking recipes for a winter stew",
    ),
    (
        "the bank lowered its interest rate",
        "loans became cheaper after the central bank's decision",
        "the frog lays its eggs in shallow water",
    ),
    (
        "how to repair the chain of a bicycle",
        "fixing a bike whose chain has come off",
        "the queen signed the treaty in 1713",
    ),
    (
        "heavy rain flooded the streets",
        "the storm left the town under water",
        "the violinist tuned her instrument",
    ),
    (
        "a vaccine protects children against measles",
        "immunisation prevents infectious diseases",
        "the theorem is proved by induction",
    ),
    (
        "wheat and barley are grown in the valley",
        "farmers harvest grain in summer",
        "the spacecraft entered an orbit around Mars",
    ),
];

/// Share of the comparisons that a sound model gets right, at least.
const COHERENT_FROM: f64 = 0.9;

/// How a model orders [`PAIRS`]: right is a pair that is nearer than either text is to a stranger. Cosines of different
/// models lie on different scales, so only their order is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coherence {
    pub right: u32,
    pub of: u32,
}

impl Coherence {
    /// `vectors`: of the texts of [`PAIRS`], in order; none for a text that the model knows nothing of, which is right
    /// in no comparison.
    pub fn of(vectors: &[Option<Embedding>]) -> Self {
        let (triples, _) = vectors.as_chunks::<3>();
        let (mut right, mut of) = (0, 0);
        for [first, second, _] in triples {
            let near = cosine(first.as_ref(), second.as_ref());
            for [.., stranger] in triples {
                for text in [first, second] {
                    of += 1;
                    let far = cosine(text.as_ref(), stranger.as_ref());
                    right += u32::from(near.zip(far).is_some_and(|(near, far)| near > far));
                }
            }
        }
        Self { right, of }
    }

    pub fn is_coherent(&self) -> bool {
        f64::from(self.right) >= COHERENT_FROM * f64::from(self.of)
    }
}

fn cosine(a: Option<&Embedding>, b: Option<&Embedding>) -> Option<f64> {
    let (a, b) = (a?.values(), b?.values());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    Some(dot(a, b) / (dot(a, a) * dot(b, b)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(values: &[f32]) -> Quality {
        Quality::of(&Embedding::new(values.to_vec(), values.len()).unwrap())
    }

    #[test]
    fn each_issue_has_its_price() {
        for (values, score, valid, again) in [
            (vec![0.6, -0.8], 1.0, true, false),
            // All alike: nothing earned, nothing lost.
            (vec![0.5; 4], 1.0, true, false),
            (vec![0.05, -0.05], 0.8, true, false),
            (vec![0.0, 0.0, 0.0, 1.0], 0.8, true, false),
            (vec![30.0, -2.0], 0.9, true, false),
            (vec![0.001; 4], 0.7, true, false),
            (vec![200.0, 1.0], 0.1, false, true),
            (vec![200.0, 0.0, 0.0, 0.0], 0.0, false, true),
        ] {
            let found = quality(&values);
            assert!((found.score - score).abs() < 1e-9, "{values:?}: {found:?}");
            assert_eq!((found.is_valid(), found.wants_another()), (valid, again), "{values:?}");
        }
    }

    #[test]
    fn a_model_is_coherent_if_pairs_are_nearer_than_strangers() {
        // Each pair on an axis of its own, strangers on another.
        let along = |axis: usize| {
            let mut values = vec![0.0; 7];
            values[axis] = 1.0;
            Some(Embedding::new(values, 7).unwrap())
        };
        let sound: Vec<_> = (0..6).flat_map(|pair| [along(pair), along(pair), along(6)]).collect();
        let found = Coherence::of(&sound);
        assert_eq!(found, Coherence { right: 72, of: 72 });
        assert!(found.is_coherent());
        let constant: Vec<_> = (0..18).map(|_| along(0)).collect();
        assert!(!Coherence::of(&constant).is_coherent());
        assert_eq!(Coherence::of(&vec![None; 18]).right, 0);
    }
}
