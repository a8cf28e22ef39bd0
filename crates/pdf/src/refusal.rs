//! Why a file gives no text, in the words of its user.

use types::failure::{Failure, FailureClass};

/// Readers look for the header in so many first bytes.
const HEADER_WITHIN: usize = 64 * 1024;
/// The end mark is in so many last bytes.
const END_WITHIN: usize = 4 * 1024;

const COPY_AGAIN: &str =
    "get the file again from where it came, or open it in a viewer and save it anew";

pub(crate) fn empty() -> Failure {
    Failure::bad_document(
        "the file is empty: 0 bytes",
        "put the right file in its place, or remove it",
    )
}

pub(crate) fn encrypted() -> Failure {
    Failure::new(
        FailureClass::Encrypted,
        "the PDF is encrypted, and the empty password does not open it",
        "save a copy without a password, and ingest that",
    )
}

pub(crate) fn unknown_encryption() -> Failure {
    Failure::new(
        FailureClass::Encrypted,
        "the PDF is encrypted in a way that is not supported or not valid",
        "open it in a viewer and save a copy without encryption",
    )
}

pub(crate) fn no_pages(bytes: &[u8]) -> Failure {
    if has_header(bytes) {
        Failure::bad_document(format!("the PDF has no pages: {}", shape(bytes)), COPY_AGAIN)
    } else {
        unreadable(bytes)
    }
}

/// Neither reader finds its way through the bytes.
pub(crate) fn unreadable(bytes: &[u8]) -> Failure {
    if has_header(bytes) {
        Failure::bad_document(format!("the PDF cannot be read: {}", shape(bytes)), COPY_AGAIN)
    } else {
        Failure::bad_document(
            format!("not a PDF: {} bytes without a %PDF- header", bytes.len()),
            "check what the file is; its name or its type says PDF",
        )
    }
}

fn shape(bytes: &[u8]) -> String {
    let tail = bytes.get(bytes.len().saturating_sub(END_WITHIN)..).unwrap_or(bytes);
    if contains(tail, b"%%EOF") {
        format!("its {} bytes are damaged beyond repair", bytes.len())
    } else {
        format!("it is cut off after {} bytes, before its end mark", bytes.len())
    }
}

fn has_header(bytes: &[u8]) -> bool {
    contains(bytes.get(..HEADER_WITHIN).unwrap_or(bytes), b"%PDF-")
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
