//! Several that read and write, and one that dies.

use super::{Kept, open};
use crate::Access;
use crate::conformance::{Draft, assert_sound};
use crate::sqlite::apply;
use crate::sqlite::error::{Cause, Outcome};
use crate::sqlite::open as opening;
use crate::{FullText, SqliteStore};
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow::Continue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use types::query::{Filter, Mode, Query};
use types::seam::{EntryVectors, Store as _, StoreErrorKind};

/// Texts of the only document, which all carry the number of their version.
fn version_of(store: &SqliteStore) -> (String, usize) {
    let mut texts: Vec<String> = Vec::new();
    let label = types::document::Label { domain: "d".to_owned(), category: "c".to_owned() };
    let mut counted = 0;
    store
        .read_pair(
            &label,
            EntryVectors::With,
            &mut |entries, _| {
                counted = entries as usize;
                Continue(())
            },
            &mut |entry| {
                texts.push(entry.text);
                Continue(())
            },
        )
        .unwrap();
    assert_eq!(texts.len(), counted);
    let version = texts[0].split(' ').next().unwrap().to_owned();
    assert!(texts.iter().all(|text| text.split(' ').next() == Some(&version)), "{texts:?}");
    (version, texts.len())
}

fn numbered(version: usize) -> Draft {
    let chunks = 3 + version % 5;
    let mut draft = Draft::new("a.md", "");
    draft.texts = (0..chunks).map(|n| format!("v{version} text {n}")).collect();
    draft
}

#[test]
fn readers_never_see_a_mixed_version() {
    let kept = Kept::new();
    let write = |version: usize| {
        let draft = numbered(version);
        if version.is_multiple_of(3) {
            kept.store.apply(&[draft.segment(&kept.store, 0..2)]).unwrap();
            kept.store.apply(&[draft.segment(&kept.store, 2..draft.texts.len())]).unwrap();
        } else {
            kept.store.apply(&[draft.whole(&kept.store)]).unwrap();
        }
    };
    write(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for access in [Access::Read, Access::Write] {
            let (path, done) = (kept.path(), &done);
            scope.spawn(move || {
                let reader = open(&path, access);
                while !done.load(Ordering::SeqCst) {
                    let (version, chunks) = version_of(&reader);
                    let number: usize = version.trim_start_matches('v').parse().unwrap();
                    assert_eq!(chunks, 3 + number % 5, "{version}");
                    let query = Query {
                        mode: Mode::Keyword,
                        words: "text".to_owned(),
                        vector: None,
                        k: 100,
                        filter: Filter::default(),
                    };
                    let hits = reader.search(&query).unwrap();
                    let first = hits[0].text.split(' ').next().unwrap().to_owned();
                    assert!(hits.iter().all(|hit| hit.text.starts_with(&format!("{first} "))));
                }
            });
        }
        for version in 1..=200 {
            write(version);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(version_of(&kept.store).0, "v200");
    assert_sound(&kept.store);
}

#[test]
fn one_process_holds_the_right_to_write() {
    let kept = Kept::new();
    let other = open(&kept.path(), Access::Write);
    let held = kept.store.lock_for_writing(Duration::ZERO).unwrap();
    let error = other.lock_for_writing(Duration::from_millis(30)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
    assert!(error.message.contains(&format!("process {}", std::process::id())), "{error}");
    open(&kept.path(), Access::Read).counts().unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| other.lock_for_writing(Duration::from_mins(1)).map(drop));
        drop(held);
        waits.join().unwrap().unwrap();
    });
    kept.store.lock_for_writing(Duration::ZERO).map(drop).unwrap();
}

#[test]
fn two_writers_take_turns() {
    let kept = Kept::new();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let path = kept.path();
            scope.spawn(move || {
                let store = open(&path, Access::Write);
                for n in 0..20 {
                    let draft = Draft::new(&format!("{writer}-{n}.md"), "one/two");
                    store.apply(&[draft.whole(&store)]).unwrap();
                }
            });
        }
    });
    assert_eq!(kept.store.counts().unwrap().chunks, 80);
    assert_sound(&kept.store);
}

/// What is on the disk while a transaction is under way is what a kill would leave.
#[test]
fn a_killed_transaction_leaves_nothing() {
    let kept = Kept::new();
    let before = Draft::new("a.md", "one/two");
    kept.store.apply(&[before.whole(&kept.store)]).unwrap();
    let after = Draft::new("a.md", "three/four/five");
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("kb.db");
    let killed = kept.store.pool.write(|conn| {
        apply::apply(conn, FullText::On, &[after.whole(&kept.store)])?;
        conn.cache_flush()?;
        for ending in ["", "-wal"] {
            let from = opening::beside(&kept.path(), ending);
            fs::copy(from, opening::beside(&left, ending))?;
        }
        Err::<(), _>(Cause::contract("killed"))
    });
    assert!(killed.is_err());
    for store in [&kept.store, &open(&left, Access::Write)] {
        assert_eq!(before.state(store).unwrap().head, Some(before.key()));
        assert_eq!(store.counts().unwrap().chunks, 2);
        assert_sound(store);
        store.apply(&[after.whole(store)]).unwrap();
        assert_eq!(store.counts().unwrap().chunks, 3);
        assert_sound(store);
    }
}

/// A log that was cut or damaged where the power failed holds the transactions before that place.
#[test]
fn a_torn_log_leaves_a_prefix() {
    let kept = Kept::new();
    kept.store.tidy().unwrap();
    for n in 0..8 {
        let draft = Draft::new(&format!("{n}.md"), "one/two");
        kept.store.apply(&[draft.whole(&kept.store)]).unwrap();
    }
    let file = fs::read(kept.path()).unwrap();
    let log = fs::read(opening::beside(&kept.path(), "-wal")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut prefixes = BTreeSet::new();
    for (trial, at) in (0..log.len()).step_by(log.len() / 40).enumerate() {
        let torn = folder.path().join(format!("{trial}.db"));
        let mut log = log.clone();
        match trial % 3 {
            0 => log.truncate(at),
            1 => log[at..].fill(0),
            _ => log[at] ^= 0x40,
        }
        fs::write(&torn, &file).unwrap();
        fs::write(opening::beside(&torn, "-wal"), log).unwrap();
        let store = open(&torn, Access::Write);
        assert_sound(&store);
        let names = |n: usize| Draft::new(&format!("{n}.md"), "").state(&store).is_some();
        let there = (0..8).take_while(|n| names(*n)).count();
        assert!((there..8).all(|n| !names(n)), "{trial}: a hole");
        assert_eq!(store.counts().unwrap().chunks, 2 * there as u64);
        prefixes.insert(there);
    }
    assert!(prefixes.len() > 5, "{prefixes:?}");
}

#[test]
fn a_link_leads_to_the_same_lock() {
    let kept = Kept::new();
    let link = kept.folder.path().join("link.db");
    std::os::unix::fs::symlink(kept.path(), &link).unwrap();
    let linked = open(&link, Access::Write);
    let held = kept.store.lock_for_writing(Duration::ZERO).unwrap();
    assert_eq!(linked.lock_for_writing(Duration::ZERO).unwrap_err().kind, StoreErrorKind::Locked);
    drop(held);
    linked.set_setting("k", "v").unwrap();
    assert_eq!(kept.store.setting("k").unwrap().as_deref(), Some("v"));
}

#[test]
fn a_panic_inside_a_transaction_leaves_nothing() {
    let kept = Kept::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        kept.store.pool.write(|conn| -> Outcome<()> {
            conn.execute("INSERT INTO source(name) VALUES('x')", [])?;
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(kept.store.sources().unwrap(), []);
    kept.store.source("y").unwrap();
    assert_sound(&kept.store);
}
