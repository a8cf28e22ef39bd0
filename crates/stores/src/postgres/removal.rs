//! Removing the rows of versions that nobody sees any more.

use super::error::Outcome;
use super::meta::{self, Bound};
use super::session::{Columns as _, Param, Session};
use tokio_postgres::types::Type;

/// Rows of one sweep: a transaction of some tens of milliseconds.
const SWEEP_ROWS: i64 = 2000;

/// Deletes chunks that `which` says, with their vectors.
pub(crate) fn delete_sql(bound: Option<&Bound>, which: &str) -> String {
    let delete = format!("DELETE FROM chunk WHERE {which}");
    match bound {
        None => delete,
        Some(bound) => format!(
            "WITH gone AS ({delete} RETURNING id) DELETE FROM {} WHERE chunk IN (SELECT id FROM gone)",
            bound.table
        ),
    }
}

/// Removes some rows of dropped versions; true while more are left.
pub(crate) async fn sweep(session: &Session) -> Outcome<bool> {
    fault::point("store.sweep")?;
    let bound = meta::bound(session).await?;
    let mut left = SWEEP_ROWS;
    while left > 0 {
        let next = "SELECT document, version FROM dropped LIMIT 1 FOR UPDATE SKIP LOCKED";
        let Some(row) = session.row(next, &[]).await? else { return Ok(false) };
        let (document, version): (i64, i64) = (row.at(0)?, row.at(1)?);
        let which: [Param<'_>; 2] = [(&document, Type::INT8), (&version, Type::INT8)];
        let some: [Param<'_>; 3] = [which[0].clone(), which[1].clone(), (&left, Type::INT8)];
        let ids = "SELECT id FROM chunk WHERE document=$1 AND version=$2 ORDER BY seq LIMIT $3";
        let ids = session.rows(ids, &some).await?;
        let ids = ids.iter().map(|row| row.at(0)).collect::<Outcome<Vec<i64>>>()?;
        let sql = delete_sql(bound.as_ref(), "id=ANY($1)");
        session.execute(&sql, &[(&ids, Type::INT8_ARRAY)]).await?;
        let deleted = ids.len() as i64;
        if deleted < left {
            let done = "DELETE FROM dropped WHERE document=$1 AND version=$2";
            session.execute(done, &which).await?;
        }
        left -= deleted.max(1);
    }
    Ok(session.row("SELECT 1 FROM dropped LIMIT 1", &[]).await?.is_some())
}
