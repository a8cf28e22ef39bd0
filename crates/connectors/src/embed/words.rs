//! A provider's words, made fit to be shown: short, without the key, without what was sent.

use crate::embed::key::ApiKey;
use memchr::memmem;

/// Characters of a provider's message that are shown.
const SHOWN_MAX: usize = 200;

/// So many bytes in common with a text are a quote. Shorter runs are words that anybody uses.
const QUOTE: usize = 12;

/// A part of a key that is long enough to matter, and longer than the prefixes that all keys share.
const KEY_PART: usize = 6;

/// The message in one line, what it quotes from `key` and `texts` replaced by `***`.
pub(crate) fn fit(message: &str, key: Option<&ApiKey>, texts: &[&str]) -> String {
    // Looked through before it is cut, so that no half of a key is left at the end; a bound all the same.
    let bytes = message.floor_char_boundary(8 * SHOWN_MAX);
    let message = message.get(..bytes).unwrap_or_default();
    let mut hidden = vec![false; message.len()];
    if let Some(key) = key {
        mark(message, KEY_PART, &[key.reveal()], &mut hidden);
    }
    mark(message, QUOTE, texts, &mut hidden);
    let shown = shown(message, &hidden);
    let mut line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > SHOWN_MAX {
        line = line.chars().take(SHOWN_MAX).collect();
        line.push('…');
    }
    line
}

/// Marks each window of `length` bytes that also stands in one of the texts; a shorter text as a whole.
fn mark(message: &str, length: usize, texts: &[&str], hidden: &mut [bool]) {
    for (at, window) in message.as_bytes().windows(length).enumerate() {
        let known = hidden.get(at + length - 1).is_some_and(|end| *end) && hidden[at];
        if !known && texts.iter().any(|text| memmem::find(text.as_bytes(), window).is_some()) {
            hidden[at..at + length].fill(true);
        }
    }
    // One or two letters stand in any sentence and say nothing.
    for text in
        texts.iter().map(|text| text.trim()).filter(|text| (3..length).contains(&text.len()))
    {
        for at in memmem::find_iter(message.as_bytes(), text) {
            hidden[at..at + text.len()].fill(true);
        }
    }
}

fn shown(message: &str, hidden: &[bool]) -> String {
    let mut out = String::with_capacity(message.len());
    let mut before = false;
    for (at, c) in message.char_indices() {
        // A character of which any byte is hidden is hidden.
        let now = hidden[at..at + c.len_utf8()].contains(&true);
        match (before, now) {
            (false, true) => out.push_str("***"),
            (_, false) => out.push(c),
            (true, true) => {}
        }
        before = now;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> ApiKey {
        ApiKey::new("sk-proj-abcdefghijklmnop").unwrap()
    }

    #[test]
    fn the_key_is_hidden_whole_or_in_part() {
        for (message, expected) in [
            (
                "Incorrect API key provided: sk-proj-abcdefghijklmnop.",
                "Incorrect API key provided: ***.",
            ),
            ("key sk-proj-********klmnop", "key ***********klmnop"),
            ("no key here", "no key here"),
        ] {
            let got = fit(message, Some(&key()), &[]);
            assert!(!got.contains("abcdef") && !got.contains("sk-proj"), "{got}");
            assert_eq!(got.starts_with("no key"), message == expected, "{got}");
        }
    }

    #[test]
    fn a_quote_of_a_text_is_hidden_and_the_rest_is_kept() {
        let texts = ["the merger with Acme is planned for May", "42-B"];
        let got = fit("bad input 'merger with Acme is planned' at 3", None, &texts);
        assert_eq!(got, "bad input '***' at 3");
        assert_eq!(fit("item 42-B is bad", None, &texts), "item *** is bad");
        assert_eq!(fit("too\n  many   tokens", None, &texts), "too many tokens");
    }

    #[test]
    fn a_message_is_cut() {
        let got = fit(&"é".repeat(500), None, &[]);
        assert_eq!(got.chars().count(), SHOWN_MAX + 1);
    }

    proptest! {
        #[test]
        fn nothing_of_length_is_quoted_whatever_is_around_it(
            before in "\\PC{0,300}", after in "\\PC{0,40}", text in "\\PC{12,60}", cut in 0_usize..20
        ) {
            let quote: String = text.chars().skip(cut.min(text.chars().count() - 12)).take(40).collect();
            let got = fit(&format!("{before}{quote}{after}"), Some(&key()), &[&text]);
            prop_assert!(!got.contains(&quote));
        }
    }
}
