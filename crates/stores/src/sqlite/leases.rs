//! Who may go on with an open version, and until when.

use super::error::Outcome;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::time::Duration;
use types::document::Hash;
use types::lease::Lease;
use types::ledger::{DocumentId, VersionKey};

pub(crate) fn claim(
    conn: &Connection,
    documents: &[DocumentId],
    run: i64,
    time: Duration,
) -> Outcome<Vec<Option<Lease>>> {
    // Of a lease that ran out, or is the run's own, the state is 1 until somebody takes it.
    let mut take = conn.prepare_cached(
        "UPDATE document SET state=1, fence=fence+1, attempts=attempts+1, lease_owner=?2,
           lease_until=unixepoch()+?3, crashes=crashes+(state=1 AND lease_owner<>?2)
         WHERE id=?1 AND (state=0 OR state=3 AND not_before<=unixepoch()
           OR state=1 AND (lease_until<=unixepoch() OR lease_owner=?2))
         RETURNING fence, open_content, open_pipeline, open_cursor, attempts, failures, crashes",
    )?;
    let mut leases = Vec::with_capacity(documents.len());
    for document in documents {
        let lease = take.query_row(params![document.0, run, time.as_secs()], |r| {
            let open = match r.get::<_, Option<_>>(1)? {
                None => None,
                Some(content) => {
                    let key = VersionKey { content: Hash(content), pipeline: Hash(r.get(2)?) };
                    Some((key, r.get(3)?))
                }
            };
            Ok(Lease {
                document: *document,
                fence: r.get(0)?,
                open,
                attempts: r.get(4)?,
                failures: r.get(5)?,
                crashes: r.get(6)?,
            })
        });
        leases.push(lease.optional()?);
    }
    Ok(leases)
}

pub(crate) fn renew(conn: &Connection, run: i64, time: Duration) -> Outcome<u64> {
    let renewed = conn
        .prepare_cached(
            "UPDATE document SET lease_until=unixepoch()+?2
             WHERE lease_until IS NOT NULL AND lease_owner=?1",
        )?
        .execute(params![run, time.as_secs()])?;
    Ok(renewed as u64)
}

pub(crate) fn release(conn: &Connection, run: i64) -> Outcome<u64> {
    let released = conn
        .prepare_cached(
            "UPDATE document SET state=0, lease_owner=NULL, lease_until=NULL
             WHERE lease_until IS NOT NULL AND lease_owner=?1",
        )?
        .execute([run])?;
    Ok(released as u64)
}

/// Their runs have died.
pub(crate) fn end_all(conn: &Connection) -> Outcome<()> {
    conn.execute(
        "UPDATE document SET state=3, crashes=crashes+1, not_before=unixepoch(), lease_owner=NULL,
           lease_until=NULL WHERE lease_until IS NOT NULL",
        [],
    )?;
    Ok(())
}
