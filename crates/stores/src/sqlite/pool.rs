//! Connections: one that writes, and as many that read as threads ask at once.

use super::error::{Cause, Outcome};
use super::open;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use types::seam::StoreErrorKind;

/// Idle readers kept: opening one costs more than most reads. Each may hold 16 MiB of pages.
const IDLE_READERS_MAX: usize = 8;

#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    /// Before the writer, so that it closes last: only a writer takes the log in and removes it.
    idle: Mutex<Vec<Connection>>,
    /// None in a store opened for reading.
    writer: Option<Mutex<Connection>>,
}

impl Pool {
    pub(crate) fn new(path: &Path, writer: Option<Connection>) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), writer: writer.map(Mutex::new) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one snapshot.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        let kept = lock(&self.idle).pop();
        let conn = match kept {
            Some(conn) => conn,
            None => open::reader(&self.path)?,
        };
        // Kept statements: compiling these two takes longer than most reads. A panic drops the connection, which
        // ends its snapshot too.
        conn.prepare_cached("BEGIN")?.execute([])?;
        let done = work(&conn);
        // Nothing was written: rolling back only ends the snapshot.
        conn.prepare_cached("ROLLBACK")?.execute([])?;
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_READERS_MAX {
            idle.push(conn);
        }
        done
    }

    /// Runs `work` in one durable transaction that is rolled back on an error.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        let mut conn = self.writer()?;
        let tx = Transaction::new(&mut conn, TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        fault::point("store.commit.before")?;
        tx.commit()?;
        fault::point("store.commit.after").map_err(|error| after_commit(&error))?;
        Ok(done)
    }

    /// The writing connection outside of a transaction.
    pub(crate) fn writer(&self) -> Outcome<MutexGuard<'_, Connection>> {
        self.writer.as_ref().map(lock).ok_or_else(|| {
            Cause::told(
                StoreErrorKind::ReadOnly,
                format!("store {} is open for reading only", self.path.display()),
                "open it for writing",
            )
        })
    }
}

/// What goes wrong once the log is synced undoes nothing: the changes must not be applied again.
fn after_commit(error: &std::io::Error) -> Cause {
    Cause::told(
        StoreErrorKind::Internal,
        format!("the transaction was committed, then: {error}"),
        "run again: what was committed is kept",
    )
}

/// A thread that panicked inside has lost its transaction, which leaves the connection as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
