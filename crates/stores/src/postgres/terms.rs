//! The words of all texts, for mending typed ones.
//!
//! A word is added once and never removed; whether it still stands in some text, the full text says. What this
//! process has added it remembers, so that most batches add nothing.

use super::error::Outcome;
use super::session::Session;
use super::texts::escaped;
use ahash::{AHashSet, RandomState};
use std::collections::HashSet;
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

    /// Adds those that are new, in one order for all writers, so that none waits for another in a circle.
    pub(crate) async fn add(&self, session: &Session, terms: &HashSet<String>) -> Outcome<()> {
        let mut new: Vec<&str> = {
            let mut known = self.known();
            if known.len() > REMEMBERED_MAX {
                known.clear();
            }
            let is_new = |term: &&String| known.insert(self.hasher.hash_one(term));
            terms.iter().filter(is_new).map(String::as_str).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        new.sort_unstable();
        let new: Vec<_> = new.into_iter().map(escaped).collect();
        let sql = "INSERT INTO word SELECT unnest($1::text[]) ON CONFLICT DO NOTHING";
        session.execute(sql, &[(&new, Type::TEXT_ARRAY)]).await?;
        Ok(())
    }
}
