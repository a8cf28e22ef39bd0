//! Documents for tests, each a function of a few words.

use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::failure::{Failure, FailureClass};
use types::ledger::{
    Applied, Change, DocumentState, Entry, FailedDocument, FileState, Finish, Segment, SourceId,
    VersionKey,
};
use types::record::{Chunk, Record, Vector};
use types::seam::{EntryVectors, Store};

pub(crate) const DIMENSIONS: usize = 8;

pub(crate) fn model() -> ModelId {
    ModelId { provider: "test".to_owned(), model: "m".to_owned(), dimensions: DIMENSIONS }
}

pub(crate) fn source(store: &dyn Store) -> SourceId {
    store.source("/books").unwrap()
}

pub(crate) fn label(domain: &str, category: &str) -> Label {
    Label { domain: domain.to_owned(), category: category.to_owned() }
}

pub(crate) fn key(content: &str) -> VersionKey {
    let hash = |text: &str| Hash(*blake3::hash(text.as_bytes()).as_bytes());
    VersionKey { content: hash(content), pipeline: hash("pipeline") }
}

pub(crate) fn text_hash(text: &str) -> [u8; 16] {
    blake3::hash(text.as_bytes()).as_bytes()[..16].try_into().unwrap()
}

/// A function of the text, as embeddings are.
pub(crate) fn embedding(text: &str) -> Embedding {
    let hash = blake3::hash(text.as_bytes());
    let values = hash.as_bytes()[..DIMENSIONS].iter().map(|b| f32::from(*b) - 127.5).collect();
    Embedding::new(values, DIMENSIONS).unwrap()
}

/// What the model makes of a text: texts that begin with `absent` have no vector, those that begin with
/// `refused` are refused.
pub(crate) fn vector(text: &str) -> Vector {
    if text.starts_with("absent") {
        Vector::Absent
    } else if text.starts_with("refused") {
        Vector::Refused(Failure::new(FailureClass::BadItem, "the model refuses it", "shorten it"))
    } else {
        Vector::Present(embedding(text))
    }
}

/// One version of one document.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) texts: Vec<String>,
    pub(crate) label: Label,
    pub(crate) run: i64,
    pub(crate) title: Option<String>,
    pub(crate) metadata: String,
    /// Labels of chunks that say their own, by position.
    pub(crate) own: Vec<(usize, OwnLabel)>,
}

impl Draft {
    /// Texts are separated by `/`.
    pub(crate) fn new(name: &str, texts: &str) -> Self {
        Self {
            file: name.to_owned(),
            name: name.to_owned(),
            texts: texts.split('/').filter(|text| !text.is_empty()).map(str::to_owned).collect(),
            label: label("d", "c"),
            run: 1,
            title: None,
            metadata: String::new(),
            own: Vec::new(),
        }
    }

    pub(crate) fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    pub(crate) fn by_run(mut self, run: i64) -> Self {
        self.run = run;
        self
    }

    pub(crate) fn labelled(mut self, domain: &str, category: &str) -> Self {
        self.label = label(domain, category);
        self
    }

    pub(crate) fn key(&self) -> VersionKey {
        key(&self.texts.join("/"))
    }

    /// The texts that are stored, which are all but refused ones.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.texts.iter().filter(|text| !text.starts_with("refused")).cloned().collect()
    }

    /// The segment of the texts in `range`; the last one finishes.
    pub(crate) fn segment(&self, store: &dyn Store, range: std::ops::Range<usize>) -> Change {
        let finish = (range.end == self.texts.len()).then(|| Finish {
            total: self.texts.len() as u32,
            title: self.title.clone(),
            label: self.label.clone(),
            own: OwnLabel::default(),
            metadata: Metadata(self.metadata.clone()),
            warnings: vec!["page 3 is damaged".to_owned()],
        });
        Change::Segment(Segment {
            source: source(store),
            file: self.file.clone(),
            name: self.name.clone(),
            key: self.key(),
            run: self.run,
            first: range.start as u32,
            records: range.map(|seq| self.record(seq)).collect(),
            finish,
        })
    }

    /// The whole document as one segment.
    pub(crate) fn whole(&self, store: &dyn Store) -> Change {
        self.segment(store, 0..self.texts.len())
    }

    fn record(&self, seq: usize) -> Record {
        let text = self.texts[seq].clone();
        let own = self.own.iter().find(|(at, _)| *at == seq).map(|(_, own)| own.clone());
        let mut id = text_hash(&format!("{} {seq} {text}", self.name));
        id[6] = id[6] & 0x0f | 0x80;
        let chunk = Chunk {
            seq: seq as u32,
            id,
            text_hash: text_hash(&text),
            tokens: 3,
            label: own.unwrap_or_default(),
            chapter: Some(format!("chapter {seq}")),
            section: Some("a > b".to_owned()),
            page: Some(seq as u32 + 1),
            span: Span { start: 10 * seq as u64, end: 10 * seq as u64 + 9 },
            weight: 1.0,
            metadata: Metadata(if seq == 0 {
                String::new()
            } else {
                format!(r#"{{"seq":{seq}}}"#)
            }),
            text: text.clone(),
        };
        Record { chunk, vector: vector(&text) }
    }

    /// As a document that cannot be read.
    pub(crate) fn failed(&self, store: &dyn Store) -> Change {
        Change::Failed(FailedDocument {
            source: source(store),
            file: self.file.clone(),
            name: self.name.clone(),
            key: self.key(),
            run: self.run,
            failure: Failure::bad_document("it is torn", "mend it"),
        })
    }

    pub(crate) fn state(&self, store: &dyn Store) -> Option<DocumentState> {
        store.document(source(store), &self.name).unwrap()
    }
}

pub(crate) fn apply(store: &dyn Store, change: Change) -> Applied {
    store.apply(&[change]).unwrap()[0]
}

/// The gate of a file after run `run`.
pub(crate) fn gate(
    store: &dyn Store,
    file: &str,
    (documents, failed): (u32, u32),
    run: i64,
) -> Change {
    Change::File { source: source(store), state: file_state(file, documents, failed), run }
}

pub(crate) fn file_state(file: &str, documents: u32, failed: u32) -> FileState {
    FileState {
        name: file.to_owned(),
        size: 5,
        modified_ns: 1_700_000_000_123_456_789,
        pipeline: key("pipeline").content,
        labelling: key("labelling").content,
        documents,
        failed,
        stale: 0,
    }
}

pub(crate) fn gate_of(store: &dyn Store, file: &str) -> Option<FileState> {
    let gates = store.files_after(source(store), None, 1000).unwrap();
    gates.into_iter().find(|gate| gate.name == file)
}

/// What a reader of the pair gets: its counts and its entries.
pub(crate) fn read(store: &dyn Store, of: &Label) -> Option<((u64, u64), Vec<Entry>)> {
    use std::ops::ControlFlow::Continue;
    let (mut counts, mut entries) = ((0, 0), Vec::new());
    let found = store
        .read_pair(
            of,
            EntryVectors::With,
            &mut |entries, documents| {
                counts = (entries, documents);
                Continue(())
            },
            &mut |entry| {
                entries.push(entry);
                Continue(())
            },
        )
        .unwrap();
    found.then_some((counts, entries))
}

/// Texts of the pair, in order.
pub(crate) fn texts(store: &dyn Store, of: &Label) -> Vec<String> {
    let entries = read(store, of).map(|(_, entries)| entries).unwrap_or_default();
    entries.into_iter().map(|entry| entry.text).collect()
}

pub(crate) fn sweep_all(store: &dyn Store) {
    while store.sweep().unwrap() {}
}
