//! Checks every invariant of the file, and mends what can be mended without the sources.
//!
//! The order matters: tables that are gone come first, then damaged rows go, then what hangs loose because of them, then the counts that
//! the ledger keeps of them, and last what is derived from rows: pairs, totals, full text, codes.

mod content;
mod derived;
mod ledger;
mod loose;
mod migration;
mod routed;
mod tables;

use super::FullText;
use super::error::Outcome;
use super::pool::Pool;
use crate::findings::{Cure, Findings};
use rusqlite::Connection;
use std::collections::BTreeSet;
use types::ledger::Violation;
use types::seam::Repair;

/// Rows of `PRAGMA integrity_check` that are shown.
const INTEGRITY_ROWS: i64 = 100;

pub(crate) fn verify(pool: &Pool, full_text: FullText, repair: Repair) -> Outcome<Vec<Violation>> {
    fault::point("store.verify")?;
    let check = |conn: &Connection| check_all(conn, full_text, repair);
    match repair {
        Repair::No => pool.read(check),
        Repair::Yes => pool.write(check),
    }
}

fn check_all(conn: &Connection, full_text: FullText, repair: Repair) -> Outcome<Vec<Violation>> {
    let mut check =
        Check { conn, full_text, repair, findings: Findings::default(), unsound: BTreeSet::new() };
    if check.tables()? == Soundness::Damaged
        || check.routed_tables()? == Soundness::Damaged
        || check.file()? == Soundness::Damaged
    {
        // Rows cannot be trusted below a damaged page; looking further would only confuse.
        return Ok(check.findings.into_list());
    }
    check.routed()?;
    check.contents()?;
    check.loose_vectors()?;
    check.loose_chunks()?;
    check.documents()?;
    check.mend_unsound()?;
    check.pairs()?;
    check.letters()?;
    check.files()?;
    check.gates()?;
    check.totals()?;
    check.migration()?;
    check.words()?;
    check.codes()?;
    Ok(check.findings.into_list())
}

/// One pass over the store.
struct Check<'c> {
    conn: &'c Connection,
    full_text: FullText,
    repair: Repair,
    findings: Findings,
    /// Documents that lost rows: they must be read from their source again.
    unsound: BTreeSet<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Soundness {
    Sound,
    Damaged,
}

impl Check<'_> {
    fn mends(&self) -> bool {
        self.repair == Repair::Yes
    }

    /// `SQLite`'s own check of pages, indices and the full text's structure.
    fn file(&mut self) -> Outcome<Soundness> {
        let found = integrity(self.conn)?;
        if found.is_empty() {
            return Ok(Soundness::Sound);
        }
        for message in found {
            self.findings.add("integrity", "file", message, Cure::Here);
        }
        if !self.mends() {
            return Ok(Soundness::Damaged);
        }
        self.conn.execute_batch("REINDEX")?;
        self.rebuild_words()?;
        let left = integrity(self.conn)?;
        if left.is_empty() { Ok(Soundness::Sound) } else { Ok(Soundness::Damaged) }
    }
}

fn integrity(conn: &Connection) -> Outcome<Vec<String>> {
    // FTS5 checks the segments that this connection saw last; opening a cursor makes it look again.
    conn.prepare("SELECT rowid FROM fts LIMIT 1")?.exists([])?;
    let mut rows = conn.prepare(&format!("PRAGMA integrity_check({INTEGRITY_ROWS})"))?;
    let found = rows.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(found.into_iter().filter(|message| message != "ok").collect())
}
