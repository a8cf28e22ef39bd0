//! Queries with typing errors.
#![forbid(unsafe_code)]

use crate::evaluation::Query;

/// Words of fewer letters are left alone: their first and last letter stay, and two in the middle change
/// places.
const LETTERS_MIN: usize = 5;

/// Always the same errors: the place in a word comes from a Weyl sequence over the words.
pub(crate) fn swap_letters(queries: &mut [Query]) {
    let mut turn = 0usize;
    for query in queries {
        let words = query.text.split_whitespace().map(|word| {
            let mut letters: Vec<char> = word.chars().collect();
            if letters.len() >= LETTERS_MIN {
                turn = turn.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let at = 1 + (turn >> 32) % (letters.len() - 3);
                letters.swap(at, at + 1);
            }
            String::from_iter(letters)
        });
        query.text = words.collect::<Vec<_>>().join(" ");
    }
}
