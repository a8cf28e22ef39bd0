//! Opening the file: telling a store from everything else, and making a new one.

use super::error::{Cause, Outcome};
use super::routed::SCHEMA_OFFSET;
use super::{SqliteOptions, meta};
use crate::sqlite::{FULL_TEXT_SETTING, FullText};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::time::Instant;
use types::seam::StoreErrorKind;

/// `gmil` in ASCII, so that `file` and we know our files.
pub(crate) const APPLICATION_ID: i64 = 0x676d_696c;
/// Raised with every change of `schema.sql`.
pub(crate) const SCHEMA_VERSION: i64 = 1;

pub(crate) const SCHEMA: &str = include_str!("schema.sql");

/// How long a statement waits for another process to commit.
const BUSY: Duration = Duration::from_secs(10);
/// All statements of the writer fit, so none is compiled twice.
const STATEMENTS: usize = 128;
/// Files up to this size are checked whole when a writer opens them: some tens of milliseconds.
const QUICK_CHECK_BYTES_MAX: u64 = 8 << 20;

/// What the store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Write; make the file if it is missing.
    Create,
    /// Write to a store that exists.
    Write,
    /// Only read, also while another process writes, and on a read-only disk.
    Read,
}

/// The writer's connection to a store that is ours, made before if `access` allows it.
pub(crate) fn writer(path: &Path, access: Access, options: SqliteOptions) -> Outcome<Connection> {
    check_file(path, access)?;
    fault::point("store.open.begin")?;
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if access == Access::Create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let mut conn = Connection::open_with_flags(path, flags).map_err(|e| opening(e, path))?;
    conn.busy_timeout(BUSY)?;
    keep_statements(&conn)?;
    if is_blank(&conn).map_err(|e| opening(e, path))? {
        if access != Access::Create {
            return Err(missing(path));
        }
        create(&mut conn, options)?;
    }
    if conn.is_readonly("main")? {
        return Err(Cause::told(
            StoreErrorKind::ReadOnly,
            format!("store {} may not be written", path.display()),
            "make the file and its folder writable",
        ));
    }
    check_identity(&conn, path)?;
    conn.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000;
         PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864; PRAGMA cell_size_check=ON;
         PRAGMA trusted_schema=OFF;",
    )?;
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    check_size(&conn, path)?;
    check_pages(&conn, path)?;
    Ok(conn)
}

/// Statements are compiled once. Without the second setting `SQLite` compiles some of them again for every value
/// that they are given, to fit the plan to it, which takes several times as long as a look-up.
fn keep_statements(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A reader's connection to a store that is ours.
pub(crate) fn reader(path: &Path) -> Outcome<Connection> {
    check_file(path, Access::Read)?;
    let conn = match open_reader(path) {
        Err(Cause::Sqlite(error)) if needs_immutable(&error, path) => open_immutable(path)?,
        Err(Cause::Sqlite(error)) => return Err(opening(error, path)),
        other => other?,
    };
    keep_statements(&conn)?;
    if is_blank(&conn)? {
        return Err(missing(path));
    }
    check_identity(&conn, path)?;
    conn.execute_batch(
        "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;
         PRAGMA trusted_schema=OFF;",
    )?;
    check_size(&conn, path)?;
    Ok(conn)
}

fn open_reader(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    is_blank(&conn)?;
    Ok(conn)
}

/// In a folder where the log's index cannot be made, a store without a log can still be read: nobody writes.
fn needs_immutable(error: &rusqlite::Error, path: &Path) -> bool {
    let denied = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    );
    denied && std::fs::metadata(beside(path, "-wal")).map_or(true, |log| log.len() == 0)
}

pub(super) fn open_immutable(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{}?immutable=1", percent_encoded(path));
    Ok(Connection::open_with_flags(uri, flags)?)
}

fn percent_encoded(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut out = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    out
}

/// One name for one file: its log and our lock lie beside the file itself, not beside a link to it. Also keeps
/// `SQLite` from taking names such as `:memory:` for something else.
pub(crate) fn resolved(path: &Path) -> Outcome<PathBuf> {
    match path.canonicalize() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(std::path::absolute(path)?),
        found => Ok(found?),
    }
}

/// The name of a file that `SQLite` or we keep beside the store.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Refuses what cannot be a store, in clearer words than `SQLite`'s. Never opens the file: closing it again would
/// give back the locks that `SQLite` holds on it for this process, and another process could then take its log
/// away.
fn check_file(path: &Path, access: Access) -> Outcome<()> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && access == Access::Create => {
            return check_folder(path);
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(missing(path)),
        Err(e) => return Err(e.into()),
    };
    if about.is_dir() {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!("store {} is a folder", path.display()),
            "give --store the path of a file, such as sqlite:kb.db",
        ));
    }
    Ok(())
}

fn check_folder(path: &Path) -> Outcome<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!("store {}: there is no folder {}", path.display(), folder.display()),
            "make the folder, or give --store another path",
        )),
        _ => Ok(()),
    }
}

/// A file without any table: nothing was ever committed to it.
fn is_blank(conn: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    Ok(tables == 0 && application == 0)
}

fn check_identity(conn: &Connection, path: &Path) -> Outcome<()> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    if application != APPLICATION_ID {
        return Err(foreign(path));
    }
    let version: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    // A store of several models has a number of its own.
    if version == SCHEMA_VERSION + SCHEMA_OFFSET {
        return Ok(());
    }
    if version > SCHEMA_VERSION {
        return Err(Cause::told(
            StoreErrorKind::Newer,
            format!(
                "store {} has schema {version}, this gristmill knows schemas up to {SCHEMA_VERSION}",
                path.display()
            ),
            "install the newest gristmill",
        ));
    }
    if version < SCHEMA_VERSION {
        return Err(Cause::told(
            StoreErrorKind::Corrupt,
            format!("store {} has schema {version}, which never existed", path.display()),
            "restore the file from a backup, or move it away and ingest again",
        ));
    }
    Ok(())
}

/// A file cut short says so in its own header. With a log, pages may be there that the file has not got yet.
fn check_size(conn: &Connection, path: &Path) -> Outcome<()> {
    let pages: u64 = conn.pragma_query_value(None, "page_count", |r| r.get(0))?;
    let page: u64 = conn.pragma_query_value(None, "page_size", |r| r.get(0))?;
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let size = std::fs::metadata(path)?.len();
    if log == 0 && size < pages * page {
        return Err(corrupt(path, &format!("{size} bytes are left of {}", pages * page)));
    }
    Ok(())
}

/// Switches to a write-ahead log. Where two do that at once, `SQLite` tells one of them that the file is locked
/// without waiting its usual time.
fn keep_log(conn: &Connection) -> Outcome<()> {
    let started = Instant::now();
    loop {
        match conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY =>
            {
                std::thread::park_timeout(BUSY / 500);
            }
            done => return Ok(done?),
        }
    }
}

fn check_pages(conn: &Connection, path: &Path) -> Outcome<()> {
    if std::fs::metadata(path)?.len() > QUICK_CHECK_BYTES_MAX {
        return Ok(());
    }
    let found: String = conn.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
    if found == "ok" { Ok(()) } else { Err(corrupt(path, &found)) }
}

/// Makes the schema. A kill leaves a blank file or a store, since all of it is one transaction.
fn create(conn: &mut Connection, options: SqliteOptions) -> Outcome<()> {
    fault::point("store.create.begin")?;
    conn.pragma_update(None, "page_size", 8192)?;
    keep_log(conn)?;
    fault::point("store.create.log")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    if !is_blank(&tx)? {
        return Ok(());
    }
    tx.execute_batch(SCHEMA)?;
    let full_text = match options.full_text {
        FullText::On => "on",
        FullText::Off => "off",
    };
    let instance = uuid::Builder::from_custom_bytes(instance_bytes()).into_uuid().to_string();
    meta::set_setting(&tx, FULL_TEXT_SETTING, full_text)?;
    meta::set_setting(&tx, "instance", &instance)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    fault::point("store.create.before_commit")?;
    tx.commit()?;
    fault::point("store.create.after_commit")?;
    Ok(())
}

/// Differs between stores made at different times or by different processes.
fn instance_bytes() -> [u8; 16] {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    let seed = format!("{now} {}", std::process::id());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(seed.as_bytes()).as_bytes()[..16]);
    bytes
}

fn opening(error: rusqlite::Error, path: &Path) -> Cause {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => foreign(path),
        Some(ErrorCode::CannotOpen) => why_not_made(path).unwrap_or_else(|| error.into()),
        _ => error.into(),
    }
}

/// `SQLite` does not say why it cannot make a file; the system does.
fn why_not_made(path: &Path) -> Option<Cause> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => None,
        Err(e) => Some(e.into()),
        // It can be made after all: whatever the reason was has gone, and so has our trace.
        Ok(_) => std::fs::remove_file(path).err().map(Cause::from),
    }
}

fn missing(path: &Path) -> Cause {
    Cause::told(
        StoreErrorKind::Missing,
        format!("there is no store at {}", path.display()),
        "run gristmill ingest SOURCE first, or check the path given to --store",
    )
}

fn foreign(path: &Path) -> Cause {
    Cause::told(
        StoreErrorKind::Foreign,
        format!("{} is not a gristmill store", path.display()),
        "give --store the path of a gristmill store, or of a file that does not exist yet",
    )
}

fn corrupt(path: &Path, found: &str) -> Cause {
    Cause::told(
        StoreErrorKind::Corrupt,
        format!("store {} is damaged: {found}", path.display()),
        "restore the file from a backup, or move it away and ingest again",
    )
}
