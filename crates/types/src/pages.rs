//! Pages of a document, as people name them: `7`, `3-9`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Pages from the first to the last, both counted from 1 and both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageRange {
    first: NonZeroU32,
    last: NonZeroU32,
}

/// The words are no range of pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    #[error(
        "{0:?} is no range of pages: write one page, as in 7, or the first and the last, as in 3-9"
    )]
    Form(String),
    #[error("pages are counted from 1, and {0:?} begins at 0")]
    Zero(String),
    #[error("the pages {first}-{last} run backwards")]
    Backwards { first: u32, last: u32 },
}

impl PageRange {
    /// None when `first` is 0 or behind `last`.
    pub fn new(first: u32, last: u32) -> Option<Self> {
        let (first, last) = (NonZeroU32::new(first)?, NonZeroU32::new(last)?);
        (first <= last).then_some(Self { first, last })
    }

    pub fn first(self) -> u32 {
        self.first.get()
    }

    pub fn last(self) -> u32 {
        self.last.get()
    }

    /// How many pages it names.
    pub fn count(self) -> u32 {
        self.last() - self.first() + 1
    }
}

/// Dashes that word processors and models put in the place of a hyphen count as one.
const DASHES: [char; 4] = ['-', '\u{2010}', '\u{2013}', '\u{2014}'];

impl FromStr for PageRange {
    type Err = BadRange;

    fn from_str(text: &str) -> Result<Self, BadRange> {
        let bad = || BadRange::Form(text.chars().take(40).collect());
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| bad());
        let (first, last) = match text.split_once(DASHES) {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(text)?, number(text)?),
        };
        if first == 0 || last == 0 {
            return Err(BadRange::Zero(text.to_owned()));
        }
        Self::new(first, last).ok_or(BadRange::Backwards { first, last })
    }
}

impl TryFrom<String> for PageRange {
    type Error = BadRange;

    fn try_from(text: String) -> Result<Self, BadRange> {
        text.parse()
    }
}

impl From<PageRange> for String {
    fn from(range: PageRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for PageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_and_a_range_are_read_and_written_again() {
        for (text, first, last, written) in [
            ("7", 7, 7, "7"),
            ("3-9", 3, 9, "3-9"),
            (" 3 - 9 ", 3, 9, "3-9"),
            ("4-4", 4, 4, "4"),
            ("10\u{2013}12", 10, 12, "10-12"),
        ] {
            let range: PageRange = text.parse().unwrap();
            assert_eq!((range.first(), range.last()), (first, last), "{text}");
            assert_eq!(range.to_string(), written);
            assert_eq!(range.count(), last - first + 1);
        }
    }

    #[test]
    fn what_names_no_pages_is_refused_with_its_reason() {
        for text in ["", "-", "a", "3-", "-3", "1-2-3", "1,3", "99999999999", "1.5"] {
            assert!(matches!(text.parse::<PageRange>(), Err(BadRange::Form(_))), "{text:?}");
        }
        assert_eq!("0-3".parse::<PageRange>(), Err(BadRange::Zero("0-3".to_owned())));
        let backwards = BadRange::Backwards { first: 9, last: 3 };
        assert_eq!("9-3".parse::<PageRange>(), Err(backwards));
    }
}
