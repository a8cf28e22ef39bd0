//! A section's file as it is written: objects one after the other, then the table of where they stand.

use super::places::Places;
use lopdf::{Dictionary, Object, ObjectId, Stream, Writer};
use std::io::Write as _;
use types::section_file::SectionFile;

/// Tells programs that guess that the file is not text. Source: ISO 32000-2, 7.5.2.
const BINARY_MARK: &[u8] = b"%\xbb\xad\xc0\xde\n";

/// A file that grows.
#[derive(Debug)]
pub(super) struct Writing<'d> {
    file: SectionFile,
    /// Not yet in the file.
    text: Vec<u8>,
    /// Where each object begins, by its number less one.
    offsets: Vec<Option<u64>>,
    places: &'d Places,
    /// Bytes of the document that a section may still refer to: streams may not stand in each other.
    document_left: u64,
}

impl<'d> Writing<'d> {
    /// `document_size`: in bytes. A section refers to no more than all of them once.
    pub(super) fn new(version: &str, places: &'d Places, document_size: u64) -> Self {
        let mut text = format!("%PDF-{version}\n").into_bytes();
        text.extend_from_slice(BINARY_MARK);
        Self {
            file: SectionFile::default(),
            text,
            offsets: Vec::new(),
            places,
            document_left: document_size,
        }
    }

    /// A number that nothing has yet.
    pub(super) fn fresh(&mut self) -> ObjectId {
        self.offsets.push(None);
        (self.offsets.len() as u32, 0)
    }

    pub(super) fn object(&mut self, (number, _): ObjectId, object: &Object) {
        self.begin(number);
        self.write(object);
        self.text.extend_from_slice(b"\nendobj\n");
    }

    /// `old`: its number in the document. `entries`: what describes it, with its length.
    pub(super) fn stream(
        &mut self,
        (number, _): ObjectId,
        old: ObjectId,
        (entries, stream): (Dictionary, &Stream),
    ) {
        self.begin(number);
        self.write(&Object::Dictionary(entries));
        self.text.extend_from_slice(b"stream\n");
        let length = stream.content.len() as u64;
        match self.places.of(old) {
            Some(place) if length <= self.document_left => {
                self.document_left -= length;
                self.file.push_own(&self.text);
                self.text.clear();
                self.file.push_document(place.clone());
            }
            _ => self.text.extend_from_slice(&stream.content),
        }
        self.text.extend_from_slice(b"\nendstream\nendobj\n");
    }

    fn begin(&mut self, number: u32) {
        let here = self.file.len() + self.text.len() as u64;
        if let Some(offset) = self.offsets.get_mut(number as usize - 1) {
            *offset = Some(here);
        }
        self.print(format_args!("{number} 0 obj\n"));
    }

    fn print(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("memory takes what is written");
    }

    fn write(&mut self, object: &Object) {
        Writer::write_object(&mut self.text, object).expect("memory takes what is written");
    }

    /// The whole file, whose catalog is `root`. Source of the table: ISO 32000-2, 7.5.4.
    pub(super) fn finish(mut self, root: ObjectId) -> SectionFile {
        let table = self.file.len() + self.text.len() as u64;
        let offsets = std::mem::take(&mut self.offsets);
        self.print(format_args!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1));
        for offset in &offsets {
            match offset {
                Some(offset) => self.print(format_args!("{offset:010} 00000 n \n")),
                None => self.print(format_args!("0000000000 00000 f \n")),
            }
        }
        self.print(format_args!(
            "trailer\n<</Size {}/Root {} 0 R>>\nstartxref\n{table}\n%%EOF",
            offsets.len() + 1,
            root.0
        ));
        self.file.push_own(&self.text);
        self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lopdf::Document;
    use types::section_file::Piece;

    const LONG: usize = 20_000;

    #[test]
    fn more_than_all_of_the_document_is_written_out_instead_of_named() {
        let noise = "x".repeat(LONG);
        let object = format!("1 0 obj\n<</Length {LONG}>>\nstream\n{noise}\nendstream\nendobj\n");
        let start = 9 + object.len();
        let bytes = format!(
            "%PDF-1.7\n{object}xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n\
             trailer\n<</Size 2/Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
        );
        let document = Document::load_mem(bytes.as_bytes()).unwrap();
        let places = Places::find(&document, bytes.as_bytes());
        let stream = document.objects[&(1, 0)].as_stream().unwrap();
        let mut writing = Writing::new("1.7", &places, bytes.len() as u64);
        for _ in 0..2 {
            let id = writing.fresh();
            writing.stream(id, (1, 0), (stream.dict.clone(), stream));
        }
        let root = writing.fresh();
        writing.object(root, &Object::Dictionary(Dictionary::new()));
        let file = writing.finish(root);
        let [Piece::Own(_), Piece::Document(place), Piece::Own(rest)] = file.pieces() else {
            panic!("{} pieces", file.pieces().len())
        };
        let named = &bytes.as_bytes()[place.start as usize..place.end as usize];
        assert_eq!(named, noise.as_bytes());
        assert!(rest.windows(LONG).any(|window| window == noise.as_bytes()));
    }
}
