//! A section's own file as a recipe: what was made for it, and where the rest stands in its document.
//!
//! Images and fonts are most of a section and stand in the document as they are to stand in the section. Who has the
//! document copies them from there, once, instead of being handed copies of copies.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// A part of a section's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Made for the section.
    Own(Vec<u8>),
    /// The bytes of the document at these places.
    Document(Range<u64>),
}

/// The pieces of a section's file, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SectionFile {
    pieces: Vec<Piece>,
    length: u64,
}

impl SectionFile {
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Bytes of the whole.
    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends what was made for the section.
    pub fn push_own(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        match self.pieces.last_mut() {
            Some(Piece::Own(last)) => last.extend_from_slice(bytes),
            _ => self.pieces.push(Piece::Own(bytes.to_vec())),
        }
    }

    /// Appends bytes of the document; nothing when the range is empty or runs backwards.
    pub fn push_document(&mut self, place: Range<u64>) {
        if !place.is_empty() {
            self.length += place.end - place.start;
            self.pieces.push(Piece::Document(place));
        }
    }

    /// The whole file.
    ///
    /// # Errors
    /// The document cannot be read, or is shorter than when it was cut.
    pub fn read(&self, document: &File) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or(0));
        for piece in &self.pieces {
            match piece {
                Piece::Own(own) => bytes.extend_from_slice(own),
                Piece::Document(place) => {
                    let before = bytes.len();
                    bytes.resize(before + (place.end - place.start) as usize, 0);
                    document.read_exact_at(&mut bytes[before..], place.start)?;
                }
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_is_put_together_from_its_pieces_in_their_order() {
        let mut document = tempfile::tempfile().unwrap();
        document.write_all(b"0123456789").unwrap();
        let mut file = SectionFile::default();
        file.push_own(b"a");
        file.push_own(b"b");
        file.push_document(7..9);
        file.push_document(4..4);
        file.push_own(b"c");
        file.push_document(0..2);
        assert_eq!((file.len(), file.pieces().len()), (7, 4));
        assert_eq!(file.read(&document).unwrap(), b"ab78c01");
        file.push_document(9..11);
        assert_eq!(file.read(&document).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
