use super::*;
use encoding_rs::{EUC_KR, GBK, KOI8_R, SHIFT_JIS, WINDOWS_1252};
use std::io::Cursor;

fn sniffed(bytes: &[u8]) -> (&'static str, u64) {
    let mut body = Cursor::new(bytes);
    let charset = sniff(&mut body).unwrap();
    assert_eq!(body.position(), charset.mark_bytes);
    (charset.encoding.name(), charset.mark_bytes)
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn encodings_are_told_by_their_bytes() {
    let german = "Die Straße führt über große Brücken. ";
    let russian = "Шла Саша по шоссе и сосала сушку. ";
    let japanese = "これは日本語の文章です。文字コードを調べます。";
    let chinese = "这是一个中文句子，用来测试编码检测。";
    let korean = "이것은 한국어 문장입니다. 인코딩을 검사합니다.";
    let cases: [(Vec<u8>, &str, u64); 12] = [
        (b"plain ascii".to_vec(), "UTF-8", 0),
        (german.as_bytes().to_vec(), "UTF-8", 0),
        ([b"\xef\xbb\xbf", german.as_bytes()].concat(), "UTF-8", 3),
        ([&b"\xff\xfe"[..], &utf16(german, u16::to_le_bytes)].concat(), "UTF-16LE", 2),
        ([&b"\xfe\xff"[..], &utf16(german, u16::to_be_bytes)].concat(), "UTF-16BE", 2),
        (utf16(german, u16::to_le_bytes), "UTF-16LE", 0),
        (utf16(german, u16::to_be_bytes), "UTF-16BE", 0),
        (WINDOWS_1252.encode(german).0.into_owned(), "windows-1252", 0),
        (SHIFT_JIS.encode(japanese).0.into_owned(), "Shift_JIS", 0),
        (GBK.encode(chinese).0.into_owned(), "GBK", 0),
        (EUC_KR.encode(korean).0.into_owned(), "EUC-KR", 0),
        (KOI8_R.encode(russian).0.into_owned(), "KOI8-U", 0),
    ];
    for (bytes, name, mark) in cases {
        assert_eq!(sniffed(&bytes), (name, mark));
    }
}

#[test]
fn the_sample_is_taken_where_the_ascii_ends() {
    let mut bytes = b"only ascii here. ".repeat(40_000);
    bytes.extend_from_slice(&WINDOWS_1252.encode("größer über Straßen").0);
    assert_eq!(sniffed(&bytes).0, "windows-1252");
}

#[test]
fn damaged_utf8_stays_utf8() {
    let mut bytes = "größer über Straßen und Brücken, ähnlich schön ".repeat(4).into_bytes();
    bytes.push(0xff);
    assert_eq!(sniffed(&bytes).0, "UTF-8");
}

#[test]
fn text_is_told_from_binary_data() {
    assert!(is_text(
        b"a log\x00 with a NUL that is long enough for one to be few of them",
        Extent::Whole
    ));
    assert!(is_text("日本語".as_bytes(), Extent::Whole));
    // A head may end inside a character.
    assert!(is_text(&"日本語".as_bytes()[..8], Extent::Start));
    assert!(!is_text(b"\x00\x01\x02\x03abc\x04\x05", Extent::Whole));
    assert!(!is_text(b"ab\x01\x02\x03\x04 cdef", Extent::Whole));
}
