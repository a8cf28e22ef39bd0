//! The encoding of a page: byte order mark, valid UTF-8, what the page says, else a guess.

use crate::text::encoding::{self, Extent};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Browsers look for the declaration in so many first bytes.
const DECLARED_WITHIN: usize = 1024;

#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// Some bytes were replaced.
    pub(crate) damaged: bool,
}

/// Decodes a page or an XML part that is held.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    let (text, _, damaged) = choose(bytes).decode(bytes);
    Decoded { text: text.into_owned(), damaged }
}

fn choose(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    // Pages that say `iso-8859-1` and are UTF-8 are common; the reverse cannot be by chance.
    if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) && !bytes.is_ascii() {
        return UTF_8;
    }
    declared(bytes).unwrap_or_else(|| encoding::guess(bytes, Extent::Whole))
}

/// `<meta charset=...>`, `<meta ... content="text/html; charset=...">` or `<?xml encoding="...">`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(DECLARED_WITHIN)];
    let head = head.to_ascii_lowercase();
    let label = after(&head, b"charset=").or_else(|| after(&head, b"encoding="))?;
    let label = label.trim_ascii_start();
    let label = label.strip_prefix(b"\"").or_else(|| label.strip_prefix(b"'")).unwrap_or(label);
    let end = label
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && !b"-_:.".contains(byte))
        .unwrap_or(label.len());
    let encoding = Encoding::for_label(&label[..end])?;
    // A declaration that can be read as ASCII is not in UTF-16.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(needle.len()).position(|window| window == needle)?;
    bytes.get(at + needle.len()..)
}
