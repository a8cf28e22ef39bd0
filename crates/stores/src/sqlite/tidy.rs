//! What bulk work leaves behind, put in order.

use super::error::Outcome;
use super::pool::Pool;
use super::{FullText, search};
use rusqlite::Connection;

/// Pages that one merge step of the full text may write: a transaction of some tens of milliseconds.
const MERGE_PAGES: i64 = 500;
/// Steps of one call; what is left is for the next one.
const MERGE_STEPS_MAX: usize = 64;

pub(crate) fn tidy(pool: &Pool, full_text: FullText) -> Outcome<()> {
    fault::point("store.tidy.begin")?;
    if full_text == FullText::On {
        for _ in 0..MERGE_STEPS_MAX {
            if !pool.write(merge)? {
                break;
            }
        }
    }
    while pool.write(search::compact_codes)? {}
    let conn = pool.writer()?;
    conn.execute_batch("PRAGMA analysis_limit=400; PRAGMA optimize=0x10002;")?;
    fault::point("store.tidy.checkpoint")?;
    // Busy while somebody reads: the next checkpoint takes what this one leaves.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    fault::point("store.tidy.end")?;
    Ok(())
}

/// One step of merging the full text's segments; true while it found work. FTS5 reports work done as more
/// than one changed row.
fn merge(conn: &Connection) -> Outcome<bool> {
    let before = conn.total_changes();
    conn.execute("INSERT INTO fts(fts, rank) VALUES('merge', ?1)", [MERGE_PAGES])?;
    Ok(conn.total_changes() - before >= 2)
}
