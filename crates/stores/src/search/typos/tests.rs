use super::*;
use proptest::prelude::*;

fn letters(word: &str) -> Vec<char> {
    word.chars().collect()
}

#[test]
fn only_words_of_one_known_script_are_mended() {
    for (word, mended) in [
        ("receive", true),
        ("abc", false),
        ("abcd", true),
        ("мягкий", true),
        ("ψυχη", true),
        ("mp3file", false),
        ("смesh", false),
        ("東京都市", false),
    ] {
        assert_eq!(alphabet(&letters(word)).is_some(), mended, "{word}");
    }
    assert!(alphabet(&['a'; LETTERS_MAX + 1]).is_none());
}

#[test]
fn neighbours_of_a_word_are_listed_once() {
    assert_eq!(transpositions(&letters("abb")), ["bab"]);
    let near = edits(&letters("ab"), "abc");
    for word in ["a", "b", "cb", "ac", "aab", "abc", "cab", "acb"] {
        assert_eq!(near.iter().filter(|n| *n == word).count(), 1, "{word}");
    }
    assert!(!near.contains(&"ab".to_owned()));
}

#[test]
fn distances_count_single_errors() {
    for (a, b, expected) in [
        ("receive", "receive", Some(0)),
        ("recieve", "receive", Some(1)),
        ("receve", "receive", Some(1)),
        ("rceieve", "receive", Some(2)),
        ("goverment", "government", Some(1)),
        ("gvoernmnet", "government", Some(2)),
        ("abcd", "dcba", None),
        ("a", "abcd", None),
        ("", "ab", Some(2)),
    ] {
        assert_eq!(distance(&letters(a), &letters(b), 2), expected, "{a} {b}");
        assert_eq!(distance(&letters(b), &letters(a), 2), expected, "{b} {a}");
    }
}

proptest! {
    #[test]
    fn every_listed_neighbour_is_one_error_away(word in "[a-d]{1,7}") {
        let word = letters(&word);
        for near in transpositions(&word).into_iter().chain(edits(&word, "abcd")) {
            prop_assert_eq!(distance(&word, &letters(&near), 2), Some(1), "{}", near);
        }
    }

    #[test]
    fn every_word_one_error_away_is_listed(a in "[a-c]{1,4}", b in "[a-c]{1,4}") {
        let word = letters(&a);
        let mut near = transpositions(&word);
        near.extend(edits(&word, "abc"));
        prop_assert_eq!(near.contains(&b), distance(&word, &letters(&b), 2) == Some(1));
    }
}
