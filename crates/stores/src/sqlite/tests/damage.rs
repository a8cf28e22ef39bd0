//! Damage is found, and what can be mended is mended without the sources.

use super::{Kept, open};
use crate::conformance::{Draft, assert_sound, source};
use crate::{Access, SqliteStore};
use std::fs;
use std::ops::ControlFlow::Continue;
use types::document::Label;
use types::embedding::Embedding;
use types::ledger::{Change, Entry, FileState, Violation};
use types::query::{Filter, Mode, Query};
use types::seam::{EntryVectors, Repair, Store as _, StoreError, StoreErrorKind};

/// Three documents with gates, one of them with a refused chunk, one with a version under way, one failed.
fn filled() -> Kept {
    let kept = Kept::new();
    let store = &kept.store;
    let texts = (0..40).map(|n| format!("text {n}")).collect::<Vec<_>>().join("/");
    let drafts = [
        Draft::new("a.md", &texts),
        Draft::new("b.md", "refused/absent/three"),
        Draft::new("c.md", "one/two"),
    ];
    for draft in &drafts {
        store.apply(&[draft.whole(store), gate(store, &draft.name)]).unwrap();
    }
    store.apply(&[Draft::new("c.md", "three/four/five").segment(store, 0..2)]).unwrap();
    store.apply(&[Draft::new("d.md", "torn").failed(store)]).unwrap();
    kept
}

fn gate(store: &SqliteStore, name: &str) -> Change {
    let hash = types::document::Hash([7; 32]);
    let state = FileState {
        name: name.to_owned(),
        size: 5,
        modified_ns: 1,
        pipeline: hash,
        labelling: hash,
        documents: 1,
        failed: 0,
        stale: 0,
    };
    Change::File { source: source(store), state, run: 1 }
}

fn execute(store: &SqliteStore, sql: &str) {
    let changed = store.pool.writer().unwrap().execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

fn invariants(violations: &[Violation]) -> Vec<&str> {
    let mut names: Vec<_> = violations.iter().map(|violation| violation.invariant).collect();
    names.dedup();
    names
}

/// Each way to break a store behind its back, the invariant that finds it first, and whether it needs the source.
const BREAKS: &[(&str, &str, bool)] = &[
    ("UPDATE chunk SET text='other' WHERE seq=1 AND document=1", "text_hash", true),
    ("UPDATE chunk SET text=CAST(x'ff' AS TEXT) WHERE seq=1 AND document=1", "text_hash", true),
    ("UPDATE chunk SET text_hash=zeroblob(16) WHERE seq=1 AND document=1", "text_hash", true),
    ("UPDATE vector SET v=zeroblob(32) WHERE chunk=3", "vector", true),
    ("UPDATE vector SET v=zeroblob(31) WHERE chunk=3", "vector", true),
    ("UPDATE vector SET v=(SELECT v FROM vector WHERE chunk=4) WHERE chunk=3", "vector", true),
    ("UPDATE vector SET text_hash=zeroblob(16) WHERE chunk=3", "vector", true),
    ("UPDATE chunk SET page=7 WHERE id=3", "chunk_row", true),
    ("UPDATE chunk SET section=NULL WHERE id=3", "chunk_row", true),
    ("UPDATE chunk SET weight=weight+1e-9 WHERE id=3", "chunk_row", true),
    ("UPDATE chunk SET pair=0 WHERE id=3", "chunk_pair", false),
    ("UPDATE document SET title='other' WHERE name='a.md'", "document_row", true),
    ("DELETE FROM vector WHERE chunk=3", "vector_count", true),
    ("DELETE FROM chunk WHERE id=3", "vector_chunk", true),
    ("DELETE FROM chunk WHERE document=2", "chunk_count", true),
    ("DELETE FROM document WHERE name='a.md'", "chunk_document", true),
    ("DELETE FROM document WHERE name='d.md'", "dead_letter", false),
    ("DELETE FROM pair", "document_key", true),
    ("UPDATE document SET chunks=chunks+1 WHERE name='b.md'", "chunk_count", true),
    ("UPDATE document SET without_vector=0 WHERE name='b.md'", "vector_count", true),
    ("UPDATE document SET total=1 WHERE name='a.md'", "chunk_position", true),
    ("UPDATE document SET fence=0 WHERE name='a.md'", "fence", true),
    ("UPDATE document SET content=NULL WHERE name='a.md'", "document_key", true),
    ("UPDATE document SET source=99 WHERE name='a.md'", "document_source", true),
    ("UPDATE document SET open_chunks=7 WHERE name='c.md'", "chunk_count", true),
    ("UPDATE document SET open_version=NULL WHERE name='c.md'", "chunk_document", false),
    ("INSERT INTO dropped SELECT id, version FROM document WHERE name='a.md'", "dropped", false),
    ("DELETE FROM document_pair WHERE name='a.md'", "document_pair", false),
    ("UPDATE document_pair SET chunks=1 WHERE name='a.md'", "document_pair", false),
    ("INSERT INTO document_pair VALUES(1, 'ghost', 77, 3)", "document_pair", false),
    ("DELETE FROM fts WHERE rowid=4", "full_text", false),
    ("INSERT INTO fts(rowid, text) VALUES(999, 'ghost')", "full_text", false),
    ("DELETE FROM code WHERE block=1", "codes", false),
    ("UPDATE code SET data=zeroblob(9) WHERE block=1", "codes", false),
    (
        "INSERT INTO code(n, chunks, data) SELECT n, chunks, data FROM code WHERE block=1",
        "codes",
        false,
    ),
    ("UPDATE total SET chunks=chunks+1", "totals", false),
    ("DELETE FROM total", "totals", false),
    ("UPDATE dead_letter SET class='nonsense' WHERE document='d.md'", "dead_letter", false),
    ("UPDATE file SET documents=3 WHERE name='a.md'", "gate", true),
    ("UPDATE file SET documents=0, failed=1, name='nothing' WHERE name='a.md'", "gate", true),
    ("DELETE FROM file WHERE name='a.md'", "file", false),
];

#[test]
fn every_break_is_found_and_mended() {
    for (sql, invariant, needs_ingest) in BREAKS {
        let kept = filled();
        assert_sound(&kept.store);
        execute(&kept.store, sql);
        let found = open(&kept.path(), Access::Read).verify(Repair::No).unwrap();
        assert!(invariants(&found).contains(invariant), "{sql}: {found:?}");
        let ingest = found.iter().any(|v| v.invariant == *invariant && v.needs_ingest);
        assert_eq!(ingest, *needs_ingest, "{sql}: {found:?}");
        let mended = kept.store.verify(Repair::Yes).unwrap();
        assert!(invariants(&mended).contains(invariant), "{sql}: {mended:?}");
        assert_eq!(kept.store.verify(Repair::No).unwrap(), [], "{sql}: after the repair");
    }
}

/// The model's row cannot be mended, and nothing is taken for damaged because of it.
#[test]
fn a_lost_model_costs_no_vector() {
    for sql in [
        "DELETE FROM meta WHERE key='model'",
        "UPDATE meta SET value=replace(value, ':8}', ':9}') WHERE key='model'",
    ] {
        let kept = filled();
        execute(&kept.store, sql);
        for repair in [Repair::No, Repair::Yes, Repair::No] {
            assert_eq!(invariants(&kept.store.verify(repair).unwrap()), ["model"], "{sql}");
        }
        let vectors: i64 = kept
            .store
            .pool
            .read(|conn| Ok(conn.query_row("SELECT count(*) FROM vector", [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(vectors, 45, "{sql}");
    }
}

/// After a repair and a new run the store is that of a clean run, and every vector that is still somewhere is
/// found.
#[test]
fn a_repaired_store_equals_a_clean_one() {
    for (sql, lost) in [
        ("DELETE FROM chunk WHERE id%20=0", 0),
        ("DELETE FROM vector WHERE chunk%20=0", 2),
        ("UPDATE chunk SET text=text||'!' WHERE id%20=0", 0),
        ("DELETE FROM document WHERE name='a.md'", 0),
        ("DELETE FROM chunk WHERE document=1 AND seq<20", 0),
    ] {
        let kept = filled();
        let store = &kept.store;
        let texts = (0..40).map(|n| format!("text {n}")).collect::<Vec<_>>().join("/");
        let draft = Draft::new("a.md", &texts);
        execute(store, sql);
        store.verify(Repair::Yes).unwrap();
        let gates = store.files_after(source(store), None, 9).unwrap();
        assert_eq!(gates[0].size, u64::MAX, "{sql}: the next run opens the file");
        let state = draft.state(store).unwrap();
        assert_ne!(state.head, Some(draft.key()), "{sql}");
        let known = store.known_vectors(state.id).unwrap();
        let places: Vec<i64> = known.values().copied().collect();
        let found: Vec<Embedding> =
            store.vectors_at(&places).unwrap().into_iter().flatten().collect();
        assert_eq!(found.len() + lost, 40, "{sql}");
        store.apply(&[draft.whole(store), gate(store, "a.md")]).unwrap();
        while store.sweep().unwrap() {}
        assert_sound(store);
        assert_eq!(entries(store), entries(&filled().store), "{sql}");
        let rescued: i64 = store
            .pool
            .read(|conn| Ok(conn.query_row("SELECT count(*) FROM rescued", [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(rescued, 0, "{sql}");
    }
}

fn entries(store: &SqliteStore) -> Vec<(Label, Entry)> {
    try_entries(store).unwrap()
}

fn try_entries(store: &SqliteStore) -> Result<Vec<(Label, Entry)>, StoreError> {
    let mut all = Vec::new();
    for pair in store.pairs()? {
        store.read_pair(
            &pair.label,
            EntryVectors::With,
            &mut |_, _| Continue(()),
            &mut |entry| {
                all.push((pair.label.clone(), entry));
                Continue(())
            },
        )?;
    }
    Ok(all)
}

#[test]
fn damaged_bytes_are_not_handed_out() {
    for sql in [
        "UPDATE chunk SET text='other' WHERE id=2",
        "UPDATE vector SET v=zeroblob(32) WHERE chunk=2",
        "UPDATE chunk SET page=99 WHERE id=2",
        "UPDATE document SET title='other' WHERE id=1",
        "UPDATE chunk SET pair=0 WHERE id=2",
        "DELETE FROM chunk WHERE id=2",
    ] {
        let kept = filled();
        execute(&kept.store, sql);
        let label = Label { domain: "d".to_owned(), category: "c".to_owned() };
        let read =
            kept.store.read_pair(&label, EntryVectors::With, &mut |_, _| Continue(()), &mut |_| {
                Continue(())
            });
        assert_eq!(read.unwrap_err().kind, StoreErrorKind::Corrupt, "{sql}");
    }
}

#[test]
fn a_damaged_vector_is_not_recalled() {
    let kept = filled();
    assert!(kept.store.vectors_at(&[3]).unwrap()[0].is_some());
    execute(&kept.store, "UPDATE vector SET v=(SELECT v FROM vector WHERE chunk=4) WHERE chunk=3");
    assert_eq!(kept.store.vectors_at(&[3]).unwrap(), [None]);
}

/// One flipped bit anywhere in the file: opening fails, or `verify` finds it, or everything reads as before.
#[test]
fn a_flipped_bit_is_never_read_as_truth() {
    let Kept { folder, store } = filled();
    let before = entries(&store);
    store.tidy().unwrap();
    drop(store);
    let whole = fs::read(folder.path().join("kb.db")).unwrap();
    let flipped = folder.path().join("flipped.db");
    let mut silent = Vec::new();
    // A prime step visits all kinds of pages at all kinds of places.
    for at in (0..whole.len()).step_by(499) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&flipped, bytes).unwrap();
        let opened = SqliteStore::open(&flipped, Access::Write, crate::SqliteOptions::default());
        let Ok(store) = opened else { continue };
        let found = store.verify(Repair::No);
        let read = try_entries(&store);
        if found.is_ok_and(|found| found.is_empty()) && read.is_ok_and(|read| read != before) {
            silent.push(at);
        }
        drop(store);
        for ending in ["-wal", "-shm"] {
            let beside = crate::sqlite::open::beside(&flipped, ending);
            if beside.exists() {
                fs::remove_file(beside).unwrap();
            }
        }
    }
    assert_eq!(silent, [] as [usize; 0]);
}

#[test]
fn a_table_that_follows_from_others_is_made_again() {
    for dropped in [
        "TABLE code",
        "TABLE fts",
        "TABLE word",
        "TABLE document_pair",
        "TABLE total",
        "TABLE rescued",
        "TABLE dropped",
        "INDEX document_file",
    ] {
        let kept = filled();
        let whole = kept.store.counts().unwrap();
        let conn = kept.store.pool.writer().unwrap();
        conn.execute_batch(&format!("DROP {dropped}")).unwrap();
        drop(conn);
        let found = kept.store.verify(Repair::No).unwrap();
        assert_eq!(invariants(&found), ["schema"], "{dropped}: {found:?}");
        let mended = kept.store.verify(Repair::Yes).unwrap();
        assert!(mended.iter().all(|violation| !violation.needs_ingest), "{dropped}: {mended:?}");
        assert_sound(&kept.store);
        let counts = kept.store.counts().unwrap();
        assert_eq!((counts.documents, counts.chunks), (whole.documents, whole.chunks), "{dropped}");
        let query = Query {
            mode: Mode::Keyword,
            words: "text".to_owned(),
            vector: None,
            k: 1,
            filter: Filter::default(),
        };
        assert_eq!(kept.store.search(&query).unwrap()[0].document, "a.md", "{dropped}");
    }
}

#[test]
fn a_table_that_nothing_can_make_again_is_named() {
    for table in ["chunk", "document", "vector", "file", "dead_letter"] {
        let kept = filled();
        let conn = kept.store.pool.writer().unwrap();
        conn.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        drop(conn);
        for repair in [Repair::No, Repair::Yes] {
            let error = kept.store.verify(repair).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Corrupt);
            assert!(error.message.contains(&format!("table {table} is gone")), "{error}");
        }
    }
}

#[test]
fn damaged_vectors_of_a_migration_are_found_and_made_again() {
    let kept = Kept::new();
    kept.store.apply(&[Draft::new("a.md", "one/two/three").whole(&kept.store)]).unwrap();
    let to = types::seam::Target {
        model: types::embedding::ModelId { model: "n".to_owned(), ..crate::conformance::model() },
        fingerprint: String::new(),
    };
    kept.store.begin_migration(&to).unwrap();
    let vectors: Vec<_> = kept.store.unmigrated(0, 9).unwrap();
    let vector =
        types::embedding::Embedding::new(vec![1.0; to.model.dimensions], to.model.dimensions)
            .unwrap();
    let vectors: Vec<_> =
        vectors.into_iter().map(|(place, _)| (place, Some(vector.clone()))).collect();
    kept.store.migrate(&vectors).unwrap();
    assert_sound(&kept.store);
    kept.store
        .pool
        .write(|conn| Ok(conn.execute("UPDATE next_vector SET v=x'00' WHERE chunk=2", [])?))
        .unwrap();
    assert_eq!(kept.store.verify(Repair::No).unwrap()[0].invariant, "migration");
    kept.store.begin_migration(&to).unwrap();
    let left: Vec<_> =
        kept.store.unmigrated(0, 9).unwrap().into_iter().map(|(_, text)| text).collect();
    assert_eq!(left, ["two"]);
    kept.store
        .pool
        .write(|conn| Ok(conn.execute("UPDATE meta SET value='{' WHERE key='migration'", [])?))
        .unwrap();
    assert_eq!(kept.store.verify(Repair::Yes).unwrap()[0].invariant, "migration");
    assert_eq!(kept.store.migration().unwrap(), None);
    assert_sound(&kept.store);
}
