//! Documents go in whole, or grow invisibly until they are.

use super::Law;
use super::draft::{Draft, apply, embedding, label, model, read, sweep_all, text_hash, texts};
use types::embedding::ModelId;
use types::ledger::{Applied, Change};
use types::seam::{Store, StoreErrorKind};

pub(super) const LAWS: &[Law] = &[
    ("a_whole_document_is_visible_at_once", a_whole_document_is_visible_at_once),
    ("a_new_version_replaces_the_old_one", a_new_version_replaces_the_old_one),
    ("an_open_version_is_invisible", an_open_version_is_invisible),
    ("a_segment_that_does_not_continue_is_lost", a_segment_that_does_not_continue_is_lost),
    ("a_first_segment_drops_the_open_version", a_first_segment_drops_the_open_version),
    ("vectors_are_found_by_text", vectors_are_found_by_text),
    ("a_store_keeps_one_model", a_store_keeps_one_model),
    ("a_failing_change_undoes_all", a_failing_change_undoes_all),
    ("a_document_without_chunks_is_a_document", a_document_without_chunks_is_a_document),
    ("large_versions_are_swept", large_versions_are_swept),
];

fn a_whole_document_is_visible_at_once(store: &dyn Store) {
    let draft = Draft::new("a.md", "one/absent two/three");
    let applied = apply(store, draft.whole(store));
    assert_eq!(applied, Applied { written: 3, ..Applied::default() });
    let state = draft.state(store).unwrap();
    assert_eq!((state.head, state.open, state.failed), (Some(draft.key()), None, None));
    assert_eq!((state.chunks, state.mixed, state.label), (3, false, draft.label.clone()));
    let counts = store.counts().unwrap();
    assert_eq!((counts.documents, counts.chunks, counts.without_vector), (1, 3, 1));
    assert_eq!((counts.open, counts.sources, counts.dead_letters), (0, 1, 0));
    assert!(counts.bytes > 0);
    let ((entries, documents), read) = read(store, &draft.label).unwrap();
    assert_eq!((entries, documents), (3, 1));
    assert_eq!(read[1].embedding, None);
    assert_eq!(read[2].embedding.as_deref(), Some(embedding("three").values()));
    assert_eq!(read[2].source_chapter.as_deref(), Some("chapter 2"));
    assert_eq!((read[2].page, read[2].metadata.as_str()), (Some(3), r#"{"seq":2}"#));
}

fn a_new_version_replaces_the_old_one(store: &dyn Store) {
    let old = Draft::new("a.md", "one/two/three");
    let other = Draft::new("b.md", "four");
    store.apply(&[old.whole(store), other.whole(store)]).unwrap();
    let new = Draft::new("a.md", "one/five").labelled("e", "c");
    let applied = apply(store, new.whole(store));
    assert_eq!(applied, Applied { written: 2, removed: 3, ..Applied::default() });
    assert_eq!(texts(store, &label("e", "c")), ["one", "five"]);
    assert_eq!(texts(store, &label("d", "c")), ["four"]);
    assert_eq!(store.counts().unwrap().chunks, 3);
}

fn an_open_version_is_invisible(store: &dyn Store) {
    let old = Draft::new("a.md", "one/two");
    apply(store, old.whole(store));
    let new = Draft::new("a.md", "1/2/3/4/5");
    for (range, cursor) in [(0..2, 2), (2..4, 4)] {
        let applied = apply(store, new.segment(store, range));
        assert_eq!(applied, Applied { written: 2, ..Applied::default() });
        assert_eq!(texts(store, &old.label), ["one", "two"]);
        let state = new.state(store).unwrap();
        assert_eq!((state.head, state.open), (Some(old.key()), Some((new.key(), cursor))));
    }
    let counts = store.counts().unwrap();
    assert_eq!((counts.open, counts.chunks, counts.documents), (1, 2, 1));
    let applied = apply(store, new.segment(store, 4..5));
    assert_eq!(applied, Applied { written: 1, removed: 2, ..Applied::default() });
    assert_eq!(texts(store, &old.label), ["1", "2", "3", "4", "5"]);
    let state = new.state(store).unwrap();
    assert_eq!((state.head, state.open), (Some(new.key()), None));
    assert_eq!(store.counts().unwrap().open, 0);
}

fn a_segment_that_does_not_continue_is_lost(store: &dyn Store) {
    let draft = Draft::new("a.md", "1/2/3/4/5/6");
    let lost = Applied { lost: true, ..Applied::default() };
    assert_eq!(apply(store, draft.segment(store, 2..4)), lost, "there is no such document");
    assert_eq!(draft.state(store), None);
    apply(store, draft.segment(store, 0..2));
    assert_eq!(apply(store, draft.segment(store, 3..4)), lost, "one is missing between");
    assert_eq!(apply(store, draft.segment(store, 1..4)), lost, "one is there already");
    let mut other = Draft::new("a.md", "1/2/3/4/5/7");
    assert_eq!(apply(store, other.segment(store, 2..6)), lost, "another content");
    assert_eq!(draft.state(store).unwrap().open, Some((draft.key(), 2)));
    apply(store, draft.segment(store, 2..6));
    assert_eq!(apply(store, draft.segment(store, 2..6)), lost, "no version is open any more");
    assert_eq!(texts(store, &draft.label).len(), 6);
    other.run = 2;
    assert_eq!(apply(store, other.segment(store, 2..6)), lost);
}

fn a_first_segment_drops_the_open_version(store: &dyn Store) {
    let first = Draft::new("a.md", "1/2/refused/4");
    apply(store, first.segment(store, 0..3));
    assert_eq!(store.dead_letters().unwrap().len(), 1);
    let second = Draft::new("a.md", "5/6/7");
    let applied = apply(store, second.segment(store, 0..2));
    assert_eq!(applied, Applied { written: 2, removed: 2, ..Applied::default() });
    assert_eq!(store.dead_letters().unwrap(), [], "its refused chunk is no longer in question");
    assert_eq!(second.state(store).unwrap().open, Some((second.key(), 2)));
    apply(store, second.segment(store, 0..3));
    assert_eq!(texts(store, &second.label), ["5", "6", "7"]);
    sweep_all(store);
    assert_eq!(texts(store, &second.label), ["5", "6", "7"]);
}

fn vectors_are_found_by_text(store: &dyn Store) {
    let head = Draft::new("a.md", "one/absent/refused");
    apply(store, head.whole(store));
    let open = Draft::new("a.md", "two/three/four");
    apply(store, open.segment(store, 0..2));
    let known = store.known_vectors(head.state(store).unwrap().id).unwrap();
    for text in ["one", "two", "three"] {
        let place = known[&text_hash(text)];
        assert_eq!(store.vectors_at(&[place]).unwrap(), [Some(embedding(text))], "{text}");
    }
    for text in ["absent", "refused", "four"] {
        assert_eq!(known.get(&text_hash(text)), None, "{text}");
    }
    let gone = known[&text_hash("one")];
    apply(store, Draft::new("a.md", "nine").whole(store));
    sweep_all(store);
    assert_eq!(store.vectors_at(&[gone, -5]).unwrap(), [None, None]);
}

fn a_store_keeps_one_model(store: &dyn Store) {
    assert_eq!(store.model().unwrap(), Some(model()));
    store.bind_model(&model()).unwrap();
    let other = ModelId { model: "n".to_owned(), ..model() };
    assert_eq!(store.bind_model(&other).unwrap_err().kind, StoreErrorKind::OtherModel);
    let longer = ModelId { dimensions: 9, ..model() };
    assert_eq!(store.bind_model(&longer).unwrap_err().kind, StoreErrorKind::OtherModel);
    assert_ne!(store.setting("instance").unwrap(), None, "it tells stores apart");
    assert_eq!(store.setting("out").unwrap(), None);
    for value in ["x", "y"] {
        store.set_setting("out", value).unwrap();
        assert_eq!(store.setting("out").unwrap().as_deref(), Some(value));
    }
}

fn a_failing_change_undoes_all(store: &dyn Store) {
    let good = Draft::new("a.md", "one");
    let wrong = Draft::new("b.md", "one/two/three");
    let Change::Segment(mut gap) = wrong.whole(store) else { unreachable!("whole() is a segment") };
    gap.records.remove(1);
    let error = store.apply(&[good.whole(store), Change::Segment(gap)]).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Internal);
    assert_eq!(good.state(store), None);
    let Change::Segment(mut short) = wrong.whole(store) else {
        unreachable!("whole() is a segment")
    };
    short.records.pop();
    store.apply(&[good.whole(store), Change::Segment(short)]).unwrap_err();
    assert_eq!(store.counts().unwrap().documents, 0);
    apply(store, good.whole(store));
    assert_eq!(store.counts().unwrap().documents, 1);
}

fn a_document_without_chunks_is_a_document(store: &dyn Store) {
    let empty = Draft::new("a.md", "");
    apply(store, empty.whole(store));
    assert_eq!(empty.state(store).unwrap().head, Some(empty.key()));
    assert_eq!(store.counts().unwrap().documents, 1);
    assert_eq!(read(store, &empty.label), None, "it has no entry");
    assert_eq!(store.pairs().unwrap(), []);
}

/// More rows than one transaction removes, superseded, dropped and removed.
fn large_versions_are_swept(store: &dyn Store) {
    let texts_of = |word: &str| (0..2500).map(|n| format!("{word}{n}")).collect::<Vec<_>>();
    let mut draft = Draft::new("a.md", "");
    for word in ["first", "second", "third"] {
        draft.texts = texts_of(word);
        let before = store.counts().unwrap().chunks;
        let applied = apply(store, draft.whole(store));
        assert_eq!((applied.written, applied.removed), (2500, before));
    }
    let mut open = Draft::new("a.md", "");
    open.texts = texts_of("fourth");
    apply(store, open.segment(store, 0..2400));
    let restarted = apply(store, open.segment(store, 0..10));
    assert_eq!((restarted.written, restarted.removed), (10, 2400));
    assert!(store.sweep().unwrap(), "7,400 rows take more than one transaction");
    sweep_all(store);
    assert_eq!(texts(store, &draft.label), draft.texts);
    let document = draft.state(store).unwrap().id;
    assert_eq!(store.known_vectors(document).unwrap().len(), 2510);
    let applied = apply(store, Change::Remove { document });
    assert_eq!(applied.removed, 2510);
    sweep_all(store);
    assert_eq!(store.counts().unwrap().chunks, 0);
}
