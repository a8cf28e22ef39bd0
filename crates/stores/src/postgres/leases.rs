//! Who may go on with an open version, and until when: by the server's clock alone.

use super::error::Outcome;
use super::session::{Columns as _, Param, Session};
use std::collections::HashMap;
use std::time::Duration;
use tokio_postgres::types::Type;
use types::lease::Lease;
use types::ledger::{DocumentId, VersionKey};

pub(crate) async fn claim(
    session: &Session,
    documents: &[DocumentId],
    run: i64,
    time: Duration,
) -> Outcome<Vec<Option<Lease>>> {
    // Of a lease that ran out, or is the run's own, the state is 1 until somebody takes it.
    let sql = "UPDATE document d SET state=1, fence=fence+1, attempts=attempts+1, lease_owner=$2,
          lease_until=clock_timestamp()+make_interval(secs => $3),
          crashes=crashes+(state=1 AND lease_owner<>$2)::int
        WHERE id=ANY($1) AND (state=0 OR state=3 AND not_before<=clock_timestamp()
          OR state=1 AND (lease_until<=clock_timestamp() OR lease_owner=$2))
        RETURNING id, fence, open_content, open_pipeline, open_cursor, attempts, failures, crashes";
    let ids: Vec<i64> = documents.iter().map(|document| document.0).collect();
    let time = time.as_secs_f64();
    let params: [Param<'_>; 3] =
        [(&ids, Type::INT8_ARRAY), (&run, Type::INT8), (&time, Type::FLOAT8)];
    let mut taken = HashMap::new();
    for row in &session.rows(sql, &params).await? {
        let open = if row.at::<Option<&[u8]>>(2)?.is_some() {
            let key = VersionKey { content: row.hash(2)?, pipeline: row.hash(3)? };
            Some((key, row.small(4)?))
        } else {
            None
        };
        let document = DocumentId(row.at(0)?);
        let (attempts, failures, crashes) = (row.small(5)?, row.small(6)?, row.small(7)?);
        let lease = Lease { document, fence: row.at(1)?, open, attempts, failures, crashes };
        taken.insert(document, lease);
    }
    Ok(documents.iter().map(|document| taken.get(document).copied()).collect())
}

pub(crate) async fn renew(session: &Session, run: i64, time: Duration) -> Outcome<u64> {
    let sql = "UPDATE document SET lease_until=clock_timestamp()+make_interval(secs => $2)
        WHERE lease_until IS NOT NULL AND lease_owner=$1";
    session.execute(sql, &[(&run, Type::INT8), (&time.as_secs_f64(), Type::FLOAT8)]).await
}

pub(crate) async fn release(session: &Session, run: i64) -> Outcome<u64> {
    let sql = "UPDATE document SET state=0, lease_owner=NULL, lease_until=NULL
        WHERE lease_until IS NOT NULL AND lease_owner=$1";
    session.execute(sql, &[(&run, Type::INT8)]).await
}

/// Their runs have died.
pub(crate) async fn end_all(session: &Session) -> Outcome<()> {
    let sql = "UPDATE document SET state=3, crashes=crashes+1, not_before=clock_timestamp(),
          lease_owner=NULL, lease_until=NULL WHERE lease_until IS NOT NULL";
    session.execute(sql, &[]).await?;
    Ok(())
}
