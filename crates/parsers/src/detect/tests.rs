use super::*;
use crate::testing::zipped;
use proptest::prelude::*;

fn of(name: &str, bytes: &[u8]) -> Result<String, Failure> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    detect(name, head, bytes.len() as u64).map(|format| format.id())
}

#[test]
fn content_goes_before_the_name() {
    let epub = zipped(&[("mimetype", b"application/epub+zip")]);
    let plain_zip = zipped(&[("a.txt", b"hello")]);
    let cases: [(&str, &[u8], &str); 24] = [
        ("a.txt", b"%PDF-1.7 ...", "pdf"),
        ("a.pdf", b"junk before %PDF-1.4", "pdf"),
        ("a.txt", b"A %PDF-1.4 header is six bytes long", "text"),
        ("a.txt", b"hello", "text"),
        ("README", b"hello", "text"),
        ("a.log", b"hello", "text"),
        ("a.MD", b"# hello", "markdown"),
        ("dir.md/a", b"hello", "text"),
        ("a.html", b"hello", "html"),
        ("a.txt", b"  <!-- x --><!DOCTYPE html><p>", "html"),
        ("page", b"<HTML><body>", "html"),
        ("a.csv", b"a,b", "csv"),
        ("a.tsv", b"a\tb", "csv"),
        ("a.json", b"{}", "json"),
        ("a.jsonl", b"{}", "jsonl"),
        ("-", b"{\"text\":\"a\"}", "jsonl"),
        ("a.rs", b"fn main() {}", "code:rust"),
        ("Makefile", b"all:", "code:make"),
        ("a.docx", &plain_zip, "docx"),
        ("a.zip", &plain_zip, "zip"),
        ("a.bin", &epub, "zip"),
        ("a.tar.gz", b"\x1f\x8b\x08\0\0", "gzip"),
        ("a.txt", b"\xff\xfeh\0i\0", "text"),
        ("a.txt", b"h\0e\0l\0l\0o\0\n\0", "text"),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(of(name, bytes).as_deref(), Ok(expected), "{name}");
    }
}

#[test]
fn zip_containers_are_known_by_their_first_members() {
    let stored = |members: &[(&str, &[u8])]| {
        let mut bytes = Vec::new();
        for (name, content) in members {
            bytes.extend_from_slice(b"PK\x03\x04");
            bytes.extend_from_slice(&[0; 26]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(content);
        }
        bytes
    };
    let docx = stored(&[("[Content_Types].xml", b""), ("word/document.xml", b"")]);
    assert_eq!(of("download", &docx).as_deref(), Ok("docx"));
    let epub = stored(&[("mimetype", b"application/epub+zip")]);
    assert_eq!(of("book.bin", &epub).as_deref(), Ok("epub"));
    let odt = stored(&[("mimetype", b"application/vnd.oasis.opendocument.text")]);
    assert!(of("a.zip", &odt).unwrap_err().message.contains("OpenDocument"));
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_with_a_hint() {
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rest of it";
    let noise: Vec<u8> = (0..2000_u32).map(|i| (i * 7919 % 251) as u8).collect();
    let cases: [(&str, &[u8], &str); 10] = [
        ("a.txt", b"", "empty"),
        ("a.txt", &noise, "binary"),
        ("a.doc", ole, ".doc"),
        ("a.xls", ole, ".xls"),
        ("a.docx", ole, "password"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "PNG"),
        ("a.txt", b"\x7fELF\x02\x01", "executable"),
        ("a.mp3", b"ID3\x03\0", "MP3"),
        ("a.docx", b"just text", ".docx"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "7z"),
    ];
    for (name, bytes, expected) in cases {
        let failure = of(name, bytes).unwrap_err();
        assert!(failure.message.contains(expected), "{name}: {}", failure.message);
        assert!(!failure.hint.is_empty());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(name in "[a-z]{1,3}\\.[a-z]{1,4}", bytes: Vec<u8>) {
        let format = detect(&name, &bytes, bytes.len() as u64);
        prop_assert!(format.is_ok() || !format.unwrap_err().hint.is_empty());
    }
}
