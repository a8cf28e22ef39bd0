//! The ids are those of the reference tokenizer: for 10,000 texts, and for every code point there is.
//!
//! `models/builtin/fixture.py` wrote the data. Only checksums of the reference's ids are kept, as the ids
//! themselves would be several megabytes.
#![forbid(unsafe_code)]

use std::io::Read;

use encoder::wordpiece::WordPiece;
use flate2::read::GzDecoder;

const VOCABULARY: &str = include_str!("../data/vocab.txt");
const TEXTS: &[u8] = include_bytes!("data/texts.jsonl.gz");
const TEXT_SUMS: &[u8] = include_bytes!("data/texts.fnv");
const CODEPOINT_SUMS: &[u8] = include_bytes!("data/codepoints.fnv");

/// Code points that share a checksum.
const BLOCK: u32 = 256;

#[test]
fn ten_thousand_texts_have_the_reference_ids() {
    let mut texts = String::new();
    GzDecoder::new(TEXTS).read_to_string(&mut texts).unwrap();
    let texts: Vec<String> =
        texts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected: Vec<u64> = sums(TEXT_SUMS).collect();
    assert_eq!((texts.len(), expected.len()), (10_000, 10_000));

    let pieces = WordPiece::new(VOCABULARY).unwrap();
    let differing: Vec<usize> =
        (0..texts.len()).filter(|&at| sum(&pieces, [texts[at].as_str()]) != expected[at]).collect();
    assert_eq!(differing, Vec::<usize>::new(), "indices of texts whose ids differ");
}

#[test]
fn every_code_point_has_the_reference_ids() {
    let pieces = WordPiece::new(VOCABULARY).unwrap();
    let mut differing = vec![];
    let mut blocks = 0;
    for (block, expected) in (0u32..).zip(sums(CODEPOINT_SUMS)) {
        let points = (block * BLOCK..(block + 1) * BLOCK).filter_map(char::from_u32);
        let texts: Vec<String> =
            points.map(|c| format!("a{c}b {c} E{c}\u{316}\u{302}{c}\u{302e}")).collect();
        if sum(&pieces, texts.iter().map(String::as_str)) != expected {
            differing.push(format!("U+{:04X}", block * BLOCK));
        }
        blocks += 1;
    }
    assert_eq!(blocks * BLOCK, u32::from(char::MAX) + 1);
    assert!(differing.is_empty(), "blocks whose ids differ begin at {differing:?}");
}

/// FNV-1a over the ids as little-endian `u32`, each text's closed by `u32::MAX`.
fn sum<'a>(pieces: &WordPiece, texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut ids = vec![];
    for text in texts {
        pieces.encode(text, &mut ids);
        ids.push(u32::MAX);
    }
    ids.iter().flat_map(|id| id.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn sums(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|&sum| u64::from_le_bytes(sum))
}
