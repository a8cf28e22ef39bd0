//! One transaction of changes to documents and files.

use super::batch::{About, Batch, Enter, Failed, LetterOp, Relabelled};
use super::documents::DocumentRow;
use super::error::Outcome;
use super::group::{self, Known};
use super::ids::Ids;
use super::inflow::stored_chunks;
use super::labels;
use super::meta::{self, Bound};
use super::session::Session;
use super::terms::Terms;
use super::together::together;
use super::totals::Totals;
use crate::sqlite::FullText;
use std::collections::BTreeSet;
use types::document::Label;
use types::ledger::{Applied, Change, DocumentId, FailedDocument};

/// A version of at most so many rows goes in the transaction that supersedes it.
const INLINE_VERSION_ROWS: i64 = 500;
/// Rows of superseded versions that one transaction removes itself; more is left to the sweep.
const INLINE_ROWS: i64 = 2000;

/// What a store shares between its transactions.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) full_text: FullText,
    pub(crate) ids: Ids,
    pub(crate) terms: Terms,
    /// Row of `total` that this writer adds to.
    pub(crate) slot: i64,
}

impl Default for Shared {
    fn default() -> Self {
        Self { full_text: FullText::On, ids: Ids::default(), terms: Terms::default(), slot: 0 }
    }
}

/// What one transaction gathers while it goes through its changes.
pub(crate) struct Writing<'s> {
    pub(crate) session: &'s Session,
    pub(crate) shared: &'s Shared,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) bound: Option<Bound>,
    /// Pairs whose content changes.
    pub(crate) touched: BTreeSet<i64>,
    pub(crate) totals: Totals,
    /// Of [`INLINE_ROWS`], what is left.
    inline_rows: i64,
    /// Numbers for the chunks of the group.
    pub(crate) chunk_ids: std::vec::IntoIter<i64>,
}

/// Applies the changes in order, inside the caller's transaction.
pub(crate) async fn apply(
    session: &Session,
    shared: &Shared,
    changes: &[Change],
) -> Outcome<Vec<Applied>> {
    fault::point("store.apply.begin")?;
    let (mut writing, mut known) =
        together(Writing::begin(session, shared), Known::load(session, changes)).await?;
    let mut applied = Vec::with_capacity(changes.len());
    let mut rest = changes;
    while !rest.is_empty() {
        let (group, after) = rest.split_at(group::first(rest, &known));
        applied.extend(writing.group(group, &mut known).await?);
        rest = after;
        if !rest.is_empty() {
            known = Known::load(session, rest).await?;
        }
    }
    writing.end().await?;
    Ok(applied)
}

impl<'s> Writing<'s> {
    pub(crate) async fn begin(session: &'s Session, shared: &'s Shared) -> Outcome<Self> {
        Ok(Self {
            session,
            shared,
            now: super::now(),
            bound: meta::bound(session).await?,
            touched: BTreeSet::new(),
            totals: Totals::default(),
            inline_rows: INLINE_ROWS,
            chunk_ids: Vec::new().into_iter(),
        })
    }

    /// Writes what was gathered.
    pub(crate) async fn end(self) -> Outcome<()> {
        let totals = self.totals.add_to(self.session, self.shared.slot);
        together(self.raise_revisions(), totals).await?;
        Ok(())
    }

    async fn group(&mut self, changes: &[Change], known: &mut Known) -> Outcome<Vec<Applied>> {
        let session = self.session;
        let chunks = changes.iter().map(stored_chunks).sum();
        let labels = labels::resolve(session, changes.iter().filter_map(label_of));
        let ids = self.shared.ids.take(session, chunks);
        let (labels, (ids, ())) =
            together(labels, together(ids, known.make_missing(session, changes))).await?;
        self.chunk_ids = ids.into_iter();
        let mut batch = Batch::new();
        let (mut applied, vectors) = self.take_in(&mut batch, known, changes).await?;
        together(vectors.end(), self.flush(&mut batch, &labels)).await?;
        for (place, removed) in self.forget_unseen(changes).await? {
            applied[place].removed += removed;
        }
        self.put_gates(&batch).await?;
        Ok(applied)
    }

    pub(crate) fn change<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        known: &Known,
        change: &'c Change,
    ) -> Outcome<Applied> {
        match change {
            Change::Segment(segment) => self.segment(batch, known, segment),
            Change::Failed(failed) => Ok(self.failed(batch, known, failed)),
            Change::Seen { document, run } => {
                batch.seen.push((document.0, *run));
                Ok(Applied::default())
            }
            Change::Relabel { document, label } => {
                relabel(batch, known, *document, label);
                Ok(Applied::default())
            }
            Change::File { source, state, run } => {
                batch.gates.push((source.0, state, *run));
                Ok(Applied::default())
            }
            Change::Remove { document } => {
                let Some(row) = known.get(*document) else { return Ok(Applied::default()) };
                batch.lost.push((row.source, row.file.clone(), row.last_run));
                Ok(self.remove(batch, row))
            }
            Change::RemoveFile { source, name } => {
                let mut applied = Applied::default();
                for row in known.of_file(source.0, name) {
                    applied.removed += self.remove(batch, row).removed;
                }
                batch.letters.push(LetterOp::ForgetFile { source: source.0, file: name });
                batch.removed_files.push((source.0, name));
                Ok(applied)
            }
        }
    }

    fn failed<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        known: &Known,
        failed: &'c FailedDocument,
    ) -> Applied {
        let FailedDocument { source, file, name, key, run, failure } = failed;
        let row = known.named(source.0, name).expect("missing documents were made");
        if row.is_held_from(*run) {
            return Applied { lost: true, ..Applied::default() };
        }
        note(batch, row, file, *run);
        let removed = self.drop_open(batch, row);
        batch.failed.push(Failed { document: row.id, file, run: *run, key: *key });
        let about =
            About { source: source.0, file, document: name, chunk: None, version: 0, key: *key };
        batch.letters.push(LetterOp::Put { about, failure });
        Applied { removed, ..Applied::default() }
    }

    /// Removes a document with everything that belongs to it.
    pub(crate) fn remove(&mut self, batch: &mut Batch<'_>, row: &DocumentRow) -> Applied {
        let removed = self.drop_open(batch, row) + self.drop_head(batch, row);
        batch.leave.push(row.id);
        let document = row.name.clone();
        batch.letters.push(LetterOp::ForgetDocument { source: row.source, document });
        batch.forget_rescued.push(row.id);
        batch.removed.push(row.id);
        Applied { removed, ..Applied::default() }
    }

    /// Gives up the version being written, if there is one; returns its chunks.
    pub(crate) fn drop_open(&mut self, batch: &mut Batch<'_>, row: &DocumentRow) -> u64 {
        let Some(open) = row.open else { return 0 };
        let (source, document, version) = (row.source, row.name.clone(), open.version);
        batch.letters.push(LetterOp::ForgetVersion { source, document, version });
        self.drop_rows(batch, (row.id, open.version), open.chunks);
        self.totals.open -= 1;
        open.chunks as u64
    }

    /// Takes away the rows of the head, which the caller replaces; returns its chunks.
    pub(crate) fn drop_head(&mut self, batch: &mut Batch<'_>, row: &DocumentRow) -> u64 {
        if row.version == 0 {
            return 0;
        }
        self.drop_rows(batch, (row.id, row.version), row.chunks);
        self.totals.documents -= 1;
        self.totals.chunks -= row.chunks;
        self.totals.without_vector -= row.without_vector;
        self.totals.length -= row.length;
        row.chunks as u64
    }

    fn drop_rows(&mut self, batch: &mut Batch<'_>, version: (i64, i64), chunks: i64) {
        if chunks <= INLINE_VERSION_ROWS.min(self.inline_rows) {
            self.inline_rows -= chunks;
            batch.drop_now.push(version);
        } else {
            batch.drop_later.push(version);
        }
    }
}

/// A file whose documents come in has a row from the first of them on.
pub(crate) fn note<'c>(batch: &mut Batch<'c>, row: &DocumentRow, file: &'c str, run: i64) {
    if row.fresh() || row.file != file {
        batch.noted.push((row.source, file, run));
    }
}

fn relabel<'c>(batch: &mut Batch<'c>, known: &Known, document: DocumentId, label: &'c Label) {
    let Some(row) = known.get(document) else { return };
    if row.version == 0 {
        return;
    }
    let enter = Enter {
        document: row.id,
        name: row.name.clone(),
        version: row.version,
        chunks: row.chunks,
        label,
        mixed: row.mixed,
    };
    batch.relabelled.push(Relabelled { was: row.label, enter });
}

/// The label that a change gives to its document.
fn label_of(change: &Change) -> Option<&Label> {
    match change {
        Change::Segment(segment) => segment.finish.as_ref().map(|finish| &finish.label),
        Change::Relabel { label, .. } => Some(label),
        _ => None,
    }
}
