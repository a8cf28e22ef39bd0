//! Formats that show in the first bytes, and those that are refused by name.

use crate::format::Format;
use types::failure::{Failure, FailureClass};

const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const ZIP: &[u8] = b"PK\x03\x04";
/// An archive without members ends at once.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
/// Where a tar header says what it is.
const USTAR_AT: usize = 257;
/// Some producers put junk before the header; PDF readers look at the first KiB.
const PDF_HEADER_WITHIN: usize = 1024;

/// First bytes, what it is, what to do about it.
const REFUSED: &[(&[u8], &str, &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "a PNG image", IMAGE),
    (b"\xff\xd8\xff", "a JPEG image", IMAGE),
    (b"GIF87a", "a GIF image", IMAGE),
    (b"GIF89a", "a GIF image", IMAGE),
    (b"II*\0", "a TIFF image", IMAGE),
    (b"MM\0*", "a TIFF image", IMAGE),
    (b"8BPS", "a Photoshop image", IMAGE),
    (b"\0\0\x01\0", "an icon", IMAGE),
    (b"ID3\x02", "an MP3 recording", RECORDING),
    (b"ID3\x03", "an MP3 recording", RECORDING),
    (b"ID3\x04", "an MP3 recording", RECORDING),
    (b"\xff\xfb", "an MP3 recording", RECORDING),
    (b"fLaC", "a FLAC recording", RECORDING),
    (b"OggS", "an Ogg recording", RECORDING),
    (b"\x1a\x45\xdf\xa3", "a Matroska recording", RECORDING),
    (b"\x7fELF", "an executable", EXECUTABLE),
    (b"MZ\x90\0", "an executable", EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", "an executable", EXECUTABLE),
    (b"\xca\xfe\xba\xbe", "compiled code", EXECUTABLE),
    (b"\0asm", "compiled code", EXECUTABLE),
    (b"SQLite format 3\0", "an SQLite database", "export its tables as CSV or JSON Lines"),
    (b"PAR1", "a Parquet file", "export it as CSV or JSON Lines"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz file", UNPACK),
    (b"BZh91AY&SY", "a bzip2 file", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK),
    (b"{\\rtf", "an RTF document", "save it as .docx, PDF or plain text"),
    (b"%!PS", "a PostScript file", "convert it to PDF"),
];

const IMAGE: &str =
    "images hold no text: convert it to a PDF with a text layer (OCR), or leave it out";
const RECORDING: &str = "recordings hold no text: ingest a transcript instead";
const EXECUTABLE: &str = "programs hold no text: leave it out";
const UNPACK: &str = "unpack it and ingest the folder, or pack it as .zip or .tar.gz";

/// The format that the first bytes show; `None` when they show none.
pub(super) fn detect(head: &[u8], ending: &str) -> Result<Option<Format>, Failure> {
    if is_pdf(head, ending) {
        return Ok(Some(Format::Pdf));
    }
    if head.starts_with(ZIP) || head.starts_with(EMPTY_ZIP) {
        return of_zip(head, ending).map(Some);
    }
    if head.starts_with(OLE) {
        return Err(of_ole(ending));
    }
    if head.starts_with(b"\x1f\x8b\x08") {
        return Ok(Some(Format::Gzip));
    }
    if head.get(USTAR_AT..USTAR_AT + 5) == Some(b"ustar") || is_old_tar(head, ending) {
        return Ok(Some(Format::Tar));
    }
    if let Some((_, what, hint)) = REFUSED.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Err(Failure::bad_document(format!("is {what}, which cannot be read"), *hint));
    }
    if let Some(what) = of_riff_or_mp4(head) {
        return Err(Failure::bad_document(format!("is {what}, which cannot be read"), RECORDING));
    }
    Ok(None)
}

fn is_pdf(head: &[u8], ending: &str) -> bool {
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    start.starts_with(b"%PDF-")
        || ending == "pdf"
            && head.windows(5).take(PDF_HEADER_WITHIN).any(|window| window == b"%PDF-")
}

/// Tar files of before 1988 have no magic; the ending and a name field that ends in NULs must do.
fn is_old_tar(head: &[u8], ending: &str) -> bool {
    ending == "tar" && head.len() >= 512 && head[0] != 0 && head[99] == 0
}

/// The ending decides between the formats that are zip containers (their parsers verify it); under a strange ending
/// the names of the first members do.
fn of_zip(head: &[u8], ending: &str) -> Result<Format, Failure> {
    let holds = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    match ending {
        "epub" => return Ok(Format::Epub),
        "docx" | "docm" | "dotx" => return Ok(Format::Docx),
        "pptx" | "pptm" | "ppsx" | "potx" => return Ok(Format::Pptx),
        "xlsx" | "xlsm" | "xltx" => return Ok(Format::Xlsx),
        "xlsb" | "odt" | "ods" | "odp" | "pages" | "numbers" | "key" => {
            return Err(refused_ending(ending).expect("these endings are in the list"));
        }
        _ => {}
    }
    if holds(b"mimetypeapplication/epub+zip") {
        return Ok(Format::Epub);
    }
    if holds(b"mimetypeapplication/vnd.oasis.opendocument") {
        return Err(refused_ending("odt").expect("the ending is in the list"));
    }
    if holds(b"[Content_Types].xml") {
        let parts: [(&[u8], Format); 3] =
            [(b"word/", Format::Docx), (b"ppt/", Format::Pptx), (b"xl/", Format::Xlsx)];
        if let Some((_, format)) = parts.into_iter().find(|(part, _)| holds(part)) {
            return Ok(format);
        }
    }
    Ok(Format::Zip)
}

/// Modern office files in this container are encrypted ones; the others are the formats of before 2007.
fn of_ole(ending: &str) -> Failure {
    if matches!(ending, "docx" | "pptx" | "xlsx" | "docm" | "pptm" | "xlsm") {
        return Failure::new(
            FailureClass::Encrypted,
            "the document is protected with a password",
            "remove the password in the office program and save it again",
        );
    }
    refused_ending(ending).unwrap_or_else(|| {
        Failure::bad_document(
            "is an office file of the format of before 2007, which cannot be read",
            "save it as .docx, .pptx or .xlsx",
        )
    })
}

fn of_riff_or_mp4(head: &[u8]) -> Option<&'static str> {
    match (head.get(..4)?, head.get(4..8)?, head.get(8..12)?) {
        (b"RIFF", _, b"WAVE") => Some("a WAV recording"),
        (b"RIFF", _, b"AVI ") => Some("an AVI recording"),
        (b"RIFF", _, b"WEBP") => Some("a WebP image"),
        (_, b"ftyp", _) => Some("an MP4 recording"),
        _ => None,
    }
}

/// Binary formats that are known by their ending and cannot be read.
pub(super) fn refused_ending(ending: &str) -> Option<Failure> {
    let (what, hint) = match ending {
        "doc" => ("an old Word document (.doc)", "save it as .docx or PDF"),
        "xls" => ("an old Excel workbook (.xls)", "save it as .xlsx or CSV"),
        "ppt" => ("an old PowerPoint presentation (.ppt)", "save it as .pptx or PDF"),
        "xlsb" => ("a binary Excel workbook (.xlsb)", "save it as .xlsx or CSV"),
        "msg" => ("an Outlook message (.msg)", "save it as text or PDF"),
        "odt" | "ods" | "odp" => ("an OpenDocument file", "save it as .docx, .xlsx, .pptx or PDF"),
        "pages" | "numbers" | "key" => ("an iWork file", "export it as .docx, .xlsx, .pptx or PDF"),
        "mobi" | "azw" | "azw3" => ("a Kindle book", "convert it to EPUB"),
        "djvu" => ("a DjVu document", "convert it to a PDF with a text layer"),
        _ => return None,
    };
    Some(Failure::bad_document(format!("is {what}, which cannot be read"), hint))
}

/// The text begins with an HTML document's first tag (comments and white space aside).
pub(super) fn is_html(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"<!--") {
        let Some(end) = comment.windows(3).position(|window| window == b"-->") else {
            return false;
        };
        rest = comment[end + 3..].trim_ascii_start();
    }
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}
