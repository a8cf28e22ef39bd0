//! Damage in a file of several models, and what a store of one model is on disk.

use crate::conformance::{self, Draft, embedding};
use crate::sqlite::{Access, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use std::path::Path;
use types::embedding::ModelId;
use types::ledger::Change;
use types::record::Vector;
use types::seam::{Models as _, Repair, Store as _};

fn store(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Access::Create, SqliteOptions::default()).unwrap()
}

/// Two documents, each with a chunk of the store's own model and one of another of the same dimensions.
fn routed(path: &Path) {
    let store = store(path);
    store.bind_model(&conformance::model()).unwrap();
    let twin = ModelId { model: "twin".to_owned(), ..conformance::model() };
    let number = store.add_model(&twin).unwrap();
    for name in ["a.md", "b.md"] {
        let mut change = Draft::new(name, "one/two").whole(&store);
        let Change::Segment(segment) = &mut change else { unreachable!("a draft is a segment") };
        segment.records[1].vector = Vector::Routed(number, embedding("two"));
        store.apply(&[change]).unwrap();
    }
}

#[test]
fn every_damage_to_which_vector_is_whose_is_found_and_mended() {
    for (damage, invariant) in [
        ("DELETE FROM routed WHERE chunk=2", "routed"),
        ("UPDATE routed SET model=7 WHERE chunk=2", "routed"),
        ("UPDATE routed SET version=9 WHERE chunk=4", "routed"),
        ("DELETE FROM routed_code", "codes"),
        ("UPDATE routed_code SET data=x'00' WHERE block=1", "codes"),
        ("DROP TABLE routed", "schema"),
        ("DROP TABLE routed_code", "schema"),
        ("DROP TRIGGER routed_gone", "schema"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kb.db");
        routed(&path);
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let store = store(&path);
        let found = store.verify(Repair::No).unwrap();
        assert!(found.iter().any(|v| v.invariant == invariant), "{damage}: {found:?}");
        store.verify(Repair::Yes).unwrap();
        assert_eq!(store.verify(Repair::No).unwrap(), [], "{damage}");
        let chunks: u64 = store.routed_chunks().unwrap().iter().map(|(_, chunks)| chunks).sum();
        assert_eq!(chunks, 2, "{damage}: whose a vector is was not lost");
    }
}

#[test]
fn a_store_of_one_model_is_on_disk_what_it_was_and_becomes_so_again() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, path] = ["plain.db", "kb.db"].map(|name| folder.path().join(name));
    drop(store(&plain));
    routed(&path);
    let about = |path: &Path| -> (i64, Vec<String>) {
        let conn = Connection::open(path).unwrap();
        let version = conn.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        let mut names = conn.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
        let names = names.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        (version, names)
    };
    assert_eq!(about(&plain).0 + 1000, about(&path).0);
    assert!(about(&path).0 > 1000, "an older gristmill would lose track of the vectors");
    let store = store(&path);
    let target = types::seam::Target { model: conformance::model(), fingerprint: String::new() };
    store.begin_migration(&target).unwrap();
    let left = store.unmigrated(0, 10).unwrap();
    assert_eq!(left.len(), 2, "the own model's vectors are kept");
    let vectors: Vec<_> =
        left.iter().map(|(place, text)| (*place, Some(embedding(text)))).collect();
    store.migrate(&vectors).unwrap();
    store.finish_migration(&types::seam::Switch::default()).unwrap();
    assert_eq!(store.verify(Repair::No).unwrap(), []);
    drop(store);
    assert_eq!(about(&path), about(&plain));
}
