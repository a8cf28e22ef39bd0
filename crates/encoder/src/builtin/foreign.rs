//! Words outside Latin script, taken out of a text.
//!
//! The vocabulary spells them letter by letter or not at all, so word pieces would make all Russian texts
//! alike and all Thai texts equal.
#![forbid(unsafe_code)]

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The first character that can be foreign, and the first byte of its UTF-8: Latin Extended-B ends before it.
const FIRST: char = '\u{250}';
const FIRST_BYTE: u8 = 0xC9;

#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// The text with a space for each foreign word.
    rest: String,
    /// The foreign words one after another, composed and in lower case.
    folded: String,
    words: Vec<Range<usize>>,
}

impl Foreign {
    /// Takes the words of `text` that have a letter or digit outside Latin script and gives what is left.
    ///
    /// A word that is Latin but for its form (a ligature, full-width letters, an accent of Vietnamese) is left
    /// with its plain form. A text without any such character is left as it is.
    pub(super) fn set_apart<'a>(&'a mut self, text: &'a str) -> &'a str {
        self.clear();
        if !has_foreign(text) {
            return text;
        }
        self.rest.clear();
        let mut rest = std::mem::take(&mut self.rest);
        for part in parts(text) {
            match part {
                Part::Between(between) => rest.push_str(between),
                Part::Word(word) if !has_foreign(word) => rest.push_str(word),
                Part::Word(word) if word.nfkd().any(is_foreign) => {
                    self.fold(word);
                    rest.push(' ');
                }
                Part::Word(word) => rest.extend(word.nfkd()),
            }
        }
        self.rest = rest;
        &self.rest
    }

    /// Takes every word of `text` that has a letter or digit, in whatever script.
    pub(super) fn set_apart_all(&mut self, text: &str) {
        self.clear();
        for part in parts(text) {
            if let Part::Word(word) = part
                && word.chars().any(is_letter_or_number)
            {
                self.fold(word);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The distinct words and how often each was taken, in the order of their bytes, so that a sum over them
    /// has one order.
    pub(super) fn words(&mut self) -> impl Iterator<Item = (&str, u32)> {
        let Self { folded, words, .. } = self;
        let word =
            |range: &Range<usize>| folded.get(range.clone()).expect("a word was folded whole");
        words.sort_unstable_by(|a, b| word(a).cmp(word(b)));
        words
            .chunk_by(move |a, b| word(a) == word(b))
            .map(move |same| (word(&same[0]), same.len() as u32))
    }

    fn fold(&mut self, word: &str) {
        let start = self.folded.len();
        let composed = word.nfkc().filter(|&c| !is_joiner(c));
        self.folded.extend(composed.flat_map(char::to_lowercase));
        if self.folded.len() > start {
            self.words.push(start..self.folded.len());
        }
    }

    fn clear(&mut self) {
        self.folded.clear();
        self.words.clear();
    }
}

enum Part<'a> {
    Word(&'a str),
    Between(&'a str),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let inside = is_in_word(rest.chars().next()?);
        let end = rest.find(|c| is_in_word(c) != inside).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(if inside { Part::Word(part) } else { Part::Between(part) })
    })
}

fn is_in_word(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Mark, Number};
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        is_joiner(c) || matches!(c.general_category_group(), Letter | Mark | Number)
    }
}

fn is_letter_or_number(c: char) -> bool {
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
    )
}

/// Soft hyphen, zero-width non-joiner and joiner: they shape a word and do not end it.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}')
}

fn has_foreign(text: &str) -> bool {
    let mut at = 0;
    while let Some(skipped) = text.as_bytes()[at..].iter().position(|&byte| byte >= FIRST_BYTE) {
        at += skipped;
        let c = text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .expect("such a byte begins a character");
        if is_foreign(c) {
            return true;
        }
        at += c.len_utf8();
    }
    false
}

/// A letter or decimal digit beyond the Latin blocks. The modifier letters at U+02B0 belong to no script:
/// Hawaiʻi is Latin.
fn is_foreign(c: char) -> bool {
    c >= FIRST
        && !matches!(c, '\u{2b0}'..='\u{2ff}' | '\u{2000}'..='\u{206f}')
        && (c.general_category_group() == GeneralCategoryGroup::Letter
            || c.general_category() == GeneralCategory::DecimalNumber)
}
