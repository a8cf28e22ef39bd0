//! Any order of changes leaves what a plain model of them says.

use super::assert_sound;
use super::draft::{Draft, apply, gate, label, source, sweep_all, text_hash, texts};
use proptest::prelude::*;
use std::collections::BTreeMap;
use types::document::Label;
use types::ledger::Change;
use types::seam::Store;

const LABELS: [(&str, &str); 3] = [("d", "c"), ("d", "k"), ("e", "c")];
const TEXTS: [&str; 6] = ["red", "green", "blue", "absent", "refused", "white"];

/// One thing that a run may do with document `of`.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Segments of at most `cut` texts; only the first `sent` of them.
    Write {
        of: usize,
        texts: Vec<usize>,
        label: usize,
        cut: usize,
        sent: usize,
    },
    Fail {
        of: usize,
        texts: Vec<usize>,
    },
    Relabel {
        of: usize,
        label: usize,
    },
    Remove {
        of: usize,
    },
    RemoveFile {
        of: usize,
    },
    Gate {
        of: usize,
    },
    Retry,
    Sweep,
    Tidy,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..25)
}

fn step() -> impl Strategy<Value = Step> {
    let of = 0..4_usize;
    let texts = || prop::collection::vec(0..TEXTS.len(), 0..7);
    prop_oneof![
        8 => (of.clone(), texts(), 0..LABELS.len(), 1..4_usize, 1..5_usize)
            .prop_map(|(of, texts, label, cut, sent)| Step::Write { of, texts, label, cut, sent }),
        2 => (of.clone(), texts()).prop_map(|(of, texts)| Step::Fail { of, texts }),
        2 => (of.clone(), 0..LABELS.len()).prop_map(|(of, label)| Step::Relabel { of, label }),
        1 => of.clone().prop_map(|of| Step::Remove { of }),
        1 => of.clone().prop_map(|of| Step::RemoveFile { of }),
        2 => of.prop_map(|of| Step::Gate { of }),
        1 => Just(Step::Retry),
        1 => Just(Step::Sweep),
        1 => Just(Step::Tidy),
    ]
}

/// What must be visible of one document.
#[derive(Debug, Clone)]
struct Expected {
    draft: Draft,
    label: Label,
}

/// Two documents in each of two files, and what is visible of them.
#[derive(Default)]
struct Model {
    visible: BTreeMap<String, Expected>,
}

/// Takes the steps on an empty store and on the model, and compares them after each.
pub(crate) fn obeys_the_model(store: &dyn Store, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        model.take(store, step);
        model.compare(store);
        assert_sound(store);
    }
    sweep_all(store);
    store.tidy().unwrap();
    model.compare(store);
    assert_sound(store);
}

fn draft(of: usize, chosen: &[usize], named: usize) -> Draft {
    let file = format!("file{}", of / 2);
    let mut draft = Draft::new(&format!("{file}#{of}"), "").in_file(&file);
    draft.texts = chosen.iter().map(|text| TEXTS[*text].to_owned()).collect();
    let (domain, category) = LABELS[named];
    draft.labelled(domain, category)
}

impl Model {
    fn take(&mut self, store: &dyn Store, step: &Step) {
        match step {
            Step::Write { of, texts, label, cut, sent } => {
                self.write(store, &draft(*of, texts, *label), *cut, *sent);
            }
            Step::Fail { of, texts } => {
                apply(store, draft(*of, texts, 0).failed(store));
            }
            Step::Relabel { of, label: to } => {
                let (domain, category) = LABELS[*to];
                let name = draft(*of, &[], 0).name;
                if let Some(expected) = self.visible.get_mut(&name) {
                    expected.label = label(domain, category);
                    let document = expected.draft.state(store).unwrap().id;
                    apply(store, Change::Relabel { document, label: expected.label.clone() });
                }
            }
            Step::Remove { of } => {
                if let Some(state) = draft(*of, &[], 0).state(store) {
                    apply(store, Change::Remove { document: state.id });
                }
                self.visible.remove(&draft(*of, &[], 0).name);
            }
            Step::RemoveFile { of } => {
                let file = draft(*of, &[], 0).file;
                self.visible.retain(|_, expected| expected.draft.file != file);
                apply(store, Change::RemoveFile { source: source(store), name: file });
            }
            Step::Gate { of } => {
                let file = draft(*of, &[], 0).file;
                let visible = self.visible.values().filter(|e| e.draft.file == file).count();
                apply(store, gate(store, &file, (visible as u32, 0), 1));
            }
            Step::Retry => {
                let ids: Vec<_> = store.dead_letters().unwrap().iter().map(|l| l.id).collect();
                store.mark_for_retry(&ids).unwrap();
            }
            Step::Sweep => sweep_all(store),
            Step::Tidy => store.tidy().unwrap(),
        }
    }

    fn write(&mut self, store: &dyn Store, draft: &Draft, cut: usize, sent: usize) {
        let mut start = 0;
        for _ in 0..sent {
            let end = draft.texts.len().min(start + cut);
            assert!(!apply(store, draft.segment(store, start..end)).lost);
            if end == draft.texts.len() {
                let expected = Expected { draft: draft.clone(), label: draft.label.clone() };
                self.visible.insert(draft.name.clone(), expected);
                return;
            }
            start = end;
        }
        let open = draft.state(store).unwrap().open;
        assert_eq!(open, Some((draft.key(), start as u32)));
    }

    fn compare(&self, store: &dyn Store) {
        let mut chunks = 0;
        for (domain, category) in LABELS {
            let of = label(domain, category);
            let expected: Vec<String> = self
                .visible
                .values()
                .filter(|expected| expected.label == of)
                .flat_map(|expected| expected.draft.stored())
                .collect();
            chunks += expected.len() as u64;
            assert_eq!(texts(store, &of), expected, "{domain}/{category}");
        }
        let counts = store.counts().unwrap();
        assert_eq!((counts.documents, counts.chunks), (self.visible.len() as u64, chunks));
        for expected in self.visible.values() {
            self::knows_its_vectors(store, &expected.draft);
        }
    }
}

fn knows_its_vectors(store: &dyn Store, draft: &Draft) {
    let known = store.known_vectors(draft.state(store).unwrap().id).unwrap();
    for text in draft.stored() {
        assert_eq!(known.contains_key(&text_hash(&text)), text != "absent", "{text}");
    }
}
