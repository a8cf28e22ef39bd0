//! Labels, and what consolidation reads.

use super::Law;
use super::draft::{Draft, apply, label, read, texts};
use std::ops::ControlFlow;
use types::document::OwnLabel;
use types::ledger::Change;
use types::seam::{EntryVectors, Store};

pub(super) const LAWS: &[Law] = &[
    ("entries_come_by_name_then_position", entries_come_by_name_then_position),
    ("a_relabelled_document_moves", a_relabelled_document_moves),
    ("a_chunk_may_have_a_label_of_its_own", a_chunk_may_have_a_label_of_its_own),
    ("revisions_rise_with_every_change", revisions_rise_with_every_change),
    ("a_reader_may_stop", a_reader_may_stop),
    ("metadata_of_document_and_chunk_are_one_object", metadata_is_merged),
];

fn entries_come_by_name_then_position(store: &dyn Store) {
    for name in ["b.md", "a/z.md", "a.md", "Ä.md", "B.md"] {
        apply(
            store,
            Draft::new(name, &format!("{name} 0|{name} 1").replace('/', ":").replace('|', "/"))
                .whole(store),
        );
    }
    let ((entries, documents), read) = read(store, &label("d", "c")).unwrap();
    assert_eq!((entries, documents), (10, 5));
    let order: Vec<_> =
        read.iter().map(|entry| (entry.document.as_str(), entry.page.unwrap())).collect();
    let expected: Vec<_> = ["B.md", "a.md", "a/z.md", "b.md", "Ä.md"]
        .into_iter()
        .flat_map(|name| [(name, 1), (name, 2)])
        .collect();
    assert_eq!(order, expected);
    assert_eq!(read[4].source_book, "z");
}

fn a_relabelled_document_moves(store: &dyn Store) {
    let draft = Draft::new("a.md", "one/two");
    apply(store, draft.whole(store));
    let document = draft.state(store).unwrap().id;
    let to = label("é/..", "x y");
    apply(store, Change::Relabel { document, label: to.clone() });
    assert_eq!(texts(store, &to), ["one", "two"]);
    assert_eq!(read(store, &draft.label), None);
    assert_eq!(draft.state(store).unwrap().label, to);
    let pairs = store.pairs().unwrap();
    assert_eq!(pairs.iter().map(|pair| &pair.label).collect::<Vec<_>>(), [&to]);
    apply(store, Change::Relabel { document, label: to.clone() });
    assert_eq!(store.pairs().unwrap(), pairs, "nothing changed");
}

fn a_chunk_may_have_a_label_of_its_own(store: &dyn Store) {
    let mut draft = Draft::new("a.md", "0/1/2/3/4");
    let own = |domain: Option<&str>, category: Option<&str>| OwnLabel {
        domain: domain.map(str::to_owned),
        category: category.map(str::to_owned),
    };
    draft.own =
        vec![(1, own(Some("e"), None)), (2, own(None, Some("k"))), (3, own(Some("e"), Some("k")))];
    for cuts in [&[5][..], &[2, 4, 5]] {
        let mut start = 0;
        for end in cuts {
            apply(store, draft.segment(store, start..*end));
            start = *end;
        }
        assert!(draft.state(store).unwrap().mixed);
        for (domain, category, expected) in [
            ("d", "c", vec!["0", "4"]),
            ("e", "c", vec!["1"]),
            ("d", "k", vec!["2"]),
            ("e", "k", vec!["3"]),
        ] {
            let of = label(domain, category);
            assert_eq!(texts(store, &of), expected, "{domain}/{category}");
            assert_eq!(read(store, &of).unwrap().0, (expected.len() as u64, 1));
        }
    }
    let document = draft.state(store).unwrap().id;
    apply(store, Change::Relabel { document, label: label("n", "c") });
    assert_eq!(texts(store, &label("n", "c")), ["0", "4"]);
    assert_eq!(texts(store, &label("n", "k")), ["2"]);
    assert_eq!(texts(store, &label("e", "k")), ["3"]);
    apply(store, Draft::new("a.md", "plain").whole(store));
    assert_eq!(store.pairs().unwrap().len(), 1);
    assert!(!draft.state(store).unwrap().mixed);
}

fn revisions_rise_with_every_change(store: &dyn Store) {
    let (a, b) = (Draft::new("a.md", "one"), Draft::new("b.md", "two").labelled("e", "c"));
    let revision = |domain: &str| {
        let pairs = store.pairs().unwrap();
        pairs.into_iter().find(|pair| pair.label.domain == domain).map_or(0, |pair| pair.revision)
    };
    let mut last = 0;
    let mut risen = |which: &str| {
        let now = revision(which);
        assert!(now > last, "{which}: {now} after {last}");
        last = now;
    };
    apply(store, a.whole(store));
    risen("d");
    apply(store, b.whole(store));
    risen("e");
    apply(store, Draft::new("a.md", "one more").whole(store));
    risen("d");
    let still = revision("e");
    apply(store, Change::Seen { document: a.state(store).unwrap().id, run: 7 });
    apply(store, Draft::new("b.md", "torn").failed(store));
    apply(store, Draft::new("b.md", "long/er").segment(store, 0..1));
    assert_eq!(revision("e"), still, "nothing visible changed");
    apply(store, Change::Remove { document: a.state(store).unwrap().id });
    assert_eq!(revision("d"), 0);
    apply(store, a.whole(store));
    risen("d");
    apply(store, Change::Relabel { document: a.state(store).unwrap().id, label: label("e", "c") });
    risen("e");
}

fn a_reader_may_stop(store: &dyn Store) {
    let draft = Draft::new("a.md", "one/two/three");
    apply(store, draft.whole(store));
    let mut seen = 0;
    let found = store.read_pair(
        &draft.label,
        EntryVectors::Without,
        &mut |_, _| ControlFlow::Continue(()),
        &mut |entry| {
            assert_eq!(entry.embedding, None);
            seen += 1;
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    assert_eq!((found.unwrap(), seen), (true, 2));
    let found = store.read_pair(
        &draft.label,
        EntryVectors::Without,
        &mut |_, _| ControlFlow::Break(()),
        &mut |_| unreachable!("the head said stop"),
    );
    assert!(found.unwrap());
    let found = store.read_pair(
        &label("no", "such"),
        EntryVectors::Without,
        &mut |_, _| unreachable!("there is no such pair"),
        &mut |_| unreachable!("there is no such pair"),
    );
    assert!(!found.unwrap());
}

fn metadata_is_merged(store: &dyn Store) {
    let mut draft = Draft::new("a.md", "one/two");
    draft.metadata = r#"{"z":[1],"seq":"of the document","a":null}"#.to_owned();
    draft.title = Some("Title".to_owned());
    apply(store, draft.whole(store));
    let (_, entries) = read(store, &draft.label).unwrap();
    assert_eq!(entries[0].metadata, r#"{"z":[1],"seq":"of the document","a":null}"#);
    assert_eq!(entries[1].metadata, r#"{"z":[1],"seq":1,"a":null}"#);
    assert_eq!(entries[1].source_book, "Title");
}
