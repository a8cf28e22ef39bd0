//! Texts as the new model takes them: whole, or cut where they are too long.

use crate::embed::callee::Texted;
use crate::quality::Candidate;
use types::seam::TokenCount;

/// A text to embed: a chunk's, or a part of it.
#[derive(Debug)]
pub(super) struct Piece {
    /// Of the chunk in the store.
    pub place: i64,
    pub tokens: usize,
    pub text: String,
    /// What a model that gives bad vectors gave so far.
    pub candidate: Candidate,
}

impl Texted for Piece {
    fn text(&self) -> &str {
        &self.text
    }
}

/// The text in pieces of at most `limit` tokens, in order; one piece where it fits.
pub(super) fn cut(place: i64, text: String, limit: usize, counter: &dyn TokenCount) -> Vec<Piece> {
    let tokens = counter.count(&text);
    let middle = middle(&text).filter(|_| tokens > limit);
    let Some(middle) = middle else {
        return vec![Piece { place, tokens, text, candidate: Candidate::default() }];
    };
    let (first, second) = text.split_at(middle);
    let mut pieces = cut(place, first.to_owned(), limit, counter);
    pieces.extend(cut(place, second.to_owned(), limit, counter));
    pieces
}

/// Both halves, or the piece itself where it is one character.
pub(super) fn halved(piece: Piece, counter: &dyn TokenCount) -> Result<Vec<Piece>, Piece> {
    let Some(middle) = middle(&piece.text) else { return Err(piece) };
    let (first, second) = piece.text.split_at(middle);
    let half = |text: &str| Piece {
        place: piece.place,
        tokens: counter.count(text),
        text: text.to_owned(),
        candidate: Candidate::default(),
    };
    Ok(vec![half(first), half(second)])
}

/// Where to halve a text: after the space nearest to its middle, else at the character there. None for a text of
/// one character.
fn middle(text: &str) -> Option<usize> {
    let half = text.floor_char_boundary(text.len() / 2);
    let spaces = text.char_indices().filter(|(_, c)| c.is_whitespace());
    let ends = spaces.map(|(at, c)| at + c.len_utf8()).filter(|end| *end < text.len());
    let space = ends.min_by_key(|end| end.abs_diff(half));
    let first = text.chars().next().map_or(0, char::len_utf8);
    let at = space.unwrap_or_else(|| half.max(first));
    (0 < at && at < text.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Words;

    impl TokenCount for Words {
        fn count(&self, text: &str) -> usize {
            text.split_whitespace().map(|word| word.chars().count().div_ceil(4)).sum()
        }
    }

    #[test]
    fn a_text_that_fits_stays_whole() {
        let pieces = cut(7, "one two".to_owned(), 2, &Words);
        assert_eq!(pieces.len(), 1);
        assert_eq!((pieces[0].place, pieces[0].tokens, pieces[0].text.as_str()), (7, 2, "one two"));
        let halves = halved(cut(7, "one two".to_owned(), 2, &Words).remove(0), &Words).unwrap();
        let texts: Vec<_> = halves.iter().map(|half| (half.tokens, half.text.as_str())).collect();
        assert_eq!(texts, [(1, "one "), (1, "two")]);
        assert!(halved(cut(7, "é".to_owned(), 2, &Words).remove(0), &Words).is_err());
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_and_keep_to_the_limit(text in "[a-zé字 \n]{0,200}", limit in 1usize..20) {
            let pieces = cut(1, text.clone(), limit, &Words);
            let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            prop_assert_eq!(whole, text);
            for piece in &pieces {
                prop_assert!(piece.tokens <= limit, "{:?} of {}", piece, limit);
                prop_assert_eq!(piece.tokens, Words.count(&piece.text));
            }
        }
    }
}
