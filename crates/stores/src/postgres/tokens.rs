//! Words of a text as lexemes, and typed words as queries over them.
//!
//! Made here and not by the server's text search configurations, so that both stores find the same words: letters
//! without case and Latin ones without marks, no stop words, no stemming. Scripts without spaces between words
//! are indexed by overlapping runs of as many characters as a word has there; a shorter run at the end stands
//! for the rest.

use crate::search::fold::fold;
use crate::search::words::{Run, runs, words_of};
use std::cmp::Ordering;

/// Bytes of a lexeme; longer runs of letters are hashes and data, which nobody types.
const LEXEME_MAX: usize = 1000;
/// Greater places are not told apart by the server.
const PLACE_MAX: u16 = 16_383;
/// The server counts no more places of one lexeme.
const PLACES_MAX: usize = 255;
/// Bytes of all lexemes with their places; a `tsvector` ends at a mebibyte.
const BYTES_MAX: usize = 900_000;
/// Bytes of a lexeme's entry beside its letters, and of each of its places.
const ENTRY: usize = 4;
const PLACE: usize = 2;
/// A buffer that one text made larger is not kept for the next.
const KEPT: usize = 1 << 20;

/// The lexemes of one text with their places, in order of bytes.
///
/// One buffer and one sorted list for all of them: a map of strings took twice as long as the server needs for
/// its row.
#[derive(Debug, Default)]
pub(crate) struct Lexemes {
    /// Of all words, one after the other.
    letters: Vec<u8>,
    words: Vec<Word>,
    distinct: usize,
}

/// A word of the text, in [`Lexemes::letters`].
#[derive(Debug, Clone, Copy)]
struct Word {
    /// Its first 8 bytes as a number, which most comparisons end at.
    head: u64,
    start: u32,
    length: u32,
    /// Words before it in the text.
    before: u32,
}

impl Word {
    fn place(self) -> u16 {
        u16::try_from(self.before + 1).unwrap_or(PLACE_MAX).min(PLACE_MAX)
    }
}

impl Lexemes {
    /// Those of `text`, in the place of those that were here.
    pub(crate) fn read(&mut self, text: &str) {
        self.clear();
        for word in words_of(text) {
            if word.is_ascii() {
                self.add(|letters| letters.extend(word.bytes().map(|b| b.to_ascii_lowercase())));
                continue;
            }
            for run in runs(word) {
                match run {
                    Run::Word(word) => self.add(|letters| letters.extend(fold(&word).bytes())),
                    Run::Characters(characters, gram) => {
                        for start in 0..characters.len() {
                            let end = (start + gram).min(characters.len());
                            let gram: String = characters[start..end].iter().collect();
                            self.add(|letters| letters.extend(gram.bytes()));
                        }
                    }
                }
            }
        }
        self.sort();
        if self.letters.len() + self.words.len() * (ENTRY + PLACE) > BYTES_MAX {
            self.shorten();
        }
        self.distinct = self.groups().count();
    }

    pub(crate) fn clear(&mut self) {
        if self.letters.capacity() > KEPT {
            *self = Self::default();
        }
        self.letters.clear();
        self.words.clear();
        self.distinct = 0;
    }

    fn add(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        let start = self.letters.len();
        push(&mut self.letters);
        let bytes = &self.letters[start..];
        let length = bytes.len();
        if length == 0 || length > LEXEME_MAX {
            self.letters.truncate(start);
            return;
        }
        let mut head = [0; 8];
        let known = length.min(8);
        head[..known].copy_from_slice(&bytes[..known]);
        self.words.push(Word {
            head: u64::from_be_bytes(head),
            start: start as u32,
            length: length as u32,
            before: self.words.len() as u32,
        });
    }

    fn sort(&mut self) {
        let mut words = std::mem::take(&mut self.words);
        words.sort_unstable_by(|a, b| self.compare(*a, *b).then(a.before.cmp(&b.before)));
        self.words = words;
    }

    fn compare(&self, a: Word, b: Word) -> Ordering {
        a.head.cmp(&b.head).then_with(|| self.letters_of(a).cmp(self.letters_of(b)))
    }

    fn letters_of(&self, word: Word) -> &[u8] {
        &self.letters[word.start as usize..(word.start + word.length) as usize]
    }

    /// Leaves the words at the end of the text out that the server would not take.
    fn shorten(&mut self) {
        let mut sizes = vec![PLACE; self.words.len()];
        for group in self.groups() {
            sizes[group[0].before as usize] += ENTRY + group[0].length as usize;
        }
        let mut sum = 0;
        let mut fits = |size: &usize| {
            sum += size;
            sum <= BYTES_MAX
        };
        let kept = sizes.iter().take_while(|size| fits(size)).count() as u32;
        self.words.retain(|word| word.before < kept);
    }

    fn groups(&self) -> impl Iterator<Item = &[Word]> {
        self.words.chunk_by(|a, b| self.compare(*a, *b) == Ordering::Equal)
    }

    /// How many different ones.
    pub(crate) fn len(&self) -> usize {
        self.distinct
    }

    /// Words in the text, repeated ones too.
    pub(crate) fn length(&self) -> i64 {
        self.words.len() as i64
    }

    /// In UTF-8.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &[u8]> {
        self.groups().map(|group| self.letters_of(group[0]))
    }

    /// Each with its places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], impl Iterator<Item = u16>)> {
        self.groups().map(|group| (self.letters_of(group[0]), places(group)))
    }
}

fn places(group: &[Word]) -> impl Iterator<Item = u16> {
    let mut last = 0;
    let places = group.iter().map(|word| word.place());
    places.filter(move |place| std::mem::replace(&mut last, *place) != *place).take(PLACES_MAX)
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

    fn of(text: &str) -> Lexemes {
        let mut lexemes = Lexemes::default();
        lexemes.read("of another text");
        lexemes.read(text);
        lexemes
    }

    fn shown(text: &str) -> String {
        let lexemes = of(text);
        let shown: Vec<String> = lexemes
            .iter()
            .map(|(lexeme, places)| (String::from_utf8_lossy(lexeme), places))
            .map(|(lexeme, places)| format!("{lexeme}{:?}", places.collect::<Vec<_>>()))
            .collect();
        assert_eq!(shown.len(), lexemes.len());
        shown.join(" ")
    }

    #[test]
    fn words_lose_case_and_latin_marks() {
        assert_eq!(shown("Résumé, résumé! Το Ποδήλατο"), "resume[1, 2] ποδήλατο[4] το[3]");
    }

    #[test]
    fn lexemes_stand_in_the_order_of_their_bytes() {
        assert_eq!(
            shown("responsibly a Responsible zoo responsible aa responsib"),
            "a[2] aa[6] responsib[7] responsible[3, 5] responsibly[1] zoo[4]"
        );
    }

    #[test]
    fn scripts_without_spaces_become_overlapping_runs() {
        assert_eq!(shown("東京都 x"), "x[4] 京都[2] 東京[1] 都[3]");
    }

    #[test]
    fn a_huge_text_stays_within_what_the_server_takes() {
        let text = (0..400_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" w");
        let lexemes = of(&text);
        let sizes =
            lexemes.iter().map(|(lexeme, places)| lexeme.len() + ENTRY + PLACE * places.count());
        let bytes: usize = sizes.sum();
        assert!((BYTES_MAX - LEXEME_MAX..=BYTES_MAX).contains(&bytes), "{bytes}");
        assert!(lexemes.length() > 70_000, "{}", lexemes.length());
        let same = of(&"same ".repeat(100_000));
        assert_eq!(same.iter().next().unwrap().1.count(), PLACES_MAX);
        assert_eq!(same.length(), 100_000);
        assert_eq!(of(&"x".repeat(5000)).len(), 0);
    }
}
