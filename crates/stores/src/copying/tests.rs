//! What every law leaves in a file comes through a server and back as it was.

use super::copy;
use crate::conformance;
use crate::{Access, FullText, PostgresStore, SqliteOptions, SqliteStore};
use postgres_server::shared;
use std::ops::ControlFlow::Continue;
use std::path::Path;
use types::ledger::{DeadLetter, DocumentState, Entry, FileState, Violation};
use types::seam::{EntryVectors, Repair, Store, StoreErrorKind};

/// All that a reader or a next run can see, without numbers of rows and times.
#[derive(Debug, PartialEq)]
struct Seen {
    settings: Vec<(String, String)>,
    documents: Vec<(String, DocumentState)>,
    files: Vec<(String, FileState)>,
    entries: Vec<(String, String, Vec<Entry>)>,
    letters: Vec<DeadLetter>,
    chunks: (u64, u64, u64),
    violations: Vec<Violation>,
}

fn seen(store: &dyn Store) -> Seen {
    let (mut documents, mut files) = (Vec::new(), Vec::new());
    for (source, name) in store.sources().unwrap() {
        for file in store.files_after(source, None, 10_000).unwrap() {
            let states = store.documents_of(source, &file.name, None, 10_000).unwrap();
            documents.extend(states.into_iter().map(|state| {
                let id = types::ledger::DocumentId(0);
                (name.clone(), DocumentState { id, open: None, ..state })
            }));
            files.push((name.clone(), if file.is_taken() { taken(file) } else { file }));
        }
    }
    // A document that was only begun is nothing that a reader or the next run wants.
    documents.retain(|(_, state)| state.head.is_some() || state.failed.is_some());
    // Neither is a file with nothing of it and an open gate.
    let holds = |of: &str, name: &str| {
        let of_file = |(source, state): &(String, DocumentState)| {
            source == of && (state.name == name || state.name.starts_with(&format!("{name}#")))
        };
        documents.iter().any(of_file)
    };
    files.retain(|(source, file)| !file.is_taken() || holds(source, &file.name));
    let letters = store.dead_letters().unwrap();
    let plain = |letter| DeadLetter { id: 0, attempts: 1, first_at: 0, last_at: 0, ..letter };
    let counts = store.counts().unwrap();
    Seen {
        settings: store.settings().unwrap().into_iter().filter(|(key, _)| key == "out").collect(),
        documents,
        files,
        entries: entries(store),
        letters: letters.into_iter().map(plain).collect(),
        chunks: (counts.documents, counts.chunks, counts.without_vector),
        violations: store.verify(Repair::No).unwrap(),
    }
}

/// A taken gate says nothing but that.
fn taken(file: FileState) -> FileState {
    let none = types::document::Hash([0; 32]);
    FileState {
        modified_ns: 0,
        pipeline: none,
        labelling: none,
        documents: 0,
        failed: 0,
        stale: 0,
        ..file
    }
}

fn entries(store: &dyn Store) -> Vec<(String, String, Vec<Entry>)> {
    let pairs = store.pairs().unwrap();
    let read = pairs.into_iter().map(|pair| {
        let mut entries = Vec::new();
        let mut take = |entry| {
            entries.push(entry);
            Continue(())
        };
        store
            .read_pair(&pair.label, EntryVectors::With, &mut |_, _| Continue(()), &mut take)
            .unwrap();
        (pair.label.domain, pair.label.category, entries)
    });
    read.collect()
}

fn file(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Access::Create, SqliteOptions::default()).unwrap()
}

#[test]
fn a_store_comes_through_another_kind_and_back() {
    let database = shared().database();
    let folder = tempfile::tempdir().unwrap();
    let mut moved = 0;
    for (number, (name, law)) in conformance::laws().into_iter().enumerate() {
        let origin = file(&folder.path().join(format!("{number}.db")));
        origin.bind_model(&conformance::model()).unwrap();
        law(&origin);
        origin.set_setting("out", name).unwrap();
        let expected = seen(&origin);
        let url = format!("{}?schema=s{number}", shared().url(&database));
        let server = PostgresStore::open(&url, Access::Create, FullText::On).unwrap();
        let copied = copy(&origin, &server).unwrap();
        assert_eq!(copied.chunks, expected.chunks.1, "{name}");
        assert_eq!(seen(&server), expected, "{name}: to the server");
        let back = file(&folder.path().join(format!("{number}-back.db")));
        copy(&server, &back).unwrap();
        assert_eq!(seen(&back), expected, "{name}: and back");
        moved += copied.chunks;
    }
    assert!(moved > 40);
}

#[test]
fn a_copy_goes_on_where_it_was_and_never_into_another_store() {
    let folder = tempfile::tempdir().unwrap();
    let origin = file(&folder.path().join("a.db"));
    origin.bind_model(&conformance::model()).unwrap();
    let source = conformance::source(&origin);
    for name in ["a.md", "b.md"] {
        let draft = conformance::Draft::new(name, "one/two");
        origin.apply(&[draft.whole(&origin)]).unwrap();
    }
    let mut long = conformance::Draft::new("long.md", "");
    long.texts = (0..450)
        .map(|n| if n % 200 == 199 { format!("refused {n}") } else { format!("t{n}") })
        .collect();
    origin.apply(&[long.whole(&origin)]).unwrap();
    let half = file(&folder.path().join("b.db"));
    half.set_setting(super::FILLED_FROM, &origin.setting("instance").unwrap().unwrap()).unwrap();
    half.bind_model(&conformance::model()).unwrap();
    let first = conformance::Draft::new("a.md", "one/two");
    half.apply(&[first.whole(&half)]).unwrap();
    let before = half.document(conformance::source(&half), "a.md").unwrap().unwrap().id;
    copy(&origin, &half).unwrap();
    assert_eq!(seen(&half).entries, seen(&origin).entries);
    let after = half.document(source, "a.md").unwrap().unwrap().id;
    assert_eq!(before, after, "written once");
    let error = copy(&origin, &half).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Foreign, "it is a store of its own now");
}
