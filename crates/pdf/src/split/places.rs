//! Where in the document its long streams stand.
//!
//! The reader says at which byte an object begins, and gives the stream of it as a copy. The copy is looked for behind
//! the beginning: a stream that was decrypted is not there, and has no place.

use lopdf::xref::XrefEntry;
use lopdf::{Document, ObjectId};
use std::collections::HashMap;
use std::ops::Range;

/// Shorter streams are copied into what is written: a piece of the document costs a system call.
const STREAM_BYTES_MIN: usize = 16 << 10;

/// So far from its beginning the data of an object is looked for. What describes a stream is short.
const HEAD_BYTES_MAX: usize = 4 << 10;

/// Offsets are counted from it; programs that send files put something before it.
const HEADER: &[u8] = b"%PDF-";
const KEYWORD: &[u8] = b"stream";

/// Of the long streams, those that stand in the document as they are.
#[derive(Debug, Default)]
pub(super) struct Places {
    of: HashMap<ObjectId, Range<u64>>,
}

impl Places {
    pub(super) fn find(document: &Document, bytes: &[u8]) -> Self {
        let header = bytes.windows(HEADER.len()).position(|window| window == HEADER).unwrap_or(0);
        let long = document.objects.iter().filter_map(|(id, object)| {
            let content = object.as_stream().ok()?.content.as_slice();
            (content.len() >= STREAM_BYTES_MIN).then_some((*id, content))
        });
        let of = long.filter_map(|(id, content)| {
            let Some(XrefEntry::Normal { offset, .. }) = document.reference_table.get(id.0) else {
                return None;
            };
            let start = data_start(bytes, header + *offset as usize, content)?;
            Some((id, start as u64..(start + content.len()) as u64))
        });
        Self { of: of.collect() }
    }

    pub(super) fn of(&self, stream: ObjectId) -> Option<&Range<u64>> {
        self.of.get(&stream)
    }
}

/// Where the data begin: after the keyword and the end of its line. Source: ISO 32000-2, 7.3.8.1.
fn data_start(bytes: &[u8], object: usize, content: &[u8]) -> Option<usize> {
    let head = bytes.get(object..)?;
    let head = &head[..head.len().min(HEAD_BYTES_MAX)];
    // The word may also stand in a text before.
    let words = head.windows(KEYWORD.len()).enumerate().filter(|(_, window)| *window == KEYWORD);
    words.map(|(at, _)| object + at + KEYWORD.len()).find_map(|mut at| {
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at += match bytes.get(at..)? {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return None,
        };
        bytes.get(at..)?.starts_with(content).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::data_start;

    #[test]
    fn data_begin_after_the_keyword_and_the_end_of_its_line() {
        let data = b"0123456789";
        for (object, expected) in [
            (&b"3 0 obj\n<<>>\nstream\n0123456789\nendstream"[..], Some(20)),
            (b"3 0 obj <<>>stream\r\n0123456789", Some(20)),
            (b"3 0 obj <</A(stream\n)>>stream  \n0123456789", Some(32)),
            (b"3 0 obj <<>>stream\n012345678", None),
            (b"3 0 obj <<>>stream 0123456789", None),
            (b"3 0 obj <<>>", None),
        ] {
            let file = [b"junk", object].concat();
            let place = data_start(&file, 4, data);
            assert_eq!(place.map(|at| at - 4), expected, "{}", String::from_utf8_lossy(object));
        }
        assert_eq!(data_start(b"short", 9, data), None);
    }
}
