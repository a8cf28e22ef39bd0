//! Pieces of chunks back to one vector for each chunk.

use super::Piece;
use crate::embed::callee::Failed;
use crate::embed::ending;
use flow::lane::End;
use std::collections::HashMap;
use types::embedding::{Embedding, NoVector};
use types::failure::Failure;

/// Chunks of which a piece is under way.
#[derive(Debug, Default)]
pub(super) struct Places {
    open: HashMap<i64, Open>,
}

#[derive(Debug, Default)]
struct Open {
    left: usize,
    /// With their weights: the tokens of their pieces.
    vectors: Vec<(f64, Embedding)>,
    refused: Option<Failure>,
    /// Into windows.
    cut: bool,
}

impl Open {
    /// The better of bad vectors, if it had given one before it refused.
    fn settle_refused(&mut self, piece: &mut Piece, failure: Failure) {
        match std::mem::take(&mut piece.candidate).into_best() {
            Some((vector, _)) => self.vectors.push((piece.tokens.max(1) as f64, vector)),
            None => self.refused = Some(failure),
        }
    }
}

/// A chunk of which every piece has come back.
#[derive(Debug)]
pub(super) struct Ended {
    pub vector: Option<Embedding>,
    pub refused: Option<Failure>,
}

impl Places {
    pub(super) fn expect(&mut self, place: i64, pieces: usize) {
        self.open.insert(place, Open { left: pieces, cut: pieces > 1, ..Open::default() });
    }

    /// One piece has become two. True the first time that the chunk is cut.
    pub(super) fn divide(&mut self, place: i64) -> bool {
        let Some(open) = self.open.get_mut(&place) else { return false };
        open.left += 1;
        !std::mem::replace(&mut open.cut, true)
    }

    /// The chunk, if this was its last piece. With one piece refused it has no vector: half of a text would stand
    /// for the whole.
    pub(super) fn settle(
        &mut self,
        piece: &mut Piece,
        end: End<Result<Embedding, NoVector>, Failed>,
    ) -> Option<Ended> {
        let open = self.open.get_mut(&piece.place)?;
        open.left -= 1;
        match end {
            End::Done(Ok(vector)) => open.vectors.push((piece.tokens.max(1) as f64, vector)),
            End::Done(Err(NoVector)) => {}
            End::Refused(failed) => open.settle_refused(piece, ending::refused(failed.error)),
            End::Expired => open.settle_refused(piece, ending::expired()),
        }
        if open.left > 0 {
            return None;
        }
        let Open { vectors, refused, .. } = self.open.remove(&piece.place)?;
        let vector = if refused.is_none() { mean(vectors) } else { None };
        Some(Ended { vector, refused })
    }
}

/// The mean of the vectors by their weights, as long as they are in the mean: some models give unit vectors, and
/// then it is one. None without vectors, or where they cancel out.
fn mean(mut vectors: Vec<(f64, Embedding)>) -> Option<Embedding> {
    if vectors.len() < 2 {
        return vectors.pop().map(|(_, vector)| vector);
    }
    let dimensions = vectors[0].1.values().len();
    let mut sum = vec![0.0; dimensions];
    let (mut weights, mut norms) = (0.0, 0.0);
    for (weight, vector) in &vectors {
        for (sum, value) in sum.iter_mut().zip(vector.values()) {
            *sum += weight * f64::from(*value);
        }
        weights += weight;
        norms += weight * norm(vector.values().iter().map(|value| f64::from(*value)));
    }
    let length = norm(sum.iter().copied());
    let scale = norms / weights / length;
    Embedding::new(sum.iter().map(|value| (value * scale) as f32).collect(), dimensions).ok()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Candidate;

    fn embedding(values: &[f32]) -> Embedding {
        Embedding::new(values.to_vec(), values.len()).unwrap()
    }

    fn piece(tokens: usize) -> Piece {
        Piece { place: 5, tokens, text: String::new(), candidate: Candidate::default() }
    }

    #[test]
    fn pieces_weigh_by_their_tokens_and_unit_vectors_stay_unit() {
        let mut places = Places::default();
        places.expect(5, 3);
        assert!(places.settle(&mut piece(3), End::Done(Ok(embedding(&[1.0, 0.0])))).is_none());
        assert!(places.settle(&mut piece(9), End::Done(Err(NoVector))).is_none());
        let ended = places.settle(&mut piece(4), End::Done(Ok(embedding(&[0.0, 1.0])))).unwrap();
        let vector = ended.vector.unwrap();
        assert!((vector.values()[0] - 0.6).abs() < 1e-6 && (vector.values()[1] - 0.8).abs() < 1e-6);
        assert!(places.open.is_empty());
    }

    #[test]
    fn a_single_vector_is_kept_bit_for_bit() {
        let mut places = Places::default();
        places.expect(5, 1);
        let vector = embedding(&[0.1, 0.7]);
        let ended = places.settle(&mut piece(3), End::Done(Ok(vector.clone()))).unwrap();
        assert_eq!(ended.vector, Some(vector));
    }

    #[test]
    fn one_refused_piece_leaves_the_chunk_without_a_vector() {
        let mut places = Places::default();
        places.expect(5, 2);
        assert!(places.settle(&mut piece(3), End::Expired).is_none());
        let ended = places.settle(&mut piece(3), End::Done(Ok(embedding(&[1.0])))).unwrap();
        assert!(ended.vector.is_none() && ended.refused.is_some());
        assert!(mean(vec![(1.0, embedding(&[1.0])), (1.0, embedding(&[-1.0]))]).is_none());
    }
}
