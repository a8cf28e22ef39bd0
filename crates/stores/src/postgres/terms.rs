//! The words of all texts, for mending typed ones.
//!
//! A word is added once and never removed; whether it still stands in some text, the full text says. What this
//! process has added it remembers, so that most batches add nothing.

use super::error::Outcome;
use super::session::Session;
use super::texts::escaped;
use super::tokens::Lexemes;
use ahash::{AHashSet, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_postgres::types::Type;

/// Remembered words, as hashes; beyond this, all are forgotten and learned again.
const REMEMBERED_MAX: usize = 1 << 20;

/// Words that are known to be there.
#[derive(Debug)]
pub(crate) struct Terms {
    hasher: RandomState,
    known: Mutex<AHashSet<u64>>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { hasher: RandomState::new(), known: Mutex::default() }
    }
}

impl Terms {
    fn known(&self) -> MutexGuard<'_, AHashSet<u64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was added may have been rolled back.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    /// Puts those aside that are new to this process.
    pub(crate) fn learn(&self, lexemes: &Lexemes, new: &mut Vec<String>) {
        let mut known = self.known();
        if known.len() > REMEMBERED_MAX {
            known.clear();
        }
        let is_new = |term: &&[u8]| known.insert(self.hasher.hash_one(term));
        let text = |term| String::from_utf8_lossy(term).into_owned();
        new.extend(lexemes.terms().filter(is_new).map(text));
    }
}

/// Adds words that may be there, in one order for all writers, so that none waits for another in a circle.
pub(crate) async fn add(session: &Session, mut new: Vec<String>) -> Outcome<()> {
    if new.is_empty() {
        return Ok(());
    }
    new.sort_unstable();
    let new: Vec<_> = new.iter().map(|term| escaped(term)).collect();
    let sql = "INSERT INTO word SELECT unnest($1::text[]) ON CONFLICT DO NOTHING";
    session.execute(sql, &[(&new, Type::TEXT_ARRAY)]).await?;
    Ok(())
}
