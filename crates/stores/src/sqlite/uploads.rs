//! The journal of files at providers, beside the documents in the same file.
//!
//! It has a connection of its own and takes no lock for writing: an extraction goes on while documents are ingested.

use super::error::{Cause, Outcome};
use super::{Access, SqliteOptions, SqliteStore};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use types::seam::StoreError;
use types::seam::upload::{JournalError, Upload, UploadJournal, UploadState};

/// How long an entry waits for another process to commit.
const BUSY: Duration = Duration::from_secs(30);

/// Made when it is first needed: stores of versions that knew no uploads get it then.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, content BLOB NOT NULL, owner TEXT NOT NULL,
    kept INTEGER NOT NULL, created INTEGER NOT NULL, name TEXT, uri TEXT) STRICT, WITHOUT ROWID";

const COLUMNS: &str = "id, account, content, owner, kept, created, name, uri";

/// The journal in a store's file.
#[derive(Debug)]
pub struct SqliteUploads {
    path: PathBuf,
    conn: Mutex<Connection>,
}

impl SqliteUploads {
    /// Makes the store if it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // Whether it is a store, and of which version, is said there.
        drop(SqliteStore::open(path, Access::Create, SqliteOptions::default())?);
        let conn = connect(path).map_err(|cause| cause.at(path))?;
        Ok(Self { path: path.to_owned(), conn: Mutex::new(conn) })
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        // Each call is one statement, so that a panic leaves nothing half done.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told<T>(&self, outcome: rusqlite::Result<T>) -> Result<T, JournalError> {
        outcome.map_err(|error| {
            let StoreError { message, hint, .. } = Cause::from(error).at(&self.path);
            JournalError { message, hint }
        })
    }
}

fn connect(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch("PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;")?;
    conn.execute_batch(TABLE)?;
    Ok(conn)
}

impl UploadJournal for SqliteUploads {
    fn open(&self, upload: &Upload) -> Result<(), JournalError> {
        let kept = upload.state == UploadState::Kept;
        let values = params![
            upload.id,
            upload.account,
            upload.content.as_slice(),
            upload.owner,
            kept,
            seconds(upload.created),
            upload.name,
            upload.uri
        ];
        let insert = format!("INSERT INTO uploads ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
        self.told(self.conn().execute(&insert, values)).map(|_| ())
    }

    fn keep(&self, id: &str, name: &str, uri: &str) -> Result<(), JournalError> {
        let update = "UPDATE uploads SET kept = 1, name = ?2, uri = ?3 WHERE id = ?1";
        self.told(self.conn().execute(update, [id, name, uri])).map(|_| ())
    }

    fn rename(&self, id: &str, name: &str) -> Result<(), JournalError> {
        let update = "UPDATE uploads SET name = ?2 WHERE id = ?1";
        self.told(self.conn().execute(update, [id, name])).map(|_| ())
    }

    fn close(&self, id: &str) -> Result<(), JournalError> {
        self.told(self.conn().execute("DELETE FROM uploads WHERE id = ?1", [id])).map(|_| ())
    }

    fn kept(&self, account: &str, content: &[u8; 32]) -> Result<Option<Upload>, JournalError> {
        let select = format!(
            "SELECT {COLUMNS} FROM uploads WHERE account = ?1 AND content = ?2 AND kept = 1
             ORDER BY created DESC LIMIT 1"
        );
        let found = self.conn().query_row(&select, params![account, content.as_slice()], upload);
        self.told(found.optional())
    }

    fn all(&self, account: &str) -> Result<Vec<Upload>, JournalError> {
        let select =
            format!("SELECT {COLUMNS} FROM uploads WHERE account = ?1 ORDER BY created, id");
        let conn = self.conn();
        let all = conn.prepare(&select).and_then(|mut select| {
            let rows = select.query_map([account], upload)?;
            rows.collect::<rusqlite::Result<Vec<Upload>>>()
        });
        self.told(all)
    }
}

fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    let created: u64 = row.get(5)?;
    Ok(Upload {
        id: row.get(0)?,
        account: row.get(1)?,
        content: row.get(2)?,
        owner: row.get(3)?,
        state: if row.get(4)? { UploadState::Kept } else { UploadState::Open },
        created: UNIX_EPOCH + Duration::from_secs(created),
        name: row.get(6)?,
        uri: row.get(7)?,
    })
}

/// Since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::uploads;

    #[test]
    fn the_laws_of_the_journal_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kb.db");
        uploads::laws_hold(&|| Box::new(SqliteUploads::open(&path).unwrap()));
    }

    #[test]
    fn a_store_in_use_takes_entries_and_stays_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kb.db");
        let store = SqliteStore::open(&path, Access::Create, SqliteOptions::default()).unwrap();
        let _writer = types::seam::Store::lock_for_writing(&store, Duration::ZERO).unwrap();
        let journal = SqliteUploads::open(&path).unwrap();
        journal.open(&uploads::entry("a", 1)).unwrap();
        assert_eq!(journal.all("here").unwrap().len(), 1);
    }
}
