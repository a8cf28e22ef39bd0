//! Another model's vectors, made side by side, and the switch.

use super::Law;
use super::draft::{self, Draft, apply, embedding, label, read};
use types::embedding::{Embedding, ModelId};
use types::query::{Filter, Mode, Query};
use types::seam::{Store, StoreErrorKind, Switch, Target};

pub(super) const LAWS: &[Law] = &[
    ("a_switch_exchanges_model_and_vectors", a_switch_exchanges_model_and_vectors),
    ("nothing_is_seen_before_the_switch", nothing_is_seen_before_the_switch),
    ("a_migration_goes_on_where_it_was", a_migration_goes_on_where_it_was),
    ("another_target_begins_anew", another_target_begins_anew),
    ("chunks_that_come_and_go_meanwhile", chunks_that_come_and_go_meanwhile),
    ("a_switch_waits_for_every_chunk", a_switch_waits_for_every_chunk),
];

const DIMENSIONS: usize = 3;

fn target(name: &str) -> Target {
    let model =
        ModelId { provider: "test".to_owned(), model: name.to_owned(), dimensions: DIMENSIONS };
    Target { model, fingerprint: "f".to_owned() }
}

/// The other model knows nothing of texts that begin with `two`.
fn other(text: &str) -> Option<Embedding> {
    let values = embedding(text).values()[..DIMENSIONS].iter().map(|v| v + 0.25).collect();
    (!text.starts_with("two")).then(|| Embedding::new(values, DIMENSIONS).unwrap())
}

/// Migrates up to `most` chunks; how many it were.
fn migrate(store: &dyn Store, most: usize) -> usize {
    let left = store.unmigrated(0, most).unwrap();
    let vectors: Vec<_> = left.iter().map(|(place, text)| (*place, other(text))).collect();
    store.migrate(&vectors).unwrap();
    vectors.len()
}

fn stored(store: &dyn Store) -> Vec<(String, Option<Vec<f32>>)> {
    let entries = read(store, &label("d", "c")).map(|(_, entries)| entries).unwrap_or_default();
    entries.into_iter().map(|entry| (entry.text, entry.embedding)).collect()
}

fn a_switch_exchanges_model_and_vectors(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two/absent three").whole(store));
    let revision = store.pairs().unwrap()[0].revision;
    store.begin_migration(&target("n")).unwrap();
    assert_eq!(migrate(store, 10), 3);
    let settings = vec![("embedder".to_owned(), "test:n".to_owned())];
    store.finish_migration(&Switch { settings }).unwrap();
    assert_eq!(store.model().unwrap(), Some(target("n").model));
    assert_eq!(store.setting("embedder").unwrap().as_deref(), Some("test:n"));
    assert_eq!(store.migration().unwrap(), None);
    let expected: Vec<_> = ["one", "two", "absent three"]
        .into_iter()
        .map(|text| (text.to_owned(), other(text).map(|vector| vector.values().to_vec())))
        .collect();
    assert_eq!(stored(store), expected);
    assert_eq!(store.counts().unwrap().without_vector, 1);
    assert!(store.pairs().unwrap()[0].revision > revision, "consolidated files name the model");
    let query = Query {
        mode: Mode::Semantic,
        words: String::new(),
        vector: other("absent three").map(|vector| vector.values().to_vec()),
        k: 1,
        filter: Filter::default(),
    };
    assert_eq!(store.search(&query).unwrap()[0].text, "absent three");
    // The next migration finds its place empty.
    store.begin_migration(&target("o")).unwrap();
    assert_eq!(migrate(store, 10), 3);
    store.finish_migration(&Switch::default()).unwrap();
    assert_eq!(store.model().unwrap(), Some(target("o").model));
}

fn nothing_is_seen_before_the_switch(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two/absent three").whole(store));
    let before = (stored(store), store.counts().unwrap().without_vector, store.pairs().unwrap());
    store.begin_migration(&target("n")).unwrap();
    migrate(store, 10);
    let after = (stored(store), store.counts().unwrap().without_vector, store.pairs().unwrap());
    assert_eq!(before, after);
    assert_eq!(store.model().unwrap(), Some(draft::model()));
    assert_eq!(store.bind_model(&target("n").model).unwrap_err().kind, StoreErrorKind::OtherModel);
    store.forget_migration().unwrap();
    assert_eq!(store.migration().unwrap(), None);
    assert_eq!(stored(store), before.0);
}

fn a_migration_goes_on_where_it_was(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two/three/four").whole(store));
    store.begin_migration(&target("n")).unwrap();
    assert_eq!(migrate(store, 3), 3);
    store.begin_migration(&target("n")).unwrap();
    let migration = store.migration().unwrap().unwrap();
    assert_eq!((migration.done, migration.left), (3, 1));
    let left = store.unmigrated(0, 10).unwrap();
    assert_eq!(left.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["four"]);
    assert_eq!(store.unmigrated(left[0].0, 10).unwrap(), [], "after the last place");
}

fn another_target_begins_anew(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two").whole(store));
    store.begin_migration(&target("n")).unwrap();
    migrate(store, 1);
    let tuned = Target { fingerprint: "g".to_owned(), ..target("n") };
    store.begin_migration(&tuned).unwrap();
    let migration = store.migration().unwrap().unwrap();
    assert_eq!((migration.target, migration.done, migration.left), (tuned, 0, 2));
}

fn chunks_that_come_and_go_meanwhile(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two").whole(store));
    apply(store, Draft::new("b.md", "three").whole(store));
    store.begin_migration(&target("n")).unwrap();
    let places = store.unmigrated(0, 10).unwrap();
    migrate(store, 10);
    apply(store, Draft::new("a.md", "one/five").by_run(2).whole(store));
    draft::sweep_all(store);
    // Of chunks that have gone by now.
    let late: Vec<_> = places.iter().map(|(place, text)| (*place, other(text))).collect();
    store.migrate(&late).unwrap();
    migrate(store, 10);
    store.begin_migration(&target("n")).unwrap();
    assert_eq!(store.migration().unwrap().unwrap().left, 0);
    store.finish_migration(&Switch::default()).unwrap();
    let vectors: Vec<_> = stored(store).into_iter().map(|(text, v)| (text, v.is_some())).collect();
    assert_eq!(
        vectors,
        [("one".to_owned(), true), ("five".to_owned(), true), ("three".to_owned(), true)]
    );
}

fn a_switch_waits_for_every_chunk(store: &dyn Store) {
    apply(store, Draft::new("a.md", "one/two/three").whole(store));
    assert!(store.finish_migration(&Switch::default()).is_err(), "nothing was begun");
    assert!(store.migrate(&[]).is_err(), "nothing was begun");
    store.begin_migration(&target("n")).unwrap();
    migrate(store, 2);
    let error = store.finish_migration(&Switch::default()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Internal);
    assert_eq!(store.model().unwrap(), Some(draft::model()));
    assert_eq!(store.migration().unwrap().unwrap().left, 1);
}
