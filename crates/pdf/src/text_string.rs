//! Text strings outside of pages: titles, outline entries, values of fields.

/// Decodes a text string: UTF-16 or UTF-8 with a mark at its start, else the PDF's own one-byte encoding.
///
/// White space is collapsed, and control characters fall away. Source: ISO 32000-2, 7.9.2.2 and annex D.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| character(*byte)).collect(),
    };
    collapse(&text)
}

/// One space between words, and no control characters.
pub(crate) fn collapse(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// `PDFDocEncoding` is Latin-1 but for two stretches.
fn character(byte: u8) -> char {
    const ACCENTS: [char; 8] =
        ['\u{2d8}', '\u{2c7}', '\u{2c6}', '\u{2d9}', '\u{2dd}', '\u{2db}', '\u{2da}', '\u{2dc}'];
    const SIGNS: [char; 33] = [
        '\u{2022}', '\u{2020}', '\u{2021}', '\u{2026}', '\u{2014}', '\u{2013}', '\u{192}',
        '\u{2044}', '\u{2039}', '\u{203a}', '\u{2212}', '\u{2030}', '\u{201e}', '\u{201c}',
        '\u{201d}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{2122}', '\u{fb01}', '\u{fb02}',
        '\u{141}', '\u{152}', '\u{160}', '\u{178}', '\u{17d}', '\u{131}', '\u{142}', '\u{153}',
        '\u{161}', '\u{17e}', '\u{fffd}', '\u{20ac}',
    ];
    match byte {
        0x18..=0x1f => ACCENTS[usize::from(byte) - 0x18],
        0x80..=0xa0 => SIGNS[usize::from(byte) - 0x80],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_give_words_with_one_space_between(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let text = decode(&bytes);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(text.split(' ').all(|word| !word.is_empty()) || text.is_empty());
        }
    }

    #[test]
    fn every_encoding_gives_its_text() {
        let cases: [(&[u8], &str); 6] = [
            (b"Plain  title\r\n", "Plain title"),
            (b"\x8dquoted\x8e \xe9 \xa0", "\u{201c}quoted\u{201d} \u{e9} \u{20ac}"),
            (b"\xfe\xff\x00A\x20\xac", "A\u{20ac}"),
            (b"\xff\xfeA\x00", "A"),
            (b"\xef\xbb\xbf\xc3\xa9", "\u{e9}"),
            (b"\xfe\xff\xd8\x00", "\u{fffd}"),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes), text, "{bytes:?}");
        }
    }
}
