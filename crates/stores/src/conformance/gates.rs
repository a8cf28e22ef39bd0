//! Files, and which of their documents are still there.

use super::Law;
use super::draft::{Draft, apply, file_state, gate, gate_of, source, sweep_all};
use types::ledger::{Applied, Change, FileState};
use types::seam::{RunRow, Store};

pub(super) const LAWS: &[Law] = &[
    ("a_gate_is_read_as_written", a_gate_is_read_as_written),
    ("a_file_is_known_before_its_gate", a_file_is_known_before_its_gate),
    ("files_come_in_pages_and_order", files_come_in_pages_and_order),
    ("unseen_documents_become_stale", unseen_documents_become_stale),
    ("documents_of_a_file_come_in_order", documents_of_a_file_come_in_order),
    ("documents_are_found_many_at_once", documents_are_found_many_at_once),
    ("a_file_goes_with_its_documents", a_file_goes_with_its_documents),
    ("sources_hold_equal_names_apart", sources_hold_equal_names_apart),
    ("runs_are_numbered_upwards", runs_are_numbered_upwards),
];

fn a_gate_is_read_as_written(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one").whole(store));
    apply(store, gate(store, "a.md", (1, 0), 1));
    assert_eq!(gate_of(store, "a.md"), Some(file_state("a.md", 1, 0)));
    assert_eq!(store.counts().unwrap().files, 1);
    let changed = FileState { size: u64::from(u32::MAX) + 7, ..file_state("a.md", 1, 0) };
    let change = Change::File { source: source(store), state: changed.clone(), run: 2 };
    apply(
        store,
        Change::Seen {
            document: store.documents_of(source(store), "a.md", None, 9).unwrap()[0].id,
            run: 2,
        },
    );
    apply(store, change);
    assert_eq!(gate_of(store, "a.md"), Some(changed));
    assert_eq!(store.counts().unwrap().files, 1);
}

/// A run that was interrupted inside a file leaves documents; the file may be gone when the next one comes.
fn a_file_is_known_before_its_gate(store: &dyn Store) {
    apply(store, Draft::new("x#a", "one").in_file("x").whole(store));
    apply(store, Draft::new("y", "two/three").segment(store, 0..1));
    apply(store, Draft::new("z", "four").failed(store));
    for file in ["x", "y", "z"] {
        let gate = gate_of(store, file).unwrap();
        assert_eq!((gate.size, gate.documents, gate.failed), (u64::MAX, 0, 0), "equal to no file");
        apply(store, Change::RemoveFile { source: source(store), name: file.to_owned() });
    }
    let counts = store.counts().unwrap();
    assert_eq!((counts.files, counts.chunks, counts.open, counts.dead_letters), (0, 0, 0, 0));
    apply(store, Draft::new("moved", "one").in_file("old").whole(store));
    apply(store, Draft::new("moved", "two").in_file("new").whole(store));
    assert!(gate_of(store, "new").is_some());
}

fn files_come_in_pages_and_order(store: &dyn Store) {
    for name in ["b", "a/x", "Z", "ä", "a"] {
        apply(store, gate(store, name, (0, 0), 1));
    }
    let page = |after: Option<&str>| -> Vec<String> {
        let files = store.files_after(source(store), after, 2).unwrap();
        files.into_iter().map(|file| file.name).collect()
    };
    assert_eq!(page(None), ["Z", "a"]);
    assert_eq!(page(Some("a")), ["a/x", "b"]);
    assert_eq!(page(Some("b")), ["ä"]);
    assert!(page(Some("ä")).is_empty());
}

fn unseen_documents_become_stale(store: &dyn Store) {
    let file = "items.jsonl";
    let item = |id: &str, run: i64| {
        Draft::new(&format!("{file}#{id}"), "one/two").in_file(file).by_run(run)
    };
    for id in ["a", "b", "c"] {
        apply(store, item(id, 1).whole(store));
    }
    apply(store, item("torn", 1).failed(store));
    apply(store, gate(store, file, (3, 1), 1));
    assert_eq!(gate_of(store, file).unwrap().stale, 0);
    assert_eq!(store.stale_documents(source(store), file, 9).unwrap(), []);
    let seen = item("a", 1).state(store).unwrap().id;
    apply(store, Change::Seen { document: seen, run: 2 });
    apply(store, item("b", 2).whole(store));
    apply(store, gate(store, file, (2, 0), 2));
    let stale = item("c", 1).state(store).unwrap().id;
    assert_eq!(gate_of(store, file).unwrap().stale, 1);
    assert_eq!(store.stale_documents(source(store), file, 9).unwrap(), [stale]);
    assert_eq!(store.dead_letters().unwrap(), [], "the torn item is no longer in the file");
    assert_eq!(item("torn", 1).state(store), None);
    let applied = apply(store, Change::Remove { document: stale });
    assert_eq!(applied, Applied { removed: 2, ..Applied::default() });
    assert_eq!(gate_of(store, file).unwrap(), FileState { stale: 0, ..file_state(file, 2, 0) });
    assert_eq!(store.stale_documents(source(store), file, 9).unwrap(), []);
    apply(store, Change::Remove { document: seen });
    assert_eq!(gate_of(store, file).unwrap(), file_state(file, 1, 0));
    assert_eq!(apply(store, Change::Remove { document: seen }), Applied::default(), "gone already");
}

fn documents_of_a_file_come_in_order(store: &dyn Store) {
    for id in ["b", "a", "c"] {
        apply(store, Draft::new(&format!("x#{id}"), "one").in_file("x").whole(store));
    }
    apply(store, Draft::new("y", "one").whole(store));
    let page = |after: Option<&str>| -> Vec<String> {
        let documents = store.documents_of(source(store), "x", after, 2).unwrap();
        documents.into_iter().map(|document| document.name).collect()
    };
    assert_eq!(page(None), ["x#a", "x#b"]);
    assert_eq!(page(Some("x#b")), ["x#c"]);
}

fn documents_are_found_many_at_once(store: &dyn Store) {
    for id in ["b", "a"] {
        apply(store, Draft::new(&format!("x#{id}"), "one").in_file("x").whole(store));
    }
    apply(store, Draft::new("x#c", "two").in_file("x").failed(store));
    let names = ["x#c", "x#none", "x#a", "x#b", "x#a"].map(str::to_owned);
    let one_by_one = names.each_ref().map(|name| store.document(source(store), name).unwrap());
    assert_eq!(store.documents(source(store), &names).unwrap(), one_by_one);
    assert_eq!(one_by_one.map(|state| state.is_some()), [true, false, true, true, true]);
    assert_eq!(store.documents(source(store), &[]).unwrap(), []);
}

fn a_file_goes_with_its_documents(store: &dyn Store) {
    let (a, b) =
        (Draft::new("x#a", "one").in_file("x"), Draft::new("x#b", "two/refused").in_file("x"));
    let kept = Draft::new("y", "three");
    store.apply(&[a.whole(store), b.whole(store), kept.whole(store)]).unwrap();
    apply(store, Draft::new("x#c", "four").in_file("x").failed(store));
    apply(store, gate(store, "x", (2, 1), 1));
    assert_eq!(store.dead_letters().unwrap().len(), 2);
    let applied = apply(store, Change::RemoveFile { source: source(store), name: "x".to_owned() });
    assert_eq!(applied, Applied { removed: 2, ..Applied::default() });
    sweep_all(store);
    let counts = store.counts().unwrap();
    assert_eq!((counts.files, counts.documents, counts.chunks, counts.dead_letters), (1, 1, 1, 0));
    assert_eq!((a.state(store), gate_of(store, "x")), (None, None));
    assert!(kept.state(store).is_some());
}

fn sources_hold_equal_names_apart(store: &dyn Store) {
    let draft = Draft::new("a.md", "one");
    apply(store, draft.whole(store));
    let other = store.source("/other").unwrap();
    assert_ne!(other, source(store));
    assert_eq!(store.source("/other").unwrap(), other);
    assert_eq!(store.document(other, "a.md").unwrap(), None);
    for (name, text) in [("b.md", "four"), ("a.md", "two")] {
        let Change::Segment(mut segment) = Draft::new(name, text).whole(store) else {
            unreachable!("whole() is a segment")
        };
        segment.source = other;
        apply(store, Change::Segment(segment));
    }
    apply(store, Draft::new("b.md", "three").whole(store));
    let texts = super::draft::texts(store, &draft.label);
    assert_eq!(texts, ["one", "two", "three", "four"], "by name, then source");
    let sources = store.sources().unwrap();
    assert_eq!(sources, [(source(store), "/books".to_owned()), (other, "/other".to_owned())]);
}

fn runs_are_numbered_upwards(store: &dyn Store) {
    let first = store.begin_run("r1").unwrap();
    let second = store.begin_run("r2").unwrap();
    assert!(second > first);
    store.end_run(first, r#"{"seconds":1}"#).unwrap();
    let runs = store.runs(9).unwrap();
    let shown: Vec<_> = runs
        .iter()
        .map(|RunRow { run_id, ended, result, .. }| {
            (run_id.as_str(), ended.is_some(), result.as_deref())
        })
        .collect();
    assert_eq!(shown, [("r2", false, None), ("r1", true, Some(r#"{"seconds":1}"#))]);
    assert_eq!(store.runs(1).unwrap().len(), 1);
    assert!(store.end_run(second + 9, "{}").is_err());
}
