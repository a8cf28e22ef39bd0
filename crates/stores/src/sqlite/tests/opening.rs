//! What is opened, made and refused.

use super::{Kept, open};
use crate::conformance::{Draft, assert_sound};
use crate::sqlite::open as opening;
use crate::{Access, FullText, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::fs;
use std::path::Path;
use types::query::{Filter, Mode, Query};
use types::seam::StoreErrorKind::{self, Foreign, Missing, Unreachable};
use types::seam::{Store as _, StoreError};

fn refused(path: &Path, access: Access) -> StoreError {
    SqliteStore::open(path, access, SqliteOptions::default()).unwrap_err()
}

#[test]
fn what_is_no_store_is_refused_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text"), "# Notes\nnot a database at all").unwrap();
    fs::write(at("empty"), "").unwrap();
    let other = Connection::open(at("other")).unwrap();
    other.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES(1)").unwrap();
    drop(other);
    for (name, access, kind) in [
        ("missing", Access::Read, Missing),
        ("missing", Access::Write, Missing),
        ("no/folder/kb.db", Access::Create, Unreachable),
        (".", Access::Create, Unreachable),
        (".", Access::Read, Unreachable),
        ("text", Access::Create, Foreign),
        ("text", Access::Read, Foreign),
        ("other", Access::Create, Foreign),
        ("other", Access::Read, Foreign),
        ("empty", Access::Read, Missing),
        ("empty", Access::Write, Missing),
    ] {
        let error = refused(&at(name), access);
        assert_eq!(error.kind, kind, "{name} {access:?}: {error}");
        assert!(!error.hint.is_empty());
    }
    assert!(!at("missing").exists(), "a refused open makes nothing");
    assert_eq!(fs::read(at("text")).unwrap(), b"# Notes\nnot a database at all");
}

/// In sysfs nobody, not even root, makes a file.
#[test]
fn a_folder_that_takes_no_file_denies_the_store() {
    let error = refused(Path::new("/sys/kb.db"), Access::Create);
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
    assert_eq!(error.class(), types::failure::FailureClass::Denied);
    assert!(error.message.contains("/sys/kb.db"), "{error}");
}

/// How often a look-up was compiled again for another value.
fn compiled_again(conn: &Connection) -> i32 {
    let sql = "SELECT d.id, p.domain FROM document d LEFT JOIN pair p ON p.id=d.label
               WHERE d.source=?1 AND d.name=?2";
    let mut statement = conn.prepare(sql).unwrap();
    for number in 0..20 {
        assert!(statement.exists((1, format!("{number}.md"))).unwrap());
    }
    statement.get_status(rusqlite::StatementStatus::RePrepare)
}

#[test]
fn a_statement_is_not_compiled_again_for_each_value() {
    let kept = Kept::new();
    for number in 0..20 {
        let draft = Draft::new(&format!("{number}.md"), "one/two");
        kept.store.apply(&[draft.whole(&kept.store)]).unwrap();
    }
    kept.store.tidy().unwrap();
    let reader = opening::reader(&kept.path()).unwrap();
    assert_eq!(compiled_again(&reader), 0);
    assert_eq!(compiled_again(&kept.store.pool.writer().unwrap()), 0);
    reader.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, false).unwrap();
    assert!(compiled_again(&reader) > 0, "without the setting it would be");
}

#[test]
fn a_newer_store_is_refused() {
    let kept = Kept::new();
    kept.store.pool.writer().unwrap().pragma_update(None, "user_version", 99).unwrap();
    for access in [Access::Create, Access::Write, Access::Read] {
        assert_eq!(refused(&kept.path(), access).kind, StoreErrorKind::Newer);
    }
}

/// Killed while it made the store: before, between and after setting the log up.
#[test]
fn a_store_whose_making_was_interrupted_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kb.db");
    fs::write(&path, "").unwrap();
    assert_sound(&open(&path, Access::Create));
    let path = folder.path().join("kb2.db");
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "page_size", 8192).unwrap();
    conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(())).unwrap();
    drop(conn);
    assert_ne!(fs::metadata(&path).unwrap().len(), 0);
    assert_eq!(refused(&path, Access::Read).kind, Missing);
    assert_sound(&open(&path, Access::Create));
}

#[test]
fn two_that_make_a_store_at_once_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kb.db");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| open(&path, Access::Create).set_setting("k", "v").unwrap());
        }
    });
    assert_eq!(open(&path, Access::Read).setting("k").unwrap().as_deref(), Some("v"));
}

#[test]
fn a_store_cut_short_is_refused() {
    let kept = Kept::new();
    let draft = Draft::new("a.md", "one/two/three");
    kept.store.apply(&[draft.whole(&kept.store)]).unwrap();
    kept.store.tidy().unwrap();
    let whole = fs::read(kept.path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.db");
    for length in [100, 4096, 8192, whole.len() / 2, whole.len() - 8192, whole.len() - 1] {
        fs::write(&cut, &whole[..length]).unwrap();
        for access in [Access::Create, Access::Write, Access::Read] {
            let error = refused(&cut, access);
            assert_eq!(error.kind, StoreErrorKind::Corrupt, "{length}: {error}");
        }
    }
    fs::write(&cut, &whole[..10]).unwrap();
    assert_eq!(refused(&cut, Access::Write).kind, StoreErrorKind::Foreign);
}

#[test]
fn a_reader_cannot_write() {
    let kept = Kept::new();
    let reader = open(&kept.path(), Access::Read);
    assert_eq!(reader.set_setting("k", "v").unwrap_err().kind, StoreErrorKind::ReadOnly);
    assert_eq!(reader.begin_run("r").unwrap_err().kind, StoreErrorKind::ReadOnly);
    assert_eq!(reader.sweep().unwrap_err().kind, StoreErrorKind::ReadOnly);
    assert_eq!(reader.url(), format!("sqlite:{}", kept.path().display()));
    assert_sound(&reader);
}

/// As on a read-only disk: nothing can be made beside the file.
#[test]
fn a_store_at_rest_is_read_without_its_log() {
    let Kept { folder, store } = Kept::new();
    store.set_setting("k", "v").unwrap();
    store.tidy().unwrap();
    drop(store);
    let odd = folder.path().join("a b?c#d%41.db");
    fs::rename(folder.path().join("kb.db"), &odd).unwrap();
    let conn = opening::open_immutable(&odd).unwrap();
    let value: String =
        conn.query_row("SELECT value FROM meta WHERE key='setting.k'", [], |r| r.get(0)).unwrap();
    assert_eq!(value, "v");
    assert!(!opening::beside(&odd, "-shm").exists());
}

#[test]
fn full_text_can_be_left_out_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kb.db");
    let options = SqliteOptions { full_text: FullText::Off };
    drop(SqliteStore::open(&path, Access::Create, options).unwrap());
    let store = open(&path, Access::Write);
    store.bind_model(&crate::conformance::model()).unwrap();
    for texts in ["one/two", "two"] {
        let draft = Draft::new("a.md", texts);
        store.apply(&[draft.whole(&store)]).unwrap();
    }
    let words: i64 = store
        .pool
        .read(|conn| Ok(conn.query_row("SELECT count(*) FROM fts_docsize", [], |r| r.get(0))?))
        .unwrap();
    assert_eq!(words, 0);
    store.tidy().unwrap();
    assert_sound(&store);
    let query = |mode| Query {
        mode,
        words: "two".to_owned(),
        vector: None,
        k: 3,
        filter: Filter::default(),
    };
    assert!(store.search(&query(Mode::Keyword)).unwrap_err().message.contains("full text"));
    assert_eq!(store.search(&query(Mode::Semantic)).unwrap(), []);
}

#[test]
fn a_name_that_means_memory_to_sqlite_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(":memory:");
    open(&path, Access::Create).set_setting("k", "v").unwrap();
    assert_eq!(open(&path, Access::Read).setting("k").unwrap().as_deref(), Some("v"));
    let relative = Path::new(":memory:");
    assert_eq!(refused(relative, Access::Read).kind, Missing);
}

/// The log is taken in by whoever writes, at the latest when it closes.
#[test]
fn a_closed_store_is_one_file() {
    let Kept { folder, store } = Kept::new();
    store.counts().unwrap();
    store.set_setting("k", "v").unwrap();
    drop(store);
    for ending in ["-wal", "-shm"] {
        let beside = opening::beside(&folder.path().join("kb.db"), ending);
        assert!(!beside.exists(), "{ending}");
    }
}

#[test]
fn a_full_disk_undoes_the_transaction() {
    let kept = Kept::new();
    let draft = Draft::new("a.md", "one/two");
    kept.store.apply(&[draft.whole(&kept.store)]).unwrap();
    let limit = |pages: u64| {
        let conn = kept.store.pool.writer().unwrap();
        conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(())).unwrap();
    };
    limit(1);
    let mut large = Draft::new("b.md", "");
    large.texts = (0..400).map(|n| format!("{n} {}", "word ".repeat(200))).collect();
    let error = kept.store.apply(&[large.whole(&kept.store)]).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::DiskFull, "{error}");
    assert_eq!(kept.store.counts().unwrap().chunks, 2);
    assert_sound(&kept.store);
    limit(1 << 30);
    kept.store.apply(&[large.whole(&kept.store)]).unwrap();
    assert_eq!(kept.store.counts().unwrap().chunks, 402);
    assert_sound(&kept.store);
}
