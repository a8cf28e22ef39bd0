//! Typed words that the texts do not hold, replaced by near ones that they hold.

use super::super::error::Outcome;
use super::super::session::{Columns as _, Session};
use super::super::tokens::{Prefix, quoted};
use super::keyword::count;
use crate::search::fold::fold;
use crate::search::typos::{LETTERS_FOR_TWO, alphabet, distance, edits, transpositions};
use crate::search::words::{Piece, TERMS_MAX, pieces};
use tokio_postgres::types::Type;
use types::query::{Correction, Spelled};

/// Words taken for one mistyped word.
const TAKEN_MAX: usize = 3;
/// Words in more chunks are equally well known.
const COUNTED_MAX: i64 = 10_000;
/// Letters that words with the same beginning share.
const PREFIX: usize = 3;
/// Words of one beginning that are compared.
const SCANNED_MAX: i64 = 20_000;

/// Words that the texts hold stay as they are, and so does everything between words.
pub(crate) async fn spell(session: &Session, typed: &str) -> Outcome<Spelled> {
    let words = String::with_capacity(typed.len());
    let mut mending = Mending { session, looked_at: 0, words, corrections: Vec::new() };
    for piece in pieces(typed) {
        match piece {
            Piece::Gap(gap) => mending.words.push_str(gap),
            Piece::Word(word) => mending.word(word, TAKEN_MAX).await?,
            Piece::Quoted(phrase) => mending.phrase(phrase).await?,
        }
    }
    let Mending { mut words, corrections, .. } = mending;
    if corrections.is_empty() {
        typed.clone_into(&mut words);
    }
    Ok(Spelled { words, corrections })
}

struct Mending<'s> {
    session: &'s Session,
    looked_at: usize,
    words: String,
    corrections: Vec<Correction>,
}

impl Mending<'_> {
    async fn word(&mut self, word: &str, most: usize) -> Outcome<()> {
        self.looked_at += 1;
        let mut taken = Vec::new();
        // Of a pasted text no more words are looked for either.
        if self.looked_at <= TERMS_MAX {
            taken = near(self.session, word).await?;
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

    async fn phrase(&mut self, phrase: &str) -> Outcome<()> {
        self.words.push('"');
        for piece in pieces(phrase) {
            match piece {
                // A second word in its place would be another phrase.
                Piece::Word(word) => self.word(word, 1).await?,
                Piece::Gap(text) | Piece::Quoted(text) => self.words.push_str(text),
            }
        }
        self.words.push('"');
        Ok(())
    }
}

/// Words to take instead, best first; none for a word that the texts hold, or that nothing is near to.
async fn near(session: &Session, word: &str) -> Outcome<Vec<String>> {
    let folded = fold(word);
    let letters: Vec<char> = folded.chars().collect();
    let Some(alphabet) = alphabet(&letters) else { return Ok(Vec::new()) };
    if held(session, vec![folded.clone()]).await?.len() == 1 {
        return Ok(Vec::new());
    }
    let mut found = held(session, transpositions(&letters)).await?;
    if found.is_empty() {
        found = held(session, edits(&letters, alphabet)).await?;
    }
    if found.is_empty() && letters.len() >= LETTERS_FOR_TWO {
        found = two_errors_away(session, &letters).await?;
    }
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(found.into_iter().take(TAKEN_MAX).map(|(word, _)| word).collect())
}

/// Those that some text holds, with the number of chunks they stand in. A word may have gone with its last text
/// and still be known, so it is counted where it counts.
async fn held(session: &Session, words: Vec<String>) -> Outcome<Vec<(String, i64)>> {
    let sql = "SELECT term FROM word WHERE term=ANY($1)";
    let rows = session.rows(sql, &[(&words, Type::TEXT_ARRAY)]).await?;
    let known = rows.iter().map(|row| row.text(0)).collect::<Outcome<Vec<_>>>()?;
    counted(session, known).await
}

async fn counted(session: &Session, words: Vec<String>) -> Outcome<Vec<(String, i64)>> {
    let mut held = Vec::new();
    for word in words {
        let chunks = count(session, &quoted(&word, Prefix::Whole), COUNTED_MAX).await?;
        if chunks > 0 {
            held.push((word, chunks));
        }
    }
    Ok(held)
}

/// Looks where the first letters are as typed, or two of them in the wrong order.
async fn two_errors_away(session: &Session, letters: &[char]) -> Outcome<Vec<(String, i64)>> {
    let first = |word: &str| word.chars().take(PREFIX).collect::<String>();
    let mut prefixes: Vec<String> =
        transpositions(letters).iter().map(|word| first(word)).collect();
    prefixes.push(letters.iter().take(PREFIX).collect());
    prefixes.sort_unstable();
    prefixes.dedup();
    let sql = "SELECT term FROM word WHERE term>=$1 AND term<$1 || chr(1114111) LIMIT $2";
    let mut found = Vec::new();
    for prefix in prefixes {
        let rows = session.rows(sql, &[(&prefix, Type::TEXT), (&SCANNED_MAX, Type::INT8)]).await?;
        for row in &rows {
            let term = row.text(0)?;
            let candidate: Vec<char> = term.chars().collect();
            if distance(letters, &candidate, 2).is_some() {
                found.push(term);
            }
        }
    }
    counted(session, found).await
}
