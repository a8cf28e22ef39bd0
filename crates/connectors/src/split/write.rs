//! A section's file on disk.

use rustix::fs::copy_file_range;
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use types::section_file::{Piece, SectionFile};

/// What is held where the kernel cannot copy from one file to the other.
const BUFFER_BYTES: u64 = 256 << 10;

/// Appends the section to a file; `document` is the one that it was cut from.
///
/// # Errors
/// One of the files; the document may be shorter than when it was cut.
pub fn write(section: &SectionFile, document: &File, mut out: &File) -> io::Result<()> {
    for piece in section.pieces() {
        match piece {
            Piece::Own(bytes) => out.write_all(bytes)?,
            Piece::Document(place) => copy(place.clone(), document, out)?,
        }
    }
    Ok(())
}

/// Inside the kernel, where the bytes are copied once, or not at all.
fn copy(mut place: Range<u64>, document: &File, out: &File) -> io::Result<()> {
    while !place.is_empty() {
        let length = usize::try_from(place.end - place.start).unwrap_or(usize::MAX);
        match copy_file_range(document, Some(&mut place.start), out, None, length) {
            Ok(1..) | Err(Errno::INTR) => {}
            // Two file systems, or one that cannot, or a kernel that may not. Nothing at all: some say so this way.
            Ok(0)
            | Err(Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::INVAL) => {
                return copy_by_hand(place, document, out);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn copy_by_hand(mut place: Range<u64>, document: &File, mut out: &File) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES.min(place.end - place.start) as usize];
    while !place.is_empty() {
        let length = BUFFER_BYTES.min(place.end - place.start);
        let piece = &mut buffer[..length as usize];
        document.read_exact_at(piece, place.start)?;
        out.write_all(piece)?;
        place.start += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _};

    fn document(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn content(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let source = document(&bytes);
        let mut section = SectionFile::default();
        section.push_own(b"head");
        section.push_document(3..600_000);
        section.push_own(b"tail");
        section.push_document(1..2);
        let out = tempfile::tempfile().unwrap();
        write(&section, &source, &out).unwrap();
        let expected = [&b"head"[..], &bytes[3..600_000], b"tail", &bytes[1..2]].concat();
        assert_eq!(content(out), expected);
        assert_eq!(section.read(&source).unwrap(), expected);

        let by_hand = tempfile::tempfile().unwrap();
        copy_by_hand(3..600_000, &source, &by_hand).unwrap();
        assert_eq!(content(by_hand), bytes[3..600_000]);
    }

    #[test]
    fn a_document_that_became_shorter_is_an_error() {
        let mut section = SectionFile::default();
        section.push_document(2..9);
        let out = tempfile::tempfile().unwrap();
        let error = write(&section, &document(b"01234567"), &out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(copy_by_hand(2..9, &document(b"01234567"), &out).is_err());
    }
}
