//! Several models side by side.

use super::Law;
use super::draft::{self, Draft, apply, embedding, label, read, sweep_all};
use types::embedding::{Embedding, ModelId};
use types::ledger::Change;
use types::query::{Filter, Mode, Query};
use types::record::Vector;
use types::seam::{ModelNumber, Store, StoreErrorKind, Switch, Target};

pub(super) const LAWS: &[Law] = &[
    ("each_chunk_has_the_vector_of_its_model", each_chunk_has_the_vector_of_its_model),
    ("a_model_ranks_its_own_chunks_only", a_model_ranks_its_own_chunks_only),
    ("only_models_with_vectors_under_the_filter_are_asked", only_models_under_the_filter),
    ("vectors_of_one_model_never_serve_another", vectors_of_one_model_never_serve_another),
    ("a_routed_model_is_added_once", a_routed_model_is_added_once),
    ("a_migration_makes_one_model_of_all", a_migration_makes_one_model_of_all),
];

const DIMENSIONS: usize = 3;

fn wide() -> ModelId {
    ModelId { provider: "test".to_owned(), model: "wide".to_owned(), dimensions: DIMENSIONS }
}

/// As many values as the store's own model: only the name tells them apart.
fn twin() -> ModelId {
    ModelId { model: "twin".to_owned(), ..draft::model() }
}

fn of_wide(text: &str) -> Embedding {
    let values = embedding(text).values()[..DIMENSIONS].iter().map(|v| v + 0.25).collect();
    Embedding::new(values, DIMENSIONS).unwrap()
}

/// The document with chunks that begin with `wide` or `twin` in these models.
fn routed(store: &dyn Store, draft: &Draft) -> Change {
    let (wide, twin) = (store.add_model(&wide()).unwrap(), store.add_model(&twin()).unwrap());
    let mut change = draft.whole(store);
    let Change::Segment(segment) = &mut change else { unreachable!("a draft is a segment") };
    for record in &mut segment.records {
        let text = &record.chunk.text;
        if text.starts_with("wide") {
            record.vector = Vector::Routed(wide, of_wide(text));
        } else if text.starts_with("twin") {
            record.vector = Vector::Routed(twin, embedding(text));
        }
    }
    change
}

const NUMBERS: [ModelNumber; 3] = [ModelNumber::OWN, ModelNumber(1), ModelNumber(2)];

fn stored(store: &dyn Store) -> Vec<(String, ModelNumber, Option<usize>)> {
    let entries = read(store, &label("d", "c")).map(|(_, entries)| entries).unwrap_or_default();
    let of = |entry: types::ledger::Entry| {
        (entry.text, entry.model, entry.embedding.map(|values| values.len()))
    };
    entries.into_iter().map(of).collect()
}

fn query(vector: Option<Embedding>, k: usize) -> Query {
    Query {
        mode: Mode::Semantic,
        words: String::new(),
        vector: vector.map(|vector| vector.values().to_vec()),
        k,
        filter: Filter::default(),
    }
}

fn each_chunk_has_the_vector_of_its_model(store: &dyn Store) {
    assert_eq!(store.routed_models().unwrap(), []);
    apply(store, routed(store, &Draft::new("a.md", "one/wide two/twin three/absent four")));
    let [own, wide_number, twin_number] = NUMBERS;
    let expected = [
        ("one".to_owned(), own, Some(draft::DIMENSIONS)),
        ("wide two".to_owned(), wide_number, Some(DIMENSIONS)),
        ("twin three".to_owned(), twin_number, Some(draft::DIMENSIONS)),
        ("absent four".to_owned(), own, None),
    ];
    assert_eq!(stored(store), expected);
    assert_eq!(store.routed_models().unwrap(), [wide(), twin()]);
    assert_eq!(store.routed_chunks().unwrap(), [(wide_number, 1), (twin_number, 1)]);
    assert_eq!(store.counts().unwrap().without_vector, 1);
    let document = Draft::new("a.md", "").state(store).unwrap().id;
    let mut vectors = Vec::new();
    store
        .read_document(document, &mut |record| {
            vectors.push(record.vector);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(vectors[1], Vector::Routed(wide_number, of_wide("wide two")));
    assert_eq!(vectors[2], Vector::Routed(twin_number, embedding("twin three")));
    // Another version takes the rows of the one before with it.
    apply(store, routed(store, &Draft::new("a.md", "one/wide two").by_run(2)));
    sweep_all(store);
    assert_eq!(store.routed_chunks().unwrap(), [(wide_number, 1)]);
    let error = store
        .apply(&[{
            let mut change = Draft::new("b.md", "x").whole(store);
            let Change::Segment(segment) = &mut change else { unreachable!() };
            segment.records[0].vector = Vector::Routed(wide_number, embedding("x"));
            change
        }])
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::OtherModel, "dimensions are never mixed");
}

fn a_model_ranks_its_own_chunks_only(store: &dyn Store) {
    let texts = "one/two/wide one/wide two/twin one/twin two";
    apply(store, routed(store, &Draft::new("a.md", texts)));
    let found = |own: Option<&str>, asked: &[(ModelNumber, Embedding)]| -> Vec<String> {
        let asked: Vec<_> = asked.iter().map(|(n, v)| (*n, v.values().to_vec())).collect();
        let hits = store.search_routed(&query(own.map(embedding), 10), &asked).unwrap();
        hits.into_iter().map(|hit| hit.text).collect()
    };
    let [_, wide_number, twin_number] = NUMBERS;
    assert_eq!(found(Some("one"), &[]), ["one", "two"]);
    assert_eq!(found(None, &[(wide_number, of_wide("wide two"))]), ["wide two", "wide one"]);
    assert_eq!(found(None, &[(twin_number, embedding("twin one"))]), ["twin one", "twin two"]);
    assert_eq!(found(None, &[]), Vec::<String>::new());
    let all = found(
        Some("two"),
        &[(wide_number, of_wide("wide two")), (twin_number, embedding("twin two"))],
    );
    // The first of each model before the second of any; of equals the older first.
    assert_eq!(all, ["two", "wide two", "twin two", "one", "wide one", "twin one"]);
    let scores = store
        .search_routed(&query(Some(embedding("two")), 1), &[(wide_number, vec![1.0, 0.0, 0.0])])
        .unwrap();
    assert!((scores[0].score - 1.0 / 61.0).abs() < 1e-9, "ranks, not cosines");
    // After compaction the same.
    store.tidy().unwrap();
    assert_eq!(found(Some("two"), &[(wide_number, of_wide("wide two"))])[..2], ["two", "wide two"]);
}

fn only_models_under_the_filter(store: &dyn Store) {
    let [own, wide_number, twin_number] = NUMBERS;
    let under = |domain: Option<&str>, document: Option<&str>| {
        let filter = Filter {
            domain: domain.map(str::to_owned),
            category: None,
            document: document.map(str::to_owned),
        };
        store.models_under(&filter).unwrap()
    };
    assert_eq!(under(None, None), [own]);
    apply(store, routed(store, &Draft::new("a.md", "wide one/wide two").labelled("x", "c")));
    apply(store, routed(store, &Draft::new("b.md", "one/twin two").labelled("y", "c")));
    assert_eq!(under(None, None), [own, wide_number, twin_number]);
    assert_eq!(under(Some("x"), None), [wide_number]);
    assert_eq!(under(Some("y"), None), [own, twin_number]);
    assert_eq!(under(None, Some("a*")), [wide_number]);
    assert_eq!(under(Some("x"), Some("b*")), []);
    assert_eq!(under(Some("z"), None), []);
}

fn vectors_of_one_model_never_serve_another(store: &dyn Store) {
    apply(store, routed(store, &Draft::new("a.md", "one/wide two/twin three")));
    let [_, wide_number, twin_number] = NUMBERS;
    let document = Draft::new("a.md", "").state(store).unwrap().id;
    let own = store.known_vectors(document).unwrap();
    assert_eq!(own.keys().copied().collect::<Vec<_>>(), [draft::text_hash("one")]);
    for (model, text, vector) in [
        (wide_number, "wide two", of_wide("wide two")),
        (twin_number, "twin three", embedding("twin three")),
    ] {
        let known = store.known_routed(document, model).unwrap();
        assert_eq!(known.keys().copied().collect::<Vec<_>>(), [draft::text_hash(text)]);
        let places: Vec<i64> = known.values().copied().collect();
        assert_eq!(store.routed_at(model, &places).unwrap(), [Some(vector)]);
    }
    assert!(store.known_routed(document, ModelNumber(9)).unwrap().is_empty());
}

fn a_routed_model_is_added_once(store: &dyn Store) {
    let first = store.add_model(&wide()).unwrap();
    assert_eq!((first, store.add_model(&wide()).unwrap()), (ModelNumber(1), ModelNumber(1)));
    assert_eq!(store.add_model(&twin()).unwrap(), ModelNumber(2));
    let error = store.add_model(&draft::model()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::OtherModel);
    assert_eq!(store.routed_models().unwrap(), [wide(), twin()]);
}

fn a_migration_makes_one_model_of_all(store: &dyn Store) {
    apply(store, routed(store, &Draft::new("a.md", "one/wide two/twin three/absent four")));
    let target = Target { model: wide(), fingerprint: "f".to_owned() };
    store.begin_migration(&target).unwrap();
    // What the model has made already is not made again.
    let left = store.unmigrated(0, 10).unwrap();
    let texts: Vec<&str> = left.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["one", "twin three", "absent four"]);
    let vectors: Vec<_> = left.iter().map(|(place, text)| (*place, Some(of_wide(text)))).collect();
    store.migrate(&vectors).unwrap();
    store.finish_migration(&Switch::default()).unwrap();
    assert_eq!(store.model().unwrap(), Some(wide()));
    assert_eq!(store.routed_models().unwrap(), []);
    let own = |text: &str| (text.to_owned(), ModelNumber::OWN, Some(DIMENSIONS));
    assert_eq!(stored(store), ["one", "wide two", "twin three", "absent four"].map(own));
    let hits = store.search(&query(Some(of_wide("wide two")), 1)).unwrap();
    assert_eq!(hits[0].text, "wide two");
    // And it may take others again.
    assert_eq!(store.add_model(&twin()).unwrap(), ModelNumber(1));
}
