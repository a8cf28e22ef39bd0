//! Typed words that the index does not hold, replaced by near ones that it holds.

use super::super::error::Outcome;
use super::keyword::documents;
use crate::search::fold::fold;
use crate::search::typos::{LETTERS_FOR_TWO, alphabet, distance, edits, transpositions};
use crate::search::words::{Piece, TERMS_MAX, pieces};
use rusqlite::Connection;
use types::query::{Correction, Spelled};

/// Words taken for one mistyped word.
const TAKEN_MAX: usize = 3;
/// Words in more chunks are equally well known.
const COUNTED_MAX: u64 = 10_000;
/// Letters that words with the same beginning share.
const PREFIX: usize = 3;
/// Words of one beginning that are compared.
const SCANNED_MAX: usize = 20_000;

/// Words that the index holds stay as they are, and so does everything between words.
pub(crate) fn spell(conn: &Connection, typed: &str) -> Outcome<Spelled> {
    let words = String::with_capacity(typed.len());
    let mut mending = Mending { conn, looked_at: 0, words, corrections: Vec::new() };
    for piece in pieces(typed) {
        match piece {
            Piece::Gap(gap) => mending.words.push_str(gap),
            Piece::Word(word) => mending.word(word, TAKEN_MAX)?,
            Piece::Quoted(phrase) => mending.phrase(phrase)?,
        }
    }
    let Mending { mut words, corrections, .. } = mending;
    if corrections.is_empty() {
        typed.clone_into(&mut words);
    }
    Ok(Spelled { words, corrections })
}

struct Mending<'c> {
    conn: &'c Connection,
    looked_at: usize,
    words: String,
    corrections: Vec<Correction>,
}

impl Mending<'_> {
    fn word(&mut self, word: &str, most: usize) -> Outcome<()> {
        self.looked_at += 1;
        let mut taken = Vec::new();
        // Of a pasted text no more words are looked for either.
        if self.looked_at <= TERMS_MAX {
            taken = near(self.conn, word)?;
            taken.truncate(most);
        }
        if taken.is_empty() {
            self.words.push_str(word);
        } else {
            self.words.push_str(&taken.join(" "));
            self.corrections.push(Correction { typed: word.to_owned(), taken });
        }
        Ok(())
    }

    fn phrase(&mut self, phrase: &str) -> Outcome<()> {
        self.words.push('"');
        for piece in pieces(phrase) {
            match piece {
                // A second word in its place would be another phrase.
                Piece::Word(word) => self.word(word, 1)?,
                Piece::Gap(text) | Piece::Quoted(text) => self.words.push_str(text),
            }
        }
        self.words.push('"');
        Ok(())
    }
}

/// Words to take instead, best first; none for a word that the index holds, or that nothing is near to.
fn near(conn: &Connection, word: &str) -> Outcome<Vec<String>> {
    let folded = fold(word);
    let letters: Vec<char> = folded.chars().collect();
    let Some(alphabet) = alphabet(&letters) else { return Ok(Vec::new()) };
    if count(conn, &folded, 1)? > 0 {
        return Ok(Vec::new());
    }
    let mut found = held(conn, transpositions(&letters))?;
    if found.is_empty() {
        found = held(conn, edits(&letters, alphabet))?;
    }
    if found.is_empty() && letters.len() >= LETTERS_FOR_TWO {
        found = two_errors_away(conn, &letters)?;
    }
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(found.into_iter().take(TAKEN_MAX).map(|(word, _)| word).collect())
}

/// Words hold letters only, so quotation marks around one are all that FTS5 wants.
fn count(conn: &Connection, word: &str, most: u64) -> Outcome<u64> {
    documents(conn, &format!("\"{word}\""), most)
}

/// Those that the index holds, with the number of chunks they stand in.
fn held(conn: &Connection, words: Vec<String>) -> Outcome<Vec<(String, u64)>> {
    let mut held = Vec::new();
    for word in words {
        let documents = count(conn, &word, COUNTED_MAX)?;
        if documents > 0 {
            held.push((word, documents));
        }
    }
    Ok(held)
}

/// Looks where the first letters are as typed, or two of them in the wrong order.
fn two_errors_away(conn: &Connection, letters: &[char]) -> Outcome<Vec<(String, u64)>> {
    let first = |word: &str| word.chars().take(PREFIX).collect::<String>();
    let mut prefixes: Vec<String> =
        transpositions(letters).iter().map(|word| first(word)).collect();
    prefixes.push(letters.iter().take(PREFIX).collect());
    prefixes.sort_unstable();
    prefixes.dedup();
    let mut statement = conn.prepare_cached(
        "SELECT term, doc FROM word WHERE term >= ?1 AND term < ?1 || char(0x10ffff) LIMIT ?2",
    )?;
    let mut found = Vec::new();
    for prefix in prefixes {
        let mut rows = statement.query((prefix, SCANNED_MAX as i64))?;
        while let Some(row) = rows.next()? {
            let term: String = row.get(0)?;
            let candidate: Vec<char> = term.chars().collect();
            if distance(letters, &candidate, 2).is_some() {
                found.push((term, row.get(1)?));
            }
        }
    }
    Ok(found)
}
