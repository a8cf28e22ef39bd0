//! What goes wrong below the seam, and how a user is told.

use rusqlite::ErrorCode;
use std::io;
use std::path::Path;
use types::seam::{StoreError, StoreErrorKind};

/// The cause of a failed call, before the file's name is added.
#[derive(Debug)]
pub(crate) enum Cause {
    Sqlite(rusqlite::Error),
    Io(io::Error),
    /// Already in the user's words.
    Told(StoreError),
}

/// Result of everything between the seam and `SQLite`.
pub(crate) type Outcome<T> = Result<T, Cause>;

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<StoreError> for Cause {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl Cause {
    pub(crate) fn told(
        kind: StoreErrorKind,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Told(StoreError { kind, message: message.into(), hint: hint.into() })
    }

    /// Rows contradict each other or their checksums.
    pub(crate) fn damaged(message: impl Into<String>) -> Self {
        Self::told(StoreErrorKind::Corrupt, message, "run: gristmill verify --repair")
    }

    /// The caller broke the contract of the seam.
    pub(crate) fn contract(message: impl Into<String>) -> Self {
        Self::told(
            StoreErrorKind::Internal,
            message,
            "this is a defect of gristmill; please report it",
        )
    }

    /// Adds the file that it happened to.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let (kind, cause) = match self {
            Self::Told(error) => return error,
            Self::Io(error) => (kind_of_io(&error), error.to_string()),
            Self::Sqlite(error) if lacks_a_table(&error) => {
                return Self::damaged(format!("store {}: {error}", path.display())).at(path);
            }
            Self::Sqlite(error) => (kind_of_sqlite(&error), error.to_string()),
        };
        StoreError {
            kind,
            message: format!("store {}: {cause}", path.display()),
            hint: hint(kind).to_owned(),
        }
    }
}

/// All tables are made at once, so one that is not there was there.
fn lacks_a_table(error: &rusqlite::Error) -> bool {
    error.to_string().contains("no such table")
}

fn kind_of_io(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreErrorKind::ReadOnly
        }
        io::ErrorKind::NotFound => StoreErrorKind::Unreachable,
        _ => StoreErrorKind::Internal,
    }
}

fn kind_of_sqlite(error: &rusqlite::Error) -> StoreErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreErrorKind::Corrupt,
        Some(ErrorCode::DiskFull) => StoreErrorKind::DiskFull,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreErrorKind::ReadOnly,
        Some(ErrorCode::CannotOpen) => StoreErrorKind::Unreachable,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreErrorKind::Locked,
        _ => kind_of_value(error),
    }
}

/// Rows that `SQLite` reads without complaint, but whose values are not ours, are damage too.
fn kind_of_value(error: &rusqlite::Error) -> StoreErrorKind {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Internal,
    }
}

fn hint(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Unreachable | StoreErrorKind::Missing => "check the path given to --store",
        StoreErrorKind::Locked => "wait until the other process has finished",
        StoreErrorKind::OtherModel => "run: gristmill migrate --embedder SPEC",
        StoreErrorKind::Newer => "install the newest gristmill",
        StoreErrorKind::Foreign => "give --store the path of a gristmill store, or of no file",
        StoreErrorKind::Corrupt => {
            "restore the file from a backup, or move it away and ingest again"
        }
        StoreErrorKind::ReadOnly => "make the file and its folder writable",
        StoreErrorKind::DiskFull => "free some space on the disk; what was committed is kept",
        StoreErrorKind::Internal => "try again; if it happens again, report it",
    }
}
