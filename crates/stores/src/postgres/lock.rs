//! The right to write, held by one process at a time.
//!
//! An advisory lock of a transaction that stays open as long as the right is held. Unlike a lock of a session it
//! works through a pooler, which gives a transaction one connection; and whatever ends the process, the network
//! or the server ends the transaction, and with it the lock. It holds no snapshot, so it keeps nothing from
//! being cleaned up. Nothing depends on it for correctness: versions and cursors are fenced row by row.

use super::error::{Cause, Outcome, refusal};
use super::session::{Columns as _, Mode, Session};
use std::time::Duration;
use tokio_postgres::types::Type;
use types::seam::StoreErrorKind;

/// Takes the lock on a session of its own, waiting in line for its holder.
pub(crate) async fn take(session: &Session, schema: &str, wait: Duration) -> Outcome<()> {
    fault::point("store.lock")?;
    session.begin(Mode::Write).await?;
    // 0 would mean to wait for ever.
    let limit = wait.as_millis().max(1);
    session
        .batch(&format!(
            "SET LOCAL lock_timeout={limit}; SET LOCAL idle_in_transaction_session_timeout=0;
             SET LOCAL tcp_keepalives_idle=10; SET LOCAL tcp_keepalives_interval=5;
             SET LOCAL tcp_keepalives_count=3"
        ))
        .await?;
    let sql = "SELECT 1 FROM pg_advisory_xact_lock($1)";
    match session.row(sql, &[(&key(schema), Type::INT8)]).await {
        Ok(_) => Ok(()),
        Err(cause) if refusal(&cause).is_some_and(|refusal| refusal.code().code() == "55P03") => {
            session.roll_back().await?;
            Err(held(session, schema).await?)
        }
        Err(cause) => Err(cause),
    }
}

/// The error that names the holder.
async fn held(session: &Session, schema: &str) -> Outcome<Cause> {
    let key = key(schema);
    // As the server shows a key of 64 bits: its halves.
    let sql = "SELECT a.application_name, coalesce(host(a.client_addr), 'this machine'),
          extract(epoch FROM clock_timestamp()-a.xact_start)::bigint
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid
        WHERE l.locktype='advisory' AND l.granted AND l.objsubid=1
          AND l.classid::bigint=($1::bigint>>32)&4294967295 AND l.objid::bigint=$1::bigint&4294967295
          AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())";
    let holder = match session.row(sql, &[(&key, Type::INT8)]).await? {
        Some(row) => {
            let (name, host) = (row.at::<Option<String>>(0)?, row.at::<Option<String>>(1)?);
            let since: Option<i64> = row.at(2)?;
            format!(
                "{} on {} for {} s",
                name.unwrap_or_else(|| "another process".to_owned()),
                host.unwrap_or_else(|| "some machine".to_owned()),
                since.unwrap_or_default()
            )
        }
        None => "another process".to_owned(),
    };
    Ok(Cause::told(
        StoreErrorKind::Locked,
        format!("the store is being written by {holder}"),
        "wait until it has finished, or stop it",
    ))
}

/// One for each schema of a database.
pub(crate) fn key(schema: &str) -> i64 {
    let hash = blake3::hash(format!("gristmill writer {schema}").as_bytes());
    i64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a BLAKE3 has 32 bytes"))
}
