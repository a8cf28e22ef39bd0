//! One file: opened, hashed, taken apart, checked for changes meanwhile.

use super::Stop;
use super::archive;
use super::document::{End, Reading};
use super::names::{Met, Names};
use super::step::{DocumentRef, Ending, FileRef, Step};
use crate::run::Context;
use crate::settings::Mode;
use crate::source::{Opened, unread_content};
use flow::queue::Sender;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use types::document::{Hash, RawDocument};
use types::failure::{Failure, FailureClass};
use types::ledger::{DocumentId, DocumentState, FileState, VersionKey};
use types::seam::{Choice, ListedFile};

/// Reads one file of a source.
pub(super) struct FileReader<'f, 'c> {
    pub cx: &'f Context<'c>,
    pub from: &'f Opened,
    pub file: &'f ListedFile,
    pub steps: &'f Sender<Step>,
    pub file_ref: Arc<FileRef>,
    /// Documents that this file gave: good ones, failed ones.
    pub good: u32,
    pub bad: u32,
    names: Names<'f>,
    /// Why the rest of the file is not read.
    pub overfull: Option<Failure>,
    /// Unchanged documents that the store was not told of yet.
    seen: Vec<DocumentId>,
    pub labels: Labels,
    /// Limit of one level of archives, while one is open.
    pub unpack_memory: u64,
}

/// A file that changes under the reader is read again so often before it is given up.
const READS_MAX: u32 = 2;

/// File systems keep times in steps of some milliseconds, so a file may change again without a new time: a
/// younger one is not trusted.
const SETTLED: Duration = Duration::from_secs(2);

/// Unchanged documents told at once: waking the next stage for each costs more than the rest of the work.
const SEEN_MAX: usize = 256;

static NEXT_TICKET: AtomicU64 = AtomicU64::new(0);

impl<'f, 'c> FileReader<'f, 'c> {
    pub(super) fn new(
        cx: &'f Context<'c>,
        from: &'f Opened,
        file: &'f ListedFile,
        steps: &'f Sender<Step>,
    ) -> Self {
        let file_ref = Arc::new(FileRef { source: from.id, name: file.name.clone() });
        Self {
            cx,
            from,
            file,
            steps,
            file_ref,
            good: 0,
            bad: 0,
            names: Names::new(&cx.names),
            overfull: None,
            seen: Vec::new(),
            labels: Labels::AsStored,
            unpack_memory: 0,
        }
    }

    pub(super) fn with_labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// The file as one failed document.
    pub(super) fn refuse(mut self, failure: &Failure) -> Result<(), Stop> {
        self.refuse_file(failure)?;
        self.close()
    }

    /// The file as a failed document whose name another one has, under a name of its own.
    pub(super) fn refuse_name(mut self, failure: &Failure) -> Result<(), Stop> {
        let content = unread_content(self.file, failure);
        let key = VersionKey { content, pipeline: self.cx.pipeline };
        self.fail(&format!("{}~file", self.file.name), key, failure.clone())?;
        self.close()
    }

    pub(super) fn read(mut self) -> Result<(), Stop> {
        let started = Instant::now();
        let end = self.read_settled();
        self.cx.progress.parse.add(1, started.elapsed());
        end?;
        self.close()
    }

    fn read_settled(&mut self) -> Result<(), Stop> {
        for _ in 0..READS_MAX {
            (self.good, self.bad) = (0, 0);
            self.names.clear();
            self.overfull = None;
            let raw = match self.from.source.open(self.file) {
                Ok(raw) => raw,
                Err(failure) => return self.refuse_file(&failure),
            };
            match self.read_document(raw, 0)? {
                Settled::Yes => return Ok(()),
                Settled::No => {}
            }
        }
        self.refuse_file(&Failure::bad_document(
            "changed while it was being read",
            "run again when its writer is done",
        ))
    }

    fn refuse_file(&mut self, failure: &Failure) -> Result<(), Stop> {
        let content = unread_content(self.file, failure);
        let key = VersionKey { content, pipeline: self.cx.pipeline };
        self.fail(&self.file.name.clone(), key, failure.clone())
    }

    /// Reads a file or an archive member. `depth`: archives around it.
    pub(super) fn read_document(
        &mut self,
        mut raw: RawDocument,
        depth: u32,
    ) -> Result<Settled, Stop> {
        let content = match hash(&mut raw) {
            Ok(content) => content,
            Err(error) => {
                let failure = unreadable(&error);
                let key = VersionKey {
                    content: unread_content(self.file, &failure),
                    pipeline: self.cx.pipeline,
                };
                let name = raw.name;
                return self.fail(&name, key, failure).map(|()| Settled::Yes);
            }
        };
        let key = VersionKey { content, pipeline: self.cx.pipeline };
        if depth > 0 {
            match self.meet(&raw.name, content) {
                Met::New => {}
                Met::Same => return Ok(Settled::Yes),
                Met::Other => return self.fail_twin(&raw.name, key).map(|()| Settled::Yes),
                Met::TooMany(failure) => {
                    return self.fail(&raw.name, key, failure).map(|()| Settled::Yes);
                }
            }
        }
        match self.cx.parts.parsers.choose(&raw.name, &mut raw.body) {
            Err(failure) => {
                let name = raw.name;
                self.fail(&name, key, failure)?;
            }
            Ok(Choice::Unpack(unpacker)) => {
                archive::read(self, unpacker.as_ref(), raw, key, depth)?;
            }
            Ok(Choice::Parse(parser)) => {
                let key = VersionKey { content, pipeline: self.cx.pipeline_of(&parser.identity()) };
                if let End::Torn =
                    (Reading { reader: self, parser: parser.as_ref(), key }).read(raw, depth)?
                {
                    return Ok(Settled::No);
                }
            }
        }
        Ok(Settled::Yes)
    }

    /// True while the file is as it was listed.
    pub(super) fn settled(&self) -> bool {
        self.from.source.unchanged(self.file)
    }

    /// Starts a document in the flow.
    pub(super) fn begin(&self, name: &str, key: VersionKey, first: u32) -> Arc<DocumentRef> {
        Arc::new(DocumentRef {
            ticket: NEXT_TICKET.fetch_add(1, Ordering::Relaxed),
            source: self.from.id,
            file: self.file.name.clone(),
            name: name.to_owned(),
            key,
            first,
        })
    }

    /// A document that gives nothing: a dead letter. One that failed before with the same content stays listed
    /// and is not tried again.
    pub(super) fn fail(
        &mut self,
        name: &str,
        key: VersionKey,
        failure: Failure,
    ) -> Result<(), Stop> {
        let state = self.cx.parts.store.document(self.from.id, name)?;
        self.fail_known(name, key, failure, state)
    }

    /// As [`FileReader::fail`], with what the store knows of the document.
    pub(super) fn fail_known(
        &mut self,
        name: &str,
        key: VersionKey,
        failure: Failure,
        state: Option<DocumentState>,
    ) -> Result<(), Stop> {
        self.bad += 1;
        if let Some(state) = state.filter(|state| state.failed == Some(key)) {
            return self.still_failed(&state);
        }
        if self.cx.settings.mode == Mode::DryRun {
            self.cx.progress.failed.add(1);
            self.cx.progress.list(name, &failure);
            return Ok(());
        }
        let document = self.begin(name, key, 0);
        self.steps.send(Step::Begin(Arc::clone(&document)))?;
        self.steps.send(Step::End(document, Ending::Failed(failure)))?;
        Ok(())
    }

    /// It was paid for once; only `failures retry` pays again.
    pub(super) fn still_failed(&mut self, state: &DocumentState) -> Result<(), Stop> {
        self.cx.progress.failed.add(1);
        self.list_letters(&state.name);
        self.seen(state)
    }

    pub(super) fn seen(&mut self, state: &DocumentState) -> Result<(), Stop> {
        if self.cx.settings.mode == Mode::Ingest {
            self.seen.push(state.id);
        }
        if self.seen.len() < SEEN_MAX { Ok(()) } else { self.tell_seen() }
    }

    /// All documents that the store has under `main` and its items: it will not read them again.
    pub(super) fn see_items(&mut self, main: &str) -> Result<(), Stop> {
        let items = format!("{main}#");
        let mut after = items.clone();
        loop {
            let page = self.cx.parts.store.documents_of(
                self.from.id,
                &self.file.name,
                Some(&after),
                SEEN_MAX,
            )?;
            for state in page.iter().take_while(|state| state.name.starts_with(&items)) {
                if state.head.is_some() {
                    self.good += 1;
                    self.cx.progress.unchanged.add(1);
                }
                self.seen(state)?;
            }
            match page.into_iter().next_back() {
                Some(last) if last.name.starts_with(&items) => after = last.name,
                _ => return Ok(()),
            }
        }
    }

    fn tell_seen(&mut self) -> Result<(), Stop> {
        if !self.seen.is_empty() {
            self.steps.send(Step::Seen(std::mem::take(&mut self.seen)))?;
        }
        Ok(())
    }

    /// What failed before and is not tried again stays listed.
    pub(super) fn list_letters(&self, document: &str) {
        for failure in
            self.cx.letters.of_document(self.from.source.name(), &self.file.name, document)
        {
            self.cx.progress.list(document, failure);
            self.cx.progress.flawed.add(1);
        }
    }

    /// Whether the file gave a document of this name before.
    pub(super) fn meet(&mut self, name: &str, content: Hash) -> Met {
        self.names.meet(name, content)
    }

    /// A second document of one name: a dead letter under a name of its own, so that the first stays as it is.
    pub(super) fn fail_twin(&mut self, name: &str, key: VersionKey) -> Result<(), Stop> {
        let failure = Failure::new(
            FailureClass::BadItem,
            "its id occurs before in the same file, with other content",
            "give every item an id of its own",
        );
        self.fail(&format!("{name}~{:?}", key.content), key, failure)
    }

    /// Writes the file's gate.
    fn close(mut self) -> Result<(), Stop> {
        self.tell_seen()?;
        if self.cx.settings.mode == Mode::DryRun {
            return Ok(());
        }
        let state = FileState {
            name: self.file.name.clone(),
            size: self.file.size,
            modified_ns: trusted(self.file.modified_ns),
            pipeline: self.cx.pipeline,
            labelling: self.cx.settings.labelling_hash,
            documents: self.good,
            failed: self.bad,
            stale: 0,
        };
        self.steps.send(Step::File(self.file_ref, state))?;
        Ok(())
    }
}

/// Whether chunks with labels of their own must be labelled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    AsStored,
    Changed,
}

/// Whether what was read is what stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Yes,
    No,
}

fn hash(raw: &mut RawDocument) -> std::io::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let n = raw.body.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    raw.body.seek(SeekFrom::Start(0))?;
    Ok(Hash(*hasher.finalize().as_bytes()))
}

pub(super) fn unreadable(error: &std::io::Error) -> Failure {
    Failure::bad_document(
        format!("cannot be read: {error}"),
        "check the file and the disk it is on",
    )
}

fn trusted(modified_ns: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let edge = i64::try_from(now.saturating_sub(SETTLED).as_nanos()).unwrap_or(i64::MAX);
    if modified_ns < edge { modified_ns } else { 0 }
}
