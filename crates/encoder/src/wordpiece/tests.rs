#![forbid(unsafe_code)]

use super::{Accents, Letters, Rules, VocabularyError, WordPiece, split};

const VOCABULARY: &str = "[PAD]\n[UNK]\nun\n##aff\n##able\n,\n!\nruns\ne\n##x\n中\n文\nß\nincomprehensibilities\n##ly\nincomprehensibl\n##\n##中";

fn ids(text: &str) -> Vec<u32> {
    let mut ids = vec![];
    WordPiece::new(VOCABULARY).unwrap().encode(text, &mut ids);
    ids
}

#[test]
fn words_are_cut_into_their_longest_pieces() {
    let table: &[(&str, &[u32])] = &[
        ("", &[]),
        ("unaffable", &[2, 3, 4]),
        ("UNAFFABLE, runs!", &[2, 3, 4, 5, 7, 6]),
        ("un aff", &[2, 1]),
        ("unaffablezzz", &[1]),
        ("incomprehensibilities", &[13]),
        ("incomprehensibly", &[1]),
        ("incomprehensibilitiesly", &[13, 14]),
        ("中文", &[10, 11]),
        ("e中x", &[8, 10, 1]),
        ("\u{c9}x", &[8, 9]),
        ("e\u{301}x", &[8, 9]),
        ("e\u{7}x", &[8, 9]),
        ("e\u{85}x", &[8, 9]),
        ("e\u{a0}e", &[8, 8]),
        ("\u{0}\u{fffd}\u{200b}", &[]),
        ("##", &[1, 1]),
        ("[UNK]", &[1, 1, 1]),
    ];
    for (text, expected) in table {
        assert_eq!(ids(text), *expected, "{text:?}");
    }
}

/// Marks that are not stripped are rare, and in no vocabulary that we ship; another one may have them.
#[test]
fn marks_that_stay_are_in_canonical_order() {
    let pieces = WordPiece::new("[UNK]\ne\n##\u{302e}\n##\u{1d165}").unwrap();
    for text in ["e\u{302e}\u{1d165}", "e\u{1d165}\u{302e}", "e\u{302e}\u{1}\u{301}\u{1d165}"] {
        let mut ids = vec![];
        pieces.encode(text, &mut ids);
        assert_eq!(ids, [1, 3, 2], "{text:?}");
    }
}

#[test]
fn a_word_of_more_than_a_hundred_characters_is_unknown() {
    let word = |pieces: usize| format!("e{}", "x".repeat(pieces));
    assert_eq!(ids(&word(99)).len(), 100);
    assert_eq!(ids(&word(100)), [1]);
    assert_eq!(ids(&"\u{e9}".repeat(101)), [1]);
}

#[test]
fn a_count_charges_unknown_words_by_their_length() {
    let pieces = WordPiece::new(VOCABULARY).unwrap();
    for (text, tokens) in [
        ("", 0),
        ("unaffable, runs!", 6),
        ("zz", 1),
        ("zzzzzzzz", 2),
        (&"x".repeat(400), 100),
        ("\u{e2a}\u{e27}\u{e31}\u{e2a}\u{e14}\u{e35}\u{e04}\u{e23}\u{e31}\u{e1a}", 1),
        ("\u{5927}", 1),
        ("\u{200b}", 0),
    ] {
        assert_eq!(pieces.count(text), tokens, "{text:?}");
    }
}

#[test]
fn a_faulty_vocabulary_is_refused() {
    assert_eq!(WordPiece::new("a\nb").unwrap_err(), VocabularyError::NoUnknown);
    assert_eq!(WordPiece::new("").unwrap_err(), VocabularyError::NoUnknown);
    assert_eq!(WordPiece::new("[UNK]\na\n##a\na").unwrap_err(), VocabularyError::Twice { line: 4 });
}

/// `tests/models/words.py` wrote the sums, with the reference's normaliser and pre-tokeniser. Where accents are
/// stripped, ids are compared (`tests/wordpiece.rs`): the order of marks that no vocabulary has may differ.
#[test]
fn every_code_point_is_cut_as_the_reference_does_where_accents_are_kept() {
    const SUMS: [(Letters, &[u8]); 2] = [
        (Letters::Kept, include_bytes!("../../tests/data/words-kept.fnv")),
        (Letters::Lower, include_bytes!("../../tests/data/words-lower.fnv")),
    ];
    const BLOCK: u32 = 1024;
    for (letters, sums) in SUMS {
        let rules = Rules { letters, accents: Accents::Kept };
        let mut blocks = 0;
        for (block, &expected) in (0u32..).zip(sums.as_chunks::<8>().0) {
            let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
            for c in (block * BLOCK..(block + 1) * BLOCK).filter_map(char::from_u32) {
                let text = format!("a{c}b {c} E{c}\u{316}\u{302}{c}\u{302e}");
                split::for_each_word(&text, rules, |word| {
                    for byte in word.bytes.iter().chain(&[0xff]) {
                        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                    }
                });
            }
            assert_eq!(hash, u64::from_le_bytes(expected), "{rules:?} U+{:04X}", block * BLOCK);
            blocks += 1;
        }
        assert_eq!(blocks * BLOCK, u32::from(char::MAX) + 1);
    }
}
