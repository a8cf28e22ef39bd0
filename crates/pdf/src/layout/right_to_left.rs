//! Hebrew and Arabic: pages draw them from left to right, as they look; readers want the order of speech.

use crate::letters::is_right_to_left;

/// A line drawn from left to right, in the order of speech.
pub(crate) fn logical_order(line: String) -> String {
    if line.is_ascii() {
        return line;
    }
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let backward = line.chars().filter(|c| is_right_to_left(*c)).count();
    if backward == 0 {
        line
    } else if backward * 2 > letters {
        keep_runs(line.chars().rev().map(mirrored), |c| c.is_alphanumeric() && !is_right_to_left(c))
    } else {
        keep_runs(line.chars(), is_right_to_left)
    }
}

/// Turns each run round that begins and ends with a letter of `turned` and has no letter of the other kind.
fn keep_runs(characters: impl Iterator<Item = char>, turned: fn(char) -> bool) -> String {
    let characters: Vec<char> = characters.collect();
    let mut out = String::with_capacity(characters.len() * 2);
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let run = if turned(first) { run_length(&characters[at..], turned) } else { 0 };
        if run == 0 {
            out.push(first);
            at += 1;
        } else {
            out.extend(characters[at..at + run].iter().rev());
            at += run;
        }
    }
    out
}

fn run_length(characters: &[char], turned: fn(char) -> bool) -> usize {
    let other = |c: char| c.is_alphanumeric() && !turned(c);
    let end = characters.iter().position(|&c| other(c)).unwrap_or(characters.len());
    characters[..end].iter().rposition(|&c| turned(c)).map_or(0, |last| last + 1)
}

fn mirrored(character: char) -> char {
    match character {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '\u{ab}' => '\u{bb}',
        '\u{bb}' => '\u{ab}',
        character => character,
    }
}

#[cfg(test)]
mod tests {
    use super::logical_order;
    use proptest::prelude::*;

    proptest! {
        /// Lines of Hebrew letters, Latin letters, digits and spaces.
        #[test]
        fn no_letter_is_lost(line in "[\u{5d0}-\u{5ea}a-c0-9 ]{0,40}") {
            let sorted = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            prop_assert_eq!(sorted(&logical_order(line.clone())), sorted(&line));
        }
    }

    const SHALOM: &str = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}";
    const DRAWN: &str = "\u{5dd}\u{5d5}\u{5dc}\u{5e9}";

    #[test]
    fn lines_are_turned_into_the_order_of_speech() {
        let cases = [
            ("plain (text) 12".to_owned(), "plain (text) 12".to_owned()),
            (DRAWN.to_owned(), SHALOM.to_owned()),
            (format!("{DRAWN} {DRAWN}"), format!("{SHALOM} {SHALOM}")),
            (format!("{DRAWN} 2026 abc {DRAWN}"), format!("{SHALOM} 2026 abc {SHALOM}")),
            (format!("({DRAWN})"), format!("({SHALOM})")),
            (format!("the word {DRAWN} is Hebrew"), format!("the word {SHALOM} is Hebrew")),
        ];
        for (drawn, spoken) in cases {
            assert_eq!(logical_order(drawn.clone()), spoken, "{drawn:?}");
        }
    }
}
