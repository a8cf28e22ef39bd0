//! Checks every invariant of the tables, and mends what can be mended without the sources.
//!
//! The order matters: damaged rows go first, then what hangs loose because of them, then the counts that the
//! ledger keeps of them, and last what is derived from rows: pairs, gates, totals. Pages and indexes are the
//! server's own to check; a full text index is part of every transaction and cannot lag behind.

mod content;
mod derived;
mod ledger;
mod loose;
mod migration;

use super::apply::{Shared, Writing};
use super::error::Outcome;
use super::meta::{self, Bound};
use super::session::Session;
use crate::findings::{Cure, Findings};
use std::collections::BTreeSet;
use types::ledger::Violation;
use types::seam::Repair;

/// Inside the caller's transaction, which is one snapshot when nothing is mended.
pub(crate) async fn verify(
    session: &Session,
    shared: &Shared,
    repair: Repair,
) -> Outcome<Vec<Violation>> {
    fault::point("store.verify")?;
    let bound = meta::bound(session).await?;
    if repair == Repair::Yes {
        // Nobody may write between what is found and what is mended.
        session.batch("LOCK TABLE document, chunk, file IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    let findings = Findings::default();
    let mut check = Check { session, shared, bound, repair, findings, unsound: BTreeSet::new() };
    check.contents().await?;
    check.loose_vectors().await?;
    check.loose_chunks().await?;
    check.documents().await?;
    check.mend_unsound().await?;
    check.pairs().await?;
    check.letters().await?;
    check.files().await?;
    check.gates().await?;
    check.totals().await?;
    check.migration().await?;
    Ok(check.findings.into_list())
}

/// One pass over the store.
struct Check<'s> {
    session: &'s Session,
    shared: &'s Shared,
    bound: Option<Bound>,
    repair: Repair,
    findings: Findings,
    /// Documents that lost rows: they must be read from their source again.
    unsound: BTreeSet<i64>,
}

impl<'s> Check<'s> {
    fn mends(&self) -> bool {
        self.repair == Repair::Yes
    }

    async fn writing(&self) -> Outcome<Writing<'s>> {
        Writing::begin(self.session, self.shared).await
    }

    /// Name of the table of vectors; of none, an empty one of the same columns.
    fn vectors(&self) -> String {
        match &self.bound {
            Some(bound) => bound.table.clone(),
            None => "(SELECT id AS chunk, id AS document, ''::bytea AS text_hash, id AS check_sum,
                NULL::vector AS v FROM chunk WHERE false)"
                .to_owned(),
        }
    }
}
