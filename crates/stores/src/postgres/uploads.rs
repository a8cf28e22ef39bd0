//! The journal of files at providers, beside the documents in the same schema.
//!
//! It takes no right to write: an extraction goes on while documents are ingested.

use super::error::Outcome;
use super::session::{Columns as _, Param, Session};
use super::texts::escaped;
use super::{FullText, PostgresStore};
use crate::sqlite::Access;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::seam::upload::{JournalError, Upload, UploadJournal, UploadState};
use types::seam::{Store as _, StoreError};

/// A server that is away is waited for so long, as one that another process keeps busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Made when it is first needed: stores of versions that knew no uploads get it then.
const COLUMNS_MADE: &str =
    "id text PRIMARY KEY, account text NOT NULL, content bytea NOT NULL, owner text NOT NULL,
    kept boolean NOT NULL, created bigint NOT NULL, name text, uri text";

const COLUMNS: &str = "id, account, content, owner, kept, created, name, uri";

/// The journal in a store's schema.
#[derive(Debug)]
pub struct PostgresUploads {
    store: PostgresStore,
}

impl PostgresUploads {
    /// Makes the store if it is missing.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let store = PostgresStore::open(url, Access::Create, FullText::On)?;
        store.wait_in_writing(PATIENCE)?;
        // Of our schema: others of the search path may have a table of this name too.
        let table = format!("\"{}\".upload", store.address.schema);
        // A user who may not make tables can still use one that is there.
        if !store.read(async |session| is_there(session, &table).await)? {
            store.write(async |session| make(session, &table).await)?;
        }
        Ok(Self { store })
    }

    fn change(&self, sql: &str, params: &[Param<'_>]) -> Result<(), JournalError> {
        let done = self.store.write(async |session| session.execute(sql, params).await);
        done.map(drop).map_err(told)
    }

    fn entries(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Upload>, JournalError> {
        let read = self.store.read(async |session| {
            let rows = session.rows(sql, params).await?;
            rows.iter().map(upload).collect::<Outcome<Vec<Upload>>>()
        });
        read.map_err(told)
    }
}

async fn is_there(session: &Session, table: &str) -> Outcome<bool> {
    let sql = "SELECT to_regclass($1) IS NOT NULL";
    session.one(sql, &[(&table, Type::TEXT)]).await?.at(0)
}

async fn make(session: &Session, table: &str) -> Outcome<()> {
    // One makes it, the others find it.
    let key = super::lock::key(&format!("making of {table}"));
    session.row("SELECT 1 FROM pg_advisory_xact_lock($1)", &[(&key, Type::INT8)]).await?;
    session.batch(&format!("CREATE TABLE IF NOT EXISTS {table} ({COLUMNS_MADE})")).await
}

impl UploadJournal for PostgresUploads {
    fn open(&self, upload: &Upload) -> Result<(), JournalError> {
        let text = |text: &Option<String>| text.as_deref().map(|text| escaped(text).into_owned());
        let (name, uri) = (text(&upload.name), text(&upload.uri));
        let sql = format!("INSERT INTO upload({COLUMNS}) VALUES($1,$2,$3,$4,$5,$6,$7,$8)");
        self.change(
            &sql,
            &[
                (&escaped(&upload.id), Type::TEXT),
                (&escaped(&upload.account), Type::TEXT),
                (&upload.content.as_slice(), Type::BYTEA),
                (&escaped(&upload.owner), Type::TEXT),
                (&(upload.state == UploadState::Kept), Type::BOOL),
                (&seconds(upload.created), Type::INT8),
                (&name, Type::TEXT),
                (&uri, Type::TEXT),
            ],
        )
    }

    fn keep(&self, id: &str, name: &str, uri: &str) -> Result<(), JournalError> {
        let sql = "UPDATE upload SET kept=true, name=$2, uri=$3 WHERE id=$1";
        let params: [Param<'_>; 3] =
            [(&escaped(id), Type::TEXT), (&escaped(name), Type::TEXT), (&escaped(uri), Type::TEXT)];
        self.change(sql, &params)
    }

    fn rename(&self, id: &str, name: &str) -> Result<(), JournalError> {
        let sql = "UPDATE upload SET name=$2 WHERE id=$1";
        self.change(sql, &[(&escaped(id), Type::TEXT), (&escaped(name), Type::TEXT)])
    }

    fn close(&self, id: &str) -> Result<(), JournalError> {
        self.change("DELETE FROM upload WHERE id=$1", &[(&escaped(id), Type::TEXT)])
    }

    fn kept(&self, account: &str, content: &[u8; 32]) -> Result<Option<Upload>, JournalError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM upload WHERE account=$1 AND content=$2 AND kept
             ORDER BY created DESC LIMIT 1"
        );
        let account = escaped(account);
        let params: [Param<'_>; 2] = [(&account, Type::TEXT), (&content.as_slice(), Type::BYTEA)];
        let found = self.entries(&sql, &params)?;
        Ok(found.into_iter().next())
    }

    fn all(&self, account: &str) -> Result<Vec<Upload>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM upload WHERE account=$1 ORDER BY created, id");
        let account = escaped(account);
        let params: [Param<'_>; 1] = [(&account, Type::TEXT)];
        self.entries(&sql, &params)
    }
}

fn told(error: StoreError) -> JournalError {
    JournalError { message: error.message, hint: error.hint }
}

fn upload(row: &Row) -> Outcome<Upload> {
    let created: i64 = row.at(5)?;
    Ok(Upload {
        id: row.text(0)?,
        account: row.text(1)?,
        content: row.hash(2)?.0,
        owner: row.text(3)?,
        state: if row.at(4)? { UploadState::Kept } else { UploadState::Open },
        created: UNIX_EPOCH + Duration::from_secs(created.max(0).cast_unsigned()),
        name: row.text_or_none(6)?,
        uri: row.text_or_none(7)?,
    })
}

/// Since 1970.
fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
