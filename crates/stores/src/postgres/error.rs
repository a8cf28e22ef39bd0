//! What goes wrong below the seam, how a user is told, and whether it is worth trying again.

use pool::AcquireError;
use std::error::Error as _;
use std::io;
use tokio_postgres::error::{DbError, SqlState};
use types::seam::{StoreError, StoreErrorKind};

/// The cause of a failed call, before the store's name is added.
#[derive(Debug)]
pub(crate) enum Cause {
    Postgres(tokio_postgres::Error),
    Io(io::Error),
    /// No connection was to be had in time.
    NoConnection(String),
    /// Already in the user's words.
    Told(StoreError),
}

/// Result of everything between the seam and the server.
pub(crate) type Outcome<T> = Result<T, Cause>;

/// What to do about a failed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// The same would happen.
    Never,
    /// Somebody else was in the way.
    AtOnce,
    /// The server is away, or has thrown us out.
    WhenItIsBack,
    /// The server takes no writes; one that took them before will again, or another in its place.
    WhenItTakesWrites,
}

impl From<tokio_postgres::Error> for Cause {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<AcquireError<Cause>> for Cause {
    fn from(error: AcquireError<Cause>) -> Self {
        match error {
            AcquireError::Connect(cause) => cause,
            other => Self::NoConnection(other.to_string()),
        }
    }
}

impl std::error::Error for Cause {}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())
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
        let hint = "this is a defect of gristmill; please report it";
        Self::told(StoreErrorKind::Internal, message, hint)
    }

    pub(crate) fn again(&self) -> Again {
        match self {
            Self::Told(_) | Self::Io(_) => Again::Never,
            Self::NoConnection(_) => Again::WhenItIsBack,
            Self::Postgres(error) => match error.as_db_error() {
                Some(refusal) => again_after(refusal.code()),
                None if error.is_closed() || lies_in_io(error) => Again::WhenItIsBack,
                None => Again::Never,
            },
        }
    }

    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            _ => None,
        }
    }

    /// Adds the store that it happened to.
    pub(crate) fn at(self, store: &str) -> StoreError {
        let kind = self.kind();
        match self {
            Self::Told(error) => error,
            other => StoreError {
                kind,
                message: format!("store {store}: {}", other.words()),
                hint: other.hint(kind).to_owned(),
            },
        }
    }

    fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Told(error) => error.kind,
            Self::NoConnection(_) => StoreErrorKind::Unreachable,
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                StoreErrorKind::DiskFull
            }
            Self::Io(_) => StoreErrorKind::Internal,
            Self::Postgres(error) => match error.as_db_error() {
                Some(refusal) => kind_of(refusal.code()),
                None if self.again() == Again::WhenItIsBack => StoreErrorKind::Unreachable,
                None => StoreErrorKind::Internal,
            },
        }
    }

    /// Never with what the server quotes of rows: its `DETAIL` is left out.
    fn words(&self) -> String {
        match self {
            Self::Told(error) => error.message.clone(),
            Self::NoConnection(why) => why.clone(),
            Self::Io(error) => error.to_string(),
            Self::Postgres(error) => match error.as_db_error() {
                Some(refusal) => {
                    format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code())
                }
                None => innermost(error),
            },
        }
    }

    fn hint(&self, kind: StoreErrorKind) -> &'static str {
        match self.code().map(SqlState::code) {
            Some("28P01" | "28000") => {
                "check user and password; in a URL a password is percent-encoded"
            }
            Some("3D000") => "make the database first: CREATE DATABASE …",
            Some("53300") => "let the server take more connections, or use fewer: ?connections=5",
            Some("42501") => "docs/postgres.md says which rights are needed",
            _ => match kind {
                StoreErrorKind::Unreachable => "check that the server runs and can be reached",
                StoreErrorKind::DiskFull => {
                    "free some space on the server's disk; what was committed is kept"
                }
                StoreErrorKind::ReadOnly => {
                    "the server takes no writes: a standby, or set read-only; use the primary"
                }
                StoreErrorKind::Locked => "wait until the other process has finished",
                StoreErrorKind::Corrupt => "restore the database from a backup",
                _ => "try again; if it happens again, report it",
            },
        }
    }
}

fn again_after(code: &SqlState) -> Again {
    match code.code() {
        // Serialization failure, deadlock.
        "40001" | "40P01" => Again::AtOnce,
        // Shut down, crashed, not ready yet, too many connections, idle in a transaction for too long.
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03" | "25P04" => Again::WhenItIsBack,
        "25006" => Again::WhenItTakesWrites,
        code if code.starts_with("08") => Again::WhenItIsBack,
        _ => Again::Never,
    }
}

fn kind_of(code: &SqlState) -> StoreErrorKind {
    match code.code() {
        "53100" => StoreErrorKind::DiskFull,
        "25006" | "42501" => StoreErrorKind::ReadOnly,
        "55P03" => StoreErrorKind::Locked,
        "XX001" | "XX002" | "58P01" | "58030" => StoreErrorKind::Corrupt,
        "28P01" | "28000" | "3D000" => StoreErrorKind::Unreachable,
        _ if again_after(code) == Again::WhenItIsBack => StoreErrorKind::Unreachable,
        _ => StoreErrorKind::Internal,
    }
}

fn lies_in_io(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            // A certificate that is not trusted will not be trusted the next time either.
            return io.kind() != io::ErrorKind::InvalidData;
        }
        cause = inner.source();
    }
    false
}

/// The library's own words, then those of what is below it.
fn innermost(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        cause = inner.source();
    }
    words
}

/// What the server said, if it said anything.
pub(crate) fn refusal(cause: &Cause) -> Option<&DbError> {
    match cause {
        Cause::Postgres(error) => error.as_db_error(),
        _ => None,
    }
}
