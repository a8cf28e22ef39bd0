//! A store moved into another one of any kind, without embedding anything again.
//!
//! Everything that a next run or a reader asks for goes along: settings, model, gates, visible versions with their
//! vectors, failures. What stays behind: versions that were being written, the list of past runs, and how often
//! and when a failure was tried.

#[cfg(test)]
#[cfg(feature = "postgres")]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use types::block::{Metadata, Span};
use types::document::{Hash, OwnLabel};
use types::failure::Failure;
use types::ledger::{
    Change, DeadLetter, DocumentId, DocumentState, FailedDocument, Finish, Segment, SourceId,
    VersionKey,
};
use types::record::{Chunk, Record, Vector};
use types::seam::{ModelNumber, Store, StoreError, StoreErrorKind};

/// Chunks of one segment, as an ingest writes them.
const SEGMENT: usize = 200;
/// Chunks of one transaction, about.
const TRANSACTION: usize = 2000;
/// Files and documents listed at once.
const PAGE: usize = 1000;
/// Setting of a store that is being filled: instance of the store it is filled from; empty when it is done.
const FILLED_FROM: &str = "filled_from";
/// Settings that belong to the store, not to its content.
const OWN: [&str; 3] = ["instance", "full_text", FILLED_FROM];

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    pub documents: u64,
    pub chunks: u64,
    pub failures: u64,
}

/// Copies all of `from` into `to`, which must be empty, or left by a copy of the same store that did not end. The
/// caller holds the right to write to both.
pub fn copy(from: &dyn Store, to: &dyn Store) -> Result<Copied, StoreError> {
    let origin = from.setting("instance")?.unwrap_or_default();
    begin(to, &origin)?;
    for (key, value) in from.settings()? {
        if !OWN.contains(&key.as_str()) {
            to.set_setting(&key, &value)?;
        }
    }
    if let Some(model) = from.model()? {
        to.bind_model(&model)?;
    }
    let models = from.routed_models()?;
    let models = models.iter().map(|model| to.add_model(model)).collect::<Result<_, _>>()?;
    let letters = from.dead_letters()?;
    let runs = (to.begin_run("copy, stale")?, to.begin_run("copy")?);
    let mut copying = Copying {
        from,
        to,
        letters: by_place(&letters),
        retried: HashSet::new(),
        runs,
        models,
        pending: Vec::new(),
        held: 0,
        copied: Copied::default(),
    };
    for (source, name) in from.sources()? {
        copying.source(source, &name)?;
    }
    copying.send()?;
    let copied = Copied { failures: letters.len() as u64, ..copying.copied };
    settle_letters(to, &letters, &copying.retried)?;
    for run in [runs.0, runs.1] {
        to.end_run(run, "{}")?;
    }
    to.tidy()?;
    to.set_setting(FILLED_FROM, "")?;
    Ok(copied)
}

fn begin(to: &dyn Store, origin: &str) -> Result<(), StoreError> {
    if to.setting(FILLED_FROM)?.as_deref() == Some(origin) {
        return Ok(());
    }
    let counts = to.counts()?;
    if counts.sources > 0 || counts.documents > 0 {
        return Err(StoreError {
            kind: StoreErrorKind::Foreign,
            message: format!("store {} holds {} documents already", to.url(), counts.documents),
            hint: "copy into a store that does not exist yet".to_owned(),
        });
    }
    to.set_setting(FILLED_FROM, origin)
}

/// Name of a source, name of a document, sequence number of a chunk.
type Place = (String, String, Option<u32>);

fn by_place(letters: &[DeadLetter]) -> HashMap<Place, Failure> {
    letters.iter().map(|letter| (place(letter), letter.failure.clone())).collect()
}

fn place(letter: &DeadLetter) -> Place {
    (letter.source.clone(), letter.document.clone(), letter.chunk)
}

/// A failure that somebody purged must not be listed in the copy, and one that is to be tried again must be.
fn settle_letters(
    to: &dyn Store,
    letters: &[DeadLetter],
    retried: &HashSet<Place>,
) -> Result<(), StoreError> {
    let listed: HashSet<Place> = letters.iter().map(place).collect();
    let written = to.dead_letters()?;
    let ids = |wanted: &dyn Fn(&Place) -> bool| -> Vec<i64> {
        let found = written.iter().filter(|letter| wanted(&place(letter)));
        found.map(|letter| letter.id).collect()
    };
    to.purge(&ids(&|place| !listed.contains(place)))?;
    to.mark_for_retry(&ids(&|place| retried.contains(place)))
}

struct Copying<'s> {
    from: &'s dyn Store,
    to: &'s dyn Store,
    letters: HashMap<Place, Failure>,
    /// Letters that wait for the next run to try again.
    retried: HashSet<Place>,
    /// Of documents that their file no longer holds, and of all others.
    runs: (i64, i64),
    /// Numbers in `to` of the routed models of `from`, in their order.
    models: Vec<ModelNumber>,
    /// Changes to send, and their chunks.
    pending: Vec<Change>,
    held: usize,
    copied: Copied,
}

/// One document on its way.
struct Moved<'a> {
    source: SourceId,
    source_name: &'a str,
    file: &'a str,
    run: i64,
    state: &'a DocumentState,
}

impl Copying<'_> {
    fn source(&mut self, source: SourceId, name: &str) -> Result<(), StoreError> {
        let target = self.to.source(name)?;
        let mut after: Option<String> = None;
        loop {
            let files = self.from.files_after(source, after.as_deref(), PAGE)?;
            let Some(last) = files.last() else { return Ok(()) };
            after = Some(last.name.clone());
            for state in files {
                self.documents(source, (target, name), &state.name)?;
                if !state.is_taken() {
                    self.held += 1;
                    self.pending.push(Change::File { source: target, state, run: self.runs.1 });
                }
            }
        }
    }

    fn documents(
        &mut self,
        source: SourceId,
        (target, source_name): (SourceId, &str),
        file: &str,
    ) -> Result<(), StoreError> {
        let stale: HashSet<DocumentId> =
            self.from.stale_documents(source, file, i32::MAX as usize)?.into_iter().collect();
        let mut after: Option<String> = None;
        loop {
            let states = self.from.documents_of(source, file, after.as_deref(), PAGE)?;
            let Some(last) = states.last() else { return Ok(()) };
            after = Some(last.name.clone());
            for state in &states {
                if self.held >= TRANSACTION {
                    self.send()?;
                }
                let run = if stale.contains(&state.id) { self.runs.0 } else { self.runs.1 };
                self.document(&Moved { source: target, source_name, file, run, state })?;
            }
        }
    }

    fn document(&mut self, moved: &Moved<'_>) -> Result<(), StoreError> {
        let state = moved.state;
        if let Some(head) = state.head {
            self.copied.documents += 1;
            self.copied.chunks += u64::from(state.chunks);
            let there = self.to.document(moved.source, &state.name)?;
            match there.filter(|there| there.head == Some(head)) {
                Some(there) => {
                    self.held += 1;
                    self.pending.push(Change::Seen { document: there.id, run: moved.run });
                }
                None => self.head(moved, head)?,
            }
        }
        let place = (moved.source_name.to_owned(), state.name.clone(), None);
        let retried = state.failed.is_none() && self.letters.contains_key(&place);
        let nothing = VersionKey { content: Hash([0; 32]), pipeline: Hash([0; 32]) };
        let key = if retried { Some(state.head.unwrap_or(nothing)) } else { state.failed };
        if retried {
            self.retried.insert(place);
        }
        if let Some(key) = key {
            let failure = self.failure(moved, None);
            self.pending.push(Change::Failed(FailedDocument {
                source: moved.source,
                file: moved.file.to_owned(),
                name: state.name.clone(),
                key,
                run: moved.run,
                failure,
            }));
            self.held += 1;
        }
        Ok(())
    }

    /// The failure that the letter says; if it was purged, one that is purged in the end.
    fn failure(&self, moved: &Moved<'_>, chunk: Option<u32>) -> Failure {
        let place = (moved.source_name.to_owned(), moved.state.name.clone(), chunk);
        let purged = || Failure::bad_document("purged", "purged");
        self.letters.get(&place).cloned().unwrap_or_else(purged)
    }

    fn head(&mut self, moved: &Moved<'_>, key: VersionKey) -> Result<(), StoreError> {
        let mut first = 0;
        let mut records: Vec<Record> = Vec::new();
        let mut failed = None;
        let from = self.from;
        let finish = from.read_document(moved.state.id, &mut |record| {
            let due = first + records.len() as u32;
            records.extend((due..record.chunk.seq).map(|seq| self.refused(moved, seq)));
            records.push(self.renumbered(record));
            if records.len() < SEGMENT {
                return ControlFlow::Continue(());
            }
            let full = std::mem::take(&mut records);
            let next = first + full.len() as u32;
            let sent = self.segment(moved, (key, first), (full, None));
            first = next;
            match sent {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(finish) = finish else { return Ok(()) };
        let due = first + records.len() as u32;
        records.extend((due..finish.total).map(|seq| self.refused(moved, seq)));
        self.segment(moved, (key, first), (records, Some(finish)))
    }

    /// The same in the other store, whose routed models may have other numbers.
    fn renumbered(&self, mut record: Record) -> Record {
        if let Vector::Routed(model, _) = &mut record.vector {
            let known = model.index().and_then(|index| self.models.get(index));
            *model = *known.expect("a vector is of a model that its store lists");
        }
        record
    }

    /// A chunk that the model refused: its place, and why.
    fn refused(&self, moved: &Moved<'_>, seq: u32) -> Record {
        let chunk = Chunk {
            seq,
            id: [0; 16],
            text: String::new(),
            text_hash: [0; 16],
            tokens: 0,
            label: OwnLabel::default(),
            chapter: None,
            section: None,
            page: None,
            span: Span::default(),
            weight: 1.0,
            metadata: Metadata::default(),
        };
        Record { chunk, vector: Vector::Refused(self.failure(moved, Some(seq))) }
    }

    fn segment(
        &mut self,
        moved: &Moved<'_>,
        (key, first): (VersionKey, u32),
        (records, finish): (Vec<Record>, Option<Finish>),
    ) -> Result<(), StoreError> {
        self.held += records.len();
        self.pending.push(Change::Segment(Segment {
            source: moved.source,
            file: moved.file.to_owned(),
            name: moved.state.name.clone(),
            key,
            run: moved.run,
            first,
            records,
            finish,
        }));
        if self.held >= TRANSACTION { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), StoreError> {
        let pending = std::mem::take(&mut self.pending);
        self.held = 0;
        if pending.is_empty() {
            return Ok(());
        }
        if self.to.apply(&pending)?.iter().any(|applied| applied.lost) {
            return Err(StoreError {
                kind: StoreErrorKind::Locked,
                message: format!("another process writes to {}", self.to.url()),
                hint: "stop it, and copy again".to_owned(),
            });
        }
        Ok(())
    }
}
