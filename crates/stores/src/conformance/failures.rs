//! Documents and chunks that could not be taken in.

use super::Law;
use super::draft::{Draft, apply, gate, gate_of, label, sweep_all, texts};
use types::document::Hash;
use types::failure::FailureClass;
use types::ledger::Applied;
use types::seam::Store;

pub(super) const LAWS: &[Law] = &[
    ("a_failure_leaves_the_head", a_failure_leaves_the_head),
    ("a_flawed_document_is_visible_and_listed", a_flawed_document_is_visible_and_listed),
    ("a_refused_chunk_leaves_a_gap", a_refused_chunk_leaves_a_gap),
    ("attempts_count_per_content", attempts_count_per_content),
    ("retry_takes_the_gates", retry_takes_the_gates),
    ("purge_forgets_the_letter_only", purge_forgets_the_letter_only),
];

fn a_failure_leaves_the_head(store: &dyn Store) {
    let old = Draft::new("a.md", "one");
    apply(store, old.whole(store));
    let torn = Draft::new("a.md", "two/three");
    apply(store, torn.segment(store, 0..1));
    let applied = apply(store, torn.failed(store));
    assert_eq!(applied, Applied { removed: 1, ..Applied::default() });
    let state = torn.state(store).unwrap();
    assert_eq!((state.head, state.open, state.failed), (Some(old.key()), None, Some(torn.key())));
    assert_eq!(texts(store, &old.label), ["one"]);
    let letters = store.dead_letters().unwrap();
    let letter = &letters[0];
    assert_eq!((letter.document.as_str(), letter.chunk, letter.attempts), ("a.md", None, 1));
    assert_eq!((letter.source.as_str(), letter.file.as_str()), ("/books", "a.md"));
    assert_eq!(letter.failure.class, FailureClass::BadDocument);
    assert_eq!(
        (letter.failure.message.as_str(), letter.failure.hint.as_str()),
        ("it is torn", "mend it")
    );
    apply(store, torn.whole(store));
    assert_eq!(store.dead_letters().unwrap(), []);
    assert_eq!(torn.state(store).unwrap().failed, None);
}

/// What could be read of a torn document goes in, and the loss is a failure of the same version.
fn a_flawed_document_is_visible_and_listed(store: &dyn Store) {
    let draft = Draft::new("a.pdf", "page one/page two");
    store
        .apply(&[draft.whole(store), draft.failed(store), gate(store, "a.pdf", (1, 0), 1)])
        .unwrap();
    let state = draft.state(store).unwrap();
    assert_eq!((state.head, state.failed), (Some(draft.key()), Some(draft.key())));
    assert_eq!(texts(store, &draft.label), ["page one", "page two"]);
    assert_eq!(store.dead_letters().unwrap()[0].chunk, None);
    let ids = [store.dead_letters().unwrap()[0].id];
    store.mark_for_retry(&ids).unwrap();
    let state = draft.state(store).unwrap();
    assert_eq!(state.failed, None);
    assert_ne!(state.head, Some(draft.key()), "else the next run would take it for unchanged");
    apply(store, draft.whole(store));
    assert_eq!(store.dead_letters().unwrap(), []);
}

fn a_refused_chunk_leaves_a_gap(store: &dyn Store) {
    let draft = Draft::new("a.md", "one/refused/three");
    let applied = apply(store, draft.whole(store));
    assert_eq!(applied, Applied { written: 2, refused: 1, ..Applied::default() });
    assert_eq!(texts(store, &draft.label), ["one", "three"]);
    let letters = store.dead_letters().unwrap();
    assert_eq!((letters[0].chunk, letters[0].failure.class), (Some(1), FailureClass::BadItem));
    let state = draft.state(store).unwrap();
    assert_eq!((state.chunks, state.head, state.failed), (2, Some(draft.key()), None));
    apply(store, draft.whole(store));
    assert_eq!(store.dead_letters().unwrap()[0].attempts, 2);
    apply(store, Draft::new("a.md", "refused/three").whole(store));
    let chunks: Vec<_> = store.dead_letters().unwrap().iter().map(|letter| letter.chunk).collect();
    assert_eq!(chunks, [Some(0)], "the letter of the old version went with it");
}

fn attempts_count_per_content(store: &dyn Store) {
    let draft = Draft::new("a.md", "one");
    apply(store, draft.failed(store));
    apply(store, draft.failed(store));
    let first = store.dead_letters().unwrap().remove(0);
    assert_eq!(first.attempts, 2);
    apply(store, Draft::new("a.md", "two").failed(store));
    let second = store.dead_letters().unwrap().remove(0);
    assert_eq!((second.attempts, second.id), (1, first.id));
    assert_eq!(store.counts().unwrap().dead_letters, 1);
}

fn retry_takes_the_gates(store: &dyn Store) {
    let torn = Draft::new("a.md", "one");
    let part = Draft::new("b.md", "one/refused");
    let well = Draft::new("c.md", "one");
    store.apply(&[torn.failed(store), part.whole(store), well.whole(store)]).unwrap();
    for (name, counts) in [("a.md", (0, 1)), ("b.md", (1, 0)), ("c.md", (1, 0))] {
        apply(store, gate(store, name, counts, 1));
    }
    let ids: Vec<_> = store.dead_letters().unwrap().iter().map(|letter| letter.id).collect();
    assert_eq!(ids.len(), 2);
    store.mark_for_retry(&ids).unwrap();
    assert_eq!(torn.state(store).unwrap().failed, None);
    let head = part.state(store).unwrap().head.unwrap();
    assert_eq!(head.content, Hash([0; 32]), "equal to no content");
    assert_eq!(gate_of(store, "a.md").unwrap().size, u64::MAX);
    assert_eq!(gate_of(store, "b.md").unwrap().size, u64::MAX);
    assert_eq!(gate_of(store, "c.md").unwrap().size, 5);
    assert_eq!(well.state(store).unwrap().head, Some(well.key()));
    assert_eq!(store.dead_letters().unwrap().len(), 2, "they stay until they are settled");
    assert_eq!(texts(store, &label("d", "c")), ["one", "one"]);
    store.mark_for_retry(&[99]).unwrap();
}

fn purge_forgets_the_letter_only(store: &dyn Store) {
    let draft = Draft::new("a.md", "one");
    apply(store, draft.failed(store));
    let id = store.dead_letters().unwrap()[0].id;
    store.purge(&[id, 99]).unwrap();
    assert_eq!(store.dead_letters().unwrap(), []);
    assert_eq!(draft.state(store).unwrap().failed, Some(draft.key()));
    sweep_all(store);
}
