//! A store in a temporary folder with one document per passage, its source as domain.

use crate::evaluation::{Passage, Question};
use encoder::{Builtin, Scratch};
use std::error::Error;
use stores::{Access, SqliteOptions, SqliteStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Finish, Segment, SourceId, VersionKey};
use types::query::{Filter, Mode, Query};
use types::record::{Chunk, Record, Vector};
use types::seam::Store as _;

/// Changes of one transaction.
const BATCH: usize = 200;

/// Whether the words are mended first, as the search command does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    AsTyped,
    Spelled,
}

pub(crate) struct Shelf {
    store: SqliteStore,
    model: Builtin,
    _folder: tempfile::TempDir,
}

impl Shelf {
    pub(crate) fn fill(passages: &[Passage]) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("quality.db");
        let store = SqliteStore::open(&path, Access::Create, SqliteOptions::default())?;
        let model = Builtin::load();
        let source = store.source("evaluation")?;
        store.bind_model(&ModelId {
            provider: "builtin".to_owned(),
            model: String::new(),
            dimensions: Builtin::DIMENSIONS,
        })?;
        let run = store.begin_run("quality")?;
        for (batch, part) in passages.chunks(BATCH).enumerate() {
            let changes = part
                .iter()
                .enumerate()
                .map(|(i, passage)| segment(&model, (source, run), batch * BATCH + i, passage));
            store.apply(&changes.collect::<Result<Vec<_>, _>>()?)?;
        }
        store.tidy()?;
        Ok(Self { store, model, _folder: folder })
    }

    /// 1 / rank of the first relevant passage among the first ten of its source, else 0.
    pub(crate) fn reciprocal_rank(
        &self,
        mode: Mode,
        asked: Asked,
        words: &str,
        question: &Question,
    ) -> Result<f64, Box<dyn Error>> {
        let words = match asked {
            Asked::AsTyped => words.to_owned(),
            Asked::Spelled => self.store.spell(words)?.words,
        };
        let vector = self.model.embed(&words, &mut Scratch::default());
        let filter = Filter { domain: Some(question.source.clone()), ..Filter::default() };
        let hits = self.store.search(&Query { mode, words, vector, k: 10, filter })?;
        let relevant: Vec<String> = question.relevant.iter().map(|place| name(*place)).collect();
        let rank = hits.iter().position(|hit| relevant.contains(&hit.document));
        Ok(rank.map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0)))
    }
}

fn name(place: usize) -> String {
    format!("{place}.txt")
}

fn segment(
    model: &Builtin,
    (source, run): (SourceId, i64),
    place: usize,
    passage: &Passage,
) -> Result<Change, Box<dyn Error>> {
    let vector = match model.embed(&passage.text, &mut Scratch::default()) {
        Some(values) => Vector::Present(Embedding::new(values, Builtin::DIMENSIONS)?),
        None => Vector::Absent,
    };
    let hash = *blake3::hash(passage.text.as_bytes()).as_bytes();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    let chunk = Chunk {
        seq: 0,
        id: short,
        text: passage.text.clone(),
        text_hash: short,
        tokens: 1,
        label: OwnLabel::default(),
        chapter: None,
        section: None,
        page: None,
        span: Span::default(),
        weight: 1.0,
        metadata: Metadata::default(),
    };
    let label = Label { domain: passage.source.clone(), category: "evaluation".to_owned() };
    Ok(Change::Segment(Segment {
        source,
        file: name(place),
        name: name(place),
        key: VersionKey { content: Hash(hash), pipeline: Hash([1; 32]) },
        run,
        first: 0,
        records: vec![Record { chunk, vector }],
        finish: Some(Finish {
            total: 1,
            title: None,
            label,
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }),
    }))
}
