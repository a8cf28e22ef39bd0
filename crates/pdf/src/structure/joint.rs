//! How the end of one line meets the beginning of the next.

use crate::letters::{SOFT_HYPHEN, is_written_without_spaces};

/// Appends a line to a paragraph: a word parted by a hyphen is made whole, words are parted by a space, and
/// scripts without spaces by nothing.
pub(crate) fn append(text: &mut String, line: &str) {
    let Some(first) = line.chars().next() else { return };
    let mut ending = text.chars().rev();
    let (last, before) = (ending.next(), ending.next());
    match last {
        None => {}
        Some(SOFT_HYPHEN) => {
            text.pop();
        }
        Some('-' | '\u{2010}')
            if before.is_some_and(char::is_lowercase) && first.is_lowercase() =>
        {
            text.pop();
        }
        Some(last) if is_written_without_spaces(last) && is_written_without_spaces(first) => {}
        Some(_) => text.push(' '),
    }
    text.push_str(line);
}

/// Whether a text may end here.
pub(crate) fn ends_sentence(text: &str) -> bool {
    let end = text.trim_end_matches(['"', '\'', ')', ']', '\u{201d}', '\u{2019}', '\u{bb}']);
    end.ends_with([
        '.', '!', '?', ':', ';', '\u{2026}', '\u{3002}', '\u{ff01}', '\u{ff1f}', '\u{61f}',
        '\u{6d4}',
    ])
}

/// Whether the line begins with the sign of a list item.
pub(crate) fn begins_item(line: &str) -> bool {
    let mut characters = line.chars();
    let sign = matches!(
        characters.next(),
        Some(
            '\u{2022}'
                | '\u{2023}'
                | '\u{25e6}'
                | '\u{25aa}'
                | '\u{25cf}'
                | '\u{2013}'
                | '\u{2043}'
                | '-'
                | '*'
        )
    );
    sign && characters.next() == Some(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_meet_as_they_were_written() {
        let cases = [
            ("for exam-", "ple this", "for example this"),
            ("for exam\u{2010}", "ple", "for example"),
            ("soft\u{ad}", "Ware", "softWare"),
            ("the Franco-", "German war", "the Franco- German war"),
            ("COVID-", "nineteen", "COVID- nineteen"),
            ("pages 3-", "4", "pages 3- 4"),
            ("one", "two", "one two"),
            ("\u{6f22}\u{5b57}", "\u{4eee}\u{540d}", "\u{6f22}\u{5b57}\u{4eee}\u{540d}"),
            ("\u{6f22}", "word", "\u{6f22} word"),
            ("", "first", "first"),
            ("last", "", "last"),
        ];
        for (last, next, joined) in cases {
            let mut text = last.to_owned();
            append(&mut text, next);
            assert_eq!(text, joined, "{last:?} {next:?}");
        }
    }

    #[test]
    fn items_and_sentences_are_told_by_their_signs() {
        assert!(begins_item("\u{2022} first") && begins_item("- first") && begins_item("* first"));
        assert!(!begins_item("-first") && !begins_item("first") && !begins_item("*"));
        assert!(ends_sentence("He said \u{201c}yes.\u{201d}") && ends_sentence("Done."));
        assert!(!ends_sentence("and so") && !ends_sentence(""));
    }
}
