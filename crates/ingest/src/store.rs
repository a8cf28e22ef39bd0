//! Records to segments to transactions.
//!
//! Records of a document may arrive out of order; they leave in order. A document that fits one segment is
//! replaced whole, several documents in one transaction; a longer one grows invisibly, segment by segment, and
//! its last segment makes it the head. What is given back (leases) is given back after the commit.

mod assembly;
mod commit;
pub(crate) mod room;

use crate::outcome::RunError;
use crate::parse::step::{DocumentRef, Ending, FileRef, Step};
use crate::run::Context;
use crate::settings::BadChunk;
use assembly::Assembly;
use commit::Committer;
use flow::memory::Leased;
use flow::queue::{Received, Receiver};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::failure::Failure;
use types::lease::{HEARTBEAT, LEASE};
use types::ledger::{Change, FailedDocument, FileState, SourceId};
use types::record::Record;

/// What the embedding stage hands on.
#[derive(Debug)]
pub(crate) enum Stored {
    Record(Arc<DocumentRef>, Leased<Record>),
    Step(Step),
}

/// A commit waits for more at most so long: a crash repeats no more, and a lone document is soon durable.
const QUIET: Duration = Duration::from_millis(250);

pub(crate) fn work(cx: &Context<'_>, steps: Receiver<Stored>) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| RunError::internal(format!("cannot start the storing stage: {error}")))?;
    let mut stage = Stage {
        cx,
        documents: HashMap::new(),
        files: HashMap::new(),
        committer: Committer::new(cx),
        renewed: Instant::now(),
        abandoned: false,
    };
    runtime.block_on(stage.run(steps))
}

/// After the last document: rows of superseded versions go, indexes are tidied.
pub(crate) fn settle(cx: &Context<'_>) -> Result<(), RunError> {
    while cx.room().write(|| cx.parts.store.sweep())? {
        if cx.interrupt.is_set() {
            return Ok(());
        }
    }
    cx.room().write(|| cx.parts.store.tidy())
}

struct Stage<'s, 'c> {
    cx: &'s Context<'c>,
    documents: HashMap<u64, Assembly>,
    files: HashMap<(SourceId, String), Pending>,
    committer: Committer<'s, 'c>,
    /// When leases were prolonged last.
    renewed: Instant,
    /// The store holds a lease of this run that no segment will give back.
    abandoned: bool,
}

/// A file whose gate waits for its documents.
#[derive(Default)]
struct Pending {
    open: u32,
    gate: Option<(Arc<FileRef>, FileState)>,
}

impl Stage<'_, '_> {
    async fn run(&mut self, mut steps: Receiver<Stored>) -> Result<(), RunError> {
        loop {
            match steps.recv_within(QUIET).await {
                Received::Value(stored) => {
                    self.take(stored)?;
                    self.committer.flush_aged()?;
                }
                Received::Quiet => self.committer.flush()?,
                Received::Closed => break,
            }
            self.renew_leases()?;
        }
        self.keep_open_segments()?;
        self.committer.flush()?;
        self.release_leases()
    }

    /// A provider may take longer for the next segment than a lease holds.
    fn renew_leases(&mut self) -> Result<(), RunError> {
        if self.renewed.elapsed() < HEARTBEAT {
            return Ok(());
        }
        self.renewed = Instant::now();
        if self.documents.values().any(Assembly::is_begun) {
            self.cx.room().write(|| self.cx.parts.store.renew_leases(self.cx.run, LEASE))?;
        }
        Ok(())
    }

    /// What was begun and not finished is for whoever comes next.
    fn release_leases(&self) -> Result<(), RunError> {
        if self.abandoned {
            self.cx.room().write(|| self.cx.parts.store.release_leases(self.cx.run))?;
        }
        Ok(())
    }

    fn take(&mut self, stored: Stored) -> Result<(), RunError> {
        match stored {
            Stored::Record(document, record) => self.record(&document, record),
            Stored::Step(Step::Begin(document)) => {
                let file = (document.source, document.file.clone());
                self.files.entry(file).or_default().open += 1;
                self.documents.insert(document.ticket, Assembly::new(document));
                Ok(())
            }
            Stored::Step(Step::End(document, ending)) => self.end(&document, ending),
            Stored::Step(Step::Seen(documents)) => documents.into_iter().try_for_each(|document| {
                self.committer.add(Change::Seen { document, run: self.cx.run })
            }),
            Stored::Step(Step::Relabel { document, label }) => {
                self.cx.progress.relabelled.add(1);
                self.committer.add(Change::Relabel { document, label })
            }
            Stored::Step(Step::File(file, state)) => self.file(file, state),
            Stored::Step(Step::Chunk(document, ..)) => {
                Err(RunError::internal(format!("a chunk of {} was not embedded", document.name)))
            }
        }
    }

    fn record(&mut self, document: &DocumentRef, record: Leased<Record>) -> Result<(), RunError> {
        let Some(assembly) = self.documents.get_mut(&document.ticket) else { return Ok(()) };
        assembly.add(record);
        if assembly.is_long() && assembly.tolerates(self.cx.settings.bad_chunk) {
            let segment = assembly.segment(self.cx.run, None);
            self.committer.add_segment(segment)?;
        }
        self.finish_if_complete(document.ticket)
    }

    fn end(&mut self, document: &DocumentRef, ending: Ending) -> Result<(), RunError> {
        let Some(assembly) = self.documents.get_mut(&document.ticket) else { return Ok(()) };
        match ending {
            Ending::Finished(finish) => assembly.ends(finish, None),
            Ending::Flawed(finish, failure) => assembly.ends(finish, Some(failure)),
            Ending::Failed(failure) => return self.fail(document.ticket, failure),
            Ending::Abandoned => return self.abandon(document.ticket),
        }
        self.finish_if_complete(document.ticket)
    }

    fn finish_if_complete(&mut self, ticket: u64) -> Result<(), RunError> {
        let Some(assembly) =
            self.documents.get_mut(&ticket).filter(|assembly| assembly.is_complete())
        else {
            return Ok(());
        };
        if self.cx.settings.bad_chunk == BadChunk::FailDocument
            && let Some(failure) = assembly.refused.take()
        {
            return self.fail(ticket, failure);
        }
        let Some(mut assembly) = self.documents.remove(&ticket) else { return Ok(()) };
        let (finish, loss) = assembly.ending();
        let document = Arc::clone(&assembly.document);
        let flaws: Vec<Failure> = assembly.flaws.drain(..).collect();
        let segment = assembly.segment(self.cx.run, finish);
        self.committer.add_segment(segment)?;
        self.cx.progress.ingested.add(1);
        for flaw in flaws {
            self.list_flaw(&document, &flaw);
        }
        if let Some(failure) = loss {
            self.list_flaw(&document, &failure);
            self.committer.add(Change::Failed(self.failed(&document, failure)))?;
        }
        self.document_done(&document)
    }

    fn list_flaw(&self, document: &DocumentRef, failure: &Failure) {
        self.cx.progress.flawed.add(1);
        self.cx.progress.list(&document.name, failure);
    }

    fn fail(&mut self, ticket: u64, failure: Failure) -> Result<(), RunError> {
        let Some(assembly) = self.documents.remove(&ticket) else { return Ok(()) };
        let document = assembly.document;
        self.cx.progress.failed.add(1);
        self.cx.progress.list(&document.name, &failure);
        self.committer.add(Change::Failed(self.failed(&document, failure)))?;
        self.document_done(&document)
    }

    fn failed(&self, document: &DocumentRef, failure: Failure) -> FailedDocument {
        FailedDocument {
            source: document.source,
            file: document.file.clone(),
            name: document.name.clone(),
            key: document.key,
            run: self.cx.run,
            failure,
        }
    }

    /// The run stops inside the document; what is embedded is paid for, so it is kept for the next run.
    fn abandon(&mut self, ticket: u64) -> Result<(), RunError> {
        let Some(mut assembly) = self.documents.remove(&ticket) else { return Ok(()) };
        self.abandoned |= assembly.is_begun() || assembly.has_segment();
        if assembly.has_segment() {
            let segment = assembly.segment(self.cx.run, None);
            self.committer.add_segment(segment)?;
        }
        Ok(())
    }

    fn keep_open_segments(&mut self) -> Result<(), RunError> {
        let tickets: Vec<u64> = self.documents.keys().copied().collect();
        tickets.into_iter().try_for_each(|ticket| self.abandon(ticket))
    }

    fn document_done(&mut self, document: &DocumentRef) -> Result<(), RunError> {
        let file = (document.source, document.file.clone());
        let Some(pending) = self.files.get_mut(&file) else { return Ok(()) };
        pending.open -= 1;
        if pending.open > 0 {
            return Ok(());
        }
        match self.files.remove(&file).and_then(|pending| pending.gate) {
            Some((_, state)) => self.gate(document.source, state),
            None => Ok(()),
        }
    }

    fn file(&mut self, file: Arc<FileRef>, state: FileState) -> Result<(), RunError> {
        match self.files.get_mut(&(file.source, file.name.clone())) {
            Some(pending) if pending.open > 0 => {
                pending.gate = Some((file, state));
                Ok(())
            }
            _ => self.gate(file.source, state),
        }
    }

    fn gate(&mut self, source: SourceId, state: FileState) -> Result<(), RunError> {
        self.committer.add(Change::File { source, state, run: self.cx.run })
    }
}
