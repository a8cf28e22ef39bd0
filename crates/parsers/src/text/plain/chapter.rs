//! Chapter lines as Project Gutenberg and Standard Ebooks set them: `CHAPTER IV`, `Chapter 3. The Storm`.

/// A chapter's title on a line of its own is shorter than this.
const TITLE_CHARS_MAX: usize = 80;

/// Words that open a numbered part, with their level.
const PARTS: &[(&str, u8)] = &[
    ("volume", 1),
    ("book", 1),
    ("part", 1),
    ("chapter", 2),
    ("canto", 2),
    ("letter", 2),
    ("act", 2),
    ("scene", 3),
    ("appendix", 2),
];

/// Parts that need no number; only in capitals, since these words occur in sentences.
const NAMED: &[&str] = &[
    "PREFACE",
    "FOREWORD",
    "INTRODUCTION",
    "PROLOGUE",
    "EPILOGUE",
    "CONTENTS",
    "APPENDIX",
    "CONCLUSION",
    "AFTERWORD",
];

const NUMBER_WORDS: &[&str] = &[
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "last",
];

/// The level, when a paragraph of so many lines is a chapter's head: one line, or the number and its title below.
pub(super) fn level(text: &str, lines: usize) -> Option<u8> {
    let mut parts = text.lines().map(str::trim);
    let first = parts.next()?;
    match lines {
        1 => of_line(first).map(|(level, _)| level),
        2 => {
            let (level, bare) = of_line(first)?;
            let title = parts.next()?;
            (bare && is_title(title)).then_some(level)
        }
        _ => None,
    }
}

/// The level of a chapter's line, and whether it is the number alone.
fn of_line(line: &str) -> Option<(u8, bool)> {
    if NAMED.contains(&line.trim_end_matches(['.', ':'])) {
        return Some((2, false));
    }
    if line.chars().count() > TITLE_CHARS_MAX || !line.starts_with(char::is_uppercase) {
        return None;
    }
    let mut words = line.split_whitespace();
    let word = words.next()?.to_lowercase();
    let (_, level) = PARTS.iter().find(|(own, _)| *own == word)?;
    let number = words.next()?;
    let rest: Vec<&str> = words.collect();
    let closed = number.ends_with(['.', ':', ',', ';', '-', '—', '–']);
    let dashed = rest.first().is_some_and(|word| matches!(*word, "-" | "—" | "–" | ":"));
    let number = number.trim_end_matches(['.', ':', ',', ';', '-', '—', '–']);
    let titled = closed || dashed || line.chars().all(|c| !c.is_lowercase());
    (is_number(number) && (rest.is_empty() || titled && is_title(line)))
        .then_some((*level, rest.is_empty()))
}

fn is_number(word: &str) -> bool {
    let roman = !word.is_empty() && word.chars().all(|c| "IVXLC".contains(c));
    let digits = word.len() <= 3 && word.parse::<u16>().is_ok();
    roman || digits || NUMBER_WORDS.contains(&word.to_lowercase().as_str())
}

/// Short, and not a sentence in lower case.
fn is_title(line: &str) -> bool {
    line.chars().count() <= TITLE_CHARS_MAX
        && line.starts_with(|c: char| c.is_uppercase() || matches!(c, '"' | '“' | '‘' | '\'' | '_'))
        && !line.ends_with([',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapter_lines_are_told_from_sentences() {
        let cases = [
            ("CHAPTER IV", Some(2)),
            ("CHAPTER IV.", Some(2)),
            ("Chapter 3. The Storm", Some(2)),
            ("CHAPTER XII. The Mad Hatter", Some(2)),
            ("CHAPTER I.\nDown the Rabbit-Hole", Some(2)),
            ("BOOK THE FIRST", None),
            ("BOOK ONE: 1805", Some(1)),
            ("Part II", Some(1)),
            ("Letter 1", Some(2)),
            ("PREFACE", Some(2)),
            ("Chapter 3 was lost in the fire.", None),
            ("Part one of the plan failed.", None),
            ("chapter 3", None),
            ("Act I said he would.", None),
            ("CHAPTER I. One\nCHAPTER II. Two\nCHAPTER III. Three", None),
        ];
        for (text, expected) in cases {
            assert_eq!(level(text, text.lines().count()), expected, "{text}");
        }
    }
}
