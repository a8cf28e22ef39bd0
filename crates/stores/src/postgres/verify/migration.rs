//! Vectors of the model that the store migrates to.

use super::super::migration;
use super::{Check, Cure, Outcome};

impl Check<'_> {
    /// A damaged vector is made again: the model in use has all.
    pub(super) async fn migration(&mut self) -> Outcome<()> {
        let Some(coming) = migration::coming(self.session).await? else { return Ok(()) };
        let damaged = migration::damaged(self.session, &coming).await?;
        if damaged.is_empty() {
            return Ok(());
        }
        let message = format!("{} new vectors are not what was written", damaged.len());
        self.findings.add("migration", coming.model().to_string(), message, Cure::Here);
        if self.mends() { migration::remove(self.session, &coming, &damaged).await } else { Ok(()) }
    }
}
