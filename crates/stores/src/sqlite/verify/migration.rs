//! Vectors of the model that the store migrates to.

use super::super::migration;
use super::{Check, Cure, Outcome};

impl Check<'_> {
    /// A migration that cannot be read is forgotten, a damaged vector of it made again: the model in use has all.
    pub(super) fn migration(&mut self) -> Outcome<()> {
        let Ok(target) = migration::target(self.conn) else {
            self.findings.add("migration", "meta", "its target cannot be read", Cure::Here);
            return if self.mends() { migration::forget(self.conn) } else { Ok(()) };
        };
        let Some(target) = target else { return Ok(()) };
        let mut damaged = migration::damaged(self.conn, target.model.dimensions)?;
        // What goes with its chunk is no damage: it is passed over.
        damaged.retain(|chunk| self.is_chunk(*chunk).unwrap_or(true));
        if damaged.is_empty() {
            return Ok(());
        }
        let message = format!("{} new vectors are not what was written", damaged.len());
        self.findings.add("migration", target.model.to_string(), message, Cure::Here);
        if self.mends() { migration::remove(self.conn, &damaged) } else { Ok(()) }
    }

    fn is_chunk(&self, chunk: i64) -> Outcome<bool> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM chunk WHERE id=?1")?.exists([chunk])?)
    }
}
