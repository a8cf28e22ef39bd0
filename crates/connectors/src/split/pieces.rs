//! A section's file on its way from the child: pieces, one after the other.
//!
//! `[0][length][bytes]` is a piece of its own, `[1][start][length]` one of the document; numbers are u64, little endian.

use types::section_file::{Piece, SectionFile};

const OWN: u8 = 0;
const OF_DOCUMENT: u8 = 1;

pub(super) fn encoded(file: &SectionFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in file.pieces() {
        match piece {
            Piece::Own(own) => {
                bytes.push(OWN);
                bytes.extend_from_slice(&(own.len() as u64).to_le_bytes());
                bytes.extend_from_slice(own);
            }
            Piece::Document(place) => {
                bytes.push(OF_DOCUMENT);
                bytes.extend_from_slice(&place.start.to_le_bytes());
                bytes.extend_from_slice(&(place.end - place.start).to_le_bytes());
            }
        }
    }
    bytes
}

/// None when the child, which has read a hostile document, says what cannot be: a place outside of the document of
/// `size` bytes, or more of it than all of it once.
pub(super) fn decoded(mut bytes: &[u8], size: u64) -> Option<SectionFile> {
    let mut file = SectionFile::default();
    let mut left = size;
    while let Some((kind, rest)) = bytes.split_first() {
        let (first, rest) = number(rest)?;
        match *kind {
            OWN => {
                let (own, rest) = rest.split_at_checked(usize::try_from(first).ok()?)?;
                file.push_own(own);
                bytes = rest;
            }
            OF_DOCUMENT => {
                let (length, rest) = number(rest)?;
                let end = first.checked_add(length).filter(|end| *end <= size)?;
                left = left.checked_sub(length)?;
                file.push_document(first..end);
                bytes = rest;
            }
            _ => return None,
        }
    }
    Some(file)
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pieces: &[Piece]) -> SectionFile {
        let mut file = SectionFile::default();
        for piece in pieces {
            match piece {
                Piece::Own(own) => file.push_own(own),
                Piece::Document(place) => file.push_document(place.clone()),
            }
        }
        file
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20).prop_map(Piece::Own),
            (0..50_u64, 0..10_u64)
                .prop_map(|(start, length)| Piece::Document(start..start + length)),
        ]
    }

    proptest! {
        #[test]
        fn a_file_survives_the_pipe(pieces in prop::collection::vec(piece(), 0..8)) {
            let file = of(&pieces);
            prop_assert_eq!(decoded(&encoded(&file), 100), Some(file));
        }

        #[test]
        fn no_bytes_make_it_refer_to_what_is_not_there(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            for piece in decoded(&bytes, 300).unwrap_or_default().pieces() {
                if let Piece::Document(place) = piece {
                    prop_assert!(place.start < place.end && place.end <= 300);
                }
            }
        }
    }

    #[test]
    fn a_place_outside_of_the_document_and_more_than_all_of_it_are_refused() {
        let whole = of(&[Piece::Document(0..10)]);
        assert!(decoded(&encoded(&whole), 10).is_some());
        assert_eq!(decoded(&encoded(&whole), 9), None);
        let twice = of(&[Piece::Document(0..6), Piece::Document(3..9)]);
        assert_eq!(decoded(&encoded(&twice), 10), None);
        let mut past = encoded(&whole);
        past[1..9].fill(0xff);
        assert_eq!(decoded(&past, 10), None);
        assert_eq!(decoded(&[7], 10), None);
        assert_eq!(decoded(&encoded(&of(&[Piece::Own(b"abc".to_vec())]))[..10], 10), None);
    }
}
