//! Words of a text as lexemes, and typed words as queries over them.
//!
//! Made here and not by the server's text search configurations, so that both stores find the same words: letters
//! without case and Latin ones without marks, no stop words, no stemming. Scripts without spaces between words
//! are indexed by overlapping runs of as many characters as a word has there; a shorter run at the end stands
//! for the rest.

use crate::search::fold::fold;
use crate::search::words::{Run, runs, words_of};
use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

/// Bytes of a lexeme; longer runs of letters are hashes and data, which nobody types.
const LEXEME_MAX: usize = 1000;
/// Greater places are not told apart by the server.
const PLACE_MAX: u16 = 16_383;
/// The server counts no more places of one lexeme.
const PLACES_MAX: usize = 255;
/// Bytes of all lexemes with their places; a `tsvector` ends at a mebibyte.
const BYTES_MAX: usize = 900_000;

/// The lexemes of one text with their places, in order of bytes.
#[derive(Debug, Default)]
pub(crate) struct Lexemes {
    places: BTreeMap<String, Vec<u16>>,
    /// Words in the text, repeated ones too.
    length: i64,
    bytes: usize,
}

impl Lexemes {
    pub(crate) fn of(text: &str) -> Self {
        let mut lexemes = Self::default();
        for word in words_of(text) {
            for run in runs(word) {
                match run {
                    Run::Word(word) => lexemes.add(fold(&word)),
                    Run::Characters(characters, gram) => {
                        for start in 0..characters.len() {
                            let end = (start + gram).min(characters.len());
                            lexemes.add(characters[start..end].iter().collect());
                        }
                    }
                }
            }
        }
        lexemes
    }

    fn add(&mut self, lexeme: String) {
        if lexeme.is_empty() || lexeme.len() > LEXEME_MAX || self.bytes > BYTES_MAX {
            return;
        }
        self.length += 1;
        let place = u16::try_from(self.length).unwrap_or(PLACE_MAX).min(PLACE_MAX);
        self.bytes += 2;
        if !self.places.contains_key(&lexeme) {
            self.bytes += lexeme.len() + 4;
        }
        let places = self.places.entry(lexeme).or_default();
        if places.len() < PLACES_MAX && places.last() != Some(&place) {
            places.push(place);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Words in the text.
    pub(crate) fn length(&self) -> i64 {
        self.length
    }

    pub(crate) fn into_terms(self) -> impl Iterator<Item = String> {
        self.places.into_keys()
    }

    pub(crate) fn iter(&self) -> Iter<'_, String, Vec<u16>> {
        self.places.iter()
    }
}

/// A lexeme, or the beginning of one, as a `tsquery` says it.
pub(crate) fn quoted(lexeme: &str, prefix: Prefix) -> String {
    let inner = lexeme.replace('\\', "\\\\").replace('\'', "''");
    match prefix {
        Prefix::Whole => format!("'{inner}'"),
        Prefix::Beginning => format!("'{inner}':*"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    Whole,
    Beginning,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let lexemes = Lexemes::of(text);
        let shown: Vec<String> =
            lexemes.iter().map(|(lexeme, places)| format!("{lexeme}{places:?}")).collect();
        shown.join(" ")
    }

    #[test]
    fn words_lose_case_and_latin_marks() {
        assert_eq!(shown("Résumé, résumé! Το Ποδήλατο"), "resume[1, 2] ποδήλατο[4] το[3]");
    }

    #[test]
    fn scripts_without_spaces_become_overlapping_runs() {
        assert_eq!(shown("東京都 x"), "x[4] 京都[2] 東京[1] 都[3]");
    }

    #[test]
    fn a_huge_text_stays_within_what_the_server_takes() {
        let text = (0..400_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" w");
        let lexemes = Lexemes::of(&text);
        assert!(lexemes.bytes < 1 << 20);
        let same = Lexemes::of(&"same ".repeat(100_000));
        assert_eq!(same.iter().next().unwrap().1.len(), PLACES_MAX);
        assert_eq!(Lexemes::of(&"x".repeat(5000)).len(), 0);
    }
}
