//! What a person typed, as an FTS5 expression; and texts of scripts without spaces made ready for its
//! tokeniser.
//!
//! The tokeniser (`unicode61`) takes a run of letters as one word. In Chinese, Japanese, Thai, Lao, Khmer and
//! Burmese a run is a sentence, so in the index each of their characters stands alone, and a query looks for
//! short phrases of characters.

use std::borrow::Cow;
use std::collections::HashSet;

#[cfg(test)]
mod tests;

/// More phrases than this are not looked for; nobody types so many, but people paste.
pub(crate) const TERMS_MAX: usize = 64;
/// A longer phrase is looked for by its beginning.
const PHRASE_TOKENS_MAX: usize = 64;
/// Documents that the phrases of one query may be in, all together: the price of ranking, half a microsecond
/// each.
pub(crate) const POSTINGS_MAX: u64 = 100_000;

/// The text as the full text index takes it.
pub(crate) fn index_text(text: &str) -> Cow<'_, str> {
    // The first of those scripts begins at U+E00, whose first byte in UTF-8 is this one.
    let first_byte = |byte: &u8| *byte >= 0xe0;
    if !text.as_bytes().iter().any(first_byte) || !text.chars().any(|c| gram(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut spaced = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if gram(c).is_some() {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    Cow::Owned(spaced)
}

/// A piece of what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Letters and digits, between spaces or signs.
    Word(&'a str),
    /// Everything between two words.
    Gap(&'a str),
    /// What stood between quotation marks, without them.
    Quoted(&'a str),
}

/// Takes typed text apart; the pieces in a row, with the quotation marks, are the text.
pub(crate) fn pieces(typed: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = typed;
    while let Some(first) = rest.chars().next() {
        if let Some((quoted, after)) = quotation(rest) {
            pieces.push(Piece::Quoted(quoted));
            rest = after;
            continue;
        }
        let in_word = is_token(first);
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| is_token(*c) != in_word || is_quote(*c))
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        pieces.push(if in_word { Piece::Word(piece) } else { Piece::Gap(piece) });
        rest = after;
    }
    pieces
}

/// `"a phrase" and the rest`, if `text` begins with a quotation that ends.
fn quotation(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(is_quote)?.split_once(is_quote)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Letters, digits, and marks that stand on letters.
fn is_token(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}')
}

/// An FTS5 expression that finds what was typed, and nothing else; none if nothing typed can be found.
///
/// `count` says how many documents a quoted phrase is in, where more than a limit need not be told apart. The
/// rarest phrases whose documents sum up to [`POSTINGS_MAX`] stay, at least one.
pub(crate) fn match_expression<E>(
    typed: &str,
    count: &mut dyn FnMut(&str, u64) -> Result<u64, E>,
) -> Result<Option<String>, E> {
    let mut phrases = Vec::new();
    for phrase in typed_phrases(typed) {
        let documents = count(&phrase, POSTINGS_MAX + 1)?;
        if documents > 0 {
            phrases.push((documents, phrase));
        }
    }
    if phrases.iter().all(|(documents, _)| *documents > POSTINGS_MAX) {
        for (documents, phrase) in &mut phrases {
            *documents = count(phrase, u64::MAX)?;
        }
    }
    let kept = rarest(&phrases);
    Ok((!kept.is_empty()).then(|| kept.join(" OR ")))
}

/// In the order in which they were typed.
fn rarest(phrases: &[(u64, String)]) -> Vec<&str> {
    let mut by_price: Vec<usize> = (0..phrases.len()).collect();
    by_price.sort_by_key(|place| phrases[*place].0);
    let mut price = 0;
    let mut kept: Vec<usize> = by_price
        .into_iter()
        .enumerate()
        .take_while(|(rank, place)| {
            price += phrases[*place].0;
            *rank == 0 || price <= POSTINGS_MAX
        })
        .map(|(_, place)| place)
        .collect();
    kept.sort_unstable();
    kept.into_iter().map(|place| phrases[place].1.as_str()).collect()
}

/// Quoted phrases to look for, none twice.
fn typed_phrases(typed: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut phrases = Vec::new();
    for piece in pieces(typed) {
        let found = match piece {
            Piece::Gap(_) => Vec::new(),
            Piece::Word(word) => word_phrases(word),
            Piece::Quoted(phrase) => vec![phrase_tokens(phrase)],
        };
        for tokens in found {
            let phrase = format!("\"{}\"", tokens.join(" "));
            if !tokens.is_empty() && phrases.len() < TERMS_MAX && seen.insert(phrase.clone()) {
                phrases.push(phrase);
            }
        }
    }
    phrases
}

fn phrase_tokens(phrase: &str) -> Vec<String> {
    words_of(phrase)
        .flat_map(runs)
        .flat_map(|run| match run {
            Run::Word(word) => vec![word],
            Run::Characters(characters, _) => characters.iter().map(char::to_string).collect(),
        })
        .take(PHRASE_TOKENS_MAX)
        .collect()
}

fn word_phrases(word: &str) -> Vec<Vec<String>> {
    let mut phrases = Vec::new();
    for run in runs(word) {
        match run {
            Run::Word(word) => phrases.push(vec![word]),
            Run::Characters(characters, gram) => phrases.extend(
                characters
                    .windows(gram.min(characters.len()))
                    .map(|window| window.iter().map(char::to_string).collect()),
            ),
        }
    }
    phrases
}

/// The words of a text, in order.
pub(crate) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_token(c)).filter(|word| !word.is_empty())
}

/// A part of a word in one way of writing.
pub(crate) enum Run {
    Word(String),
    /// Of a script without spaces, and how many characters in a row are about a word.
    Characters(Vec<char>, usize),
}

/// The parts of a word, in small letters.
pub(crate) fn runs(word: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for c in word.chars().flat_map(char::to_lowercase) {
        match (gram(c), runs.last_mut()) {
            (Some(new), Some(Run::Characters(characters, old))) if new == *old => {
                characters.push(c);
            }
            (Some(gram), _) => runs.push(Run::Characters(vec![c], gram)),
            (None, Some(Run::Word(word))) => word.push(c),
            (None, _) => runs.push(Run::Word(c.to_string())),
        }
    }
    runs
}

/// In a script that puts no spaces between words: how many characters are about a word.
fn gram(c: char) -> Option<usize> {
    match c {
        // Japanese kana, Bopomofo, ideographs with their iteration marks.
        '\u{3005}'..='\u{3007}'
        | '\u{3031}'..='\u{3035}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{3100}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}' => Some(2),
        // Thai, Lao, Burmese, Khmer.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aa7f}'
        | '\u{1780}'..='\u{17ff}' => Some(3),
        _ => None,
    }
}
