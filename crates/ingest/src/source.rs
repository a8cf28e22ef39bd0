//! Lists the sources and lets unchanged files pass without opening them.
//!
//! Listing and gates both come in bytewise order of names, so that they are merged like two sorted lists:
//! neither is ever held.

mod gates;
mod gone;
pub(crate) mod letters;
mod shadowed;

use crate::outcome::RunError;
use crate::run::Context;
use crate::settings::Mode;
use flow::queue::Sender;
use gates::Gates;
use gone::Gone;
use shadowed::Shadowed;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;
use types::document::Hash;
use types::failure::Failure;
use types::ledger::{FileState, SourceId};
use types::seam::{Listed, ListedFile, Source};

/// A source with its row in the store.
#[derive(Clone)]
pub(crate) struct Opened {
    pub source: Arc<dyn Source>,
    pub id: SourceId,
}

/// Work for the parsers.
pub(crate) struct Task {
    pub from: Opened,
    pub file: ListedFile,
    pub what: What,
}

/// Whether the rules for labels are those of the last run over a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    AsBefore,
    Changed,
}

pub(crate) enum What {
    /// New, or its gate does not hold.
    Read(Rules),
    /// Only the rules for labels changed.
    Relabel(FileState),
    /// Listed, but nobody can read it.
    Unreadable(Failure),
    /// Its name is an item's: it has none of its own.
    Shadowed(Failure),
}

/// How the walk over one source ended, and what it missed.
#[derive(Debug)]
pub(crate) struct Walked {
    pub id: SourceId,
    pub complete: bool,
    /// Files listed.
    pub listed: u64,
    /// Files of the store that the listing does not have.
    pub gone: Gone,
    /// Documents of the store in this source.
    pub known: u64,
}

pub(crate) fn list_all(
    cx: &Context<'_>,
    sources: &[Arc<dyn Source>],
    tasks: &Sender<Task>,
) -> Result<Vec<Walked>, RunError> {
    let mut walked = Vec::new();
    for source in sources {
        let id = match cx.settings.mode {
            Mode::Ingest => Some(cx.parts.store.source(source.name())?),
            // A dry run writes nothing, not even the row of a new source.
            Mode::DryRun => cx
                .parts
                .store
                .sources()?
                .into_iter()
                .find(|(_, name)| name == source.name())
                .map(|(id, _)| id),
        };
        let from = Opened { source: Arc::clone(source), id: id.unwrap_or(SourceId(0)) };
        walked.push(list(cx, &from, tasks)?);
    }
    cx.progress.listings_done.add(1);
    Ok(walked)
}

fn list(cx: &Context<'_>, from: &Opened, tasks: &Sender<Task>) -> Result<Walked, RunError> {
    let mut gates = Gates::new(cx.parts.store.as_ref(), from.id);
    let shadowed = Shadowed::default();
    let mut walk = Walk { cx, from, tasks, gates: &mut gates, shadowed, listed: 0, error: None };
    let mut last = Instant::now();
    let listing = from.source.list(&mut |entry| {
        cx.progress.source.add(1, last.elapsed());
        let flow = walk.visit(entry);
        last = Instant::now();
        flow
    })?;
    let (listed, error) = (walk.listed, walk.error);
    if let Some(error) = error {
        return Err(error);
    }
    let stopped = cx.interrupt.is_set();
    let complete = listing.complete && !stopped && cx.settings.only.is_none();
    let (gone, known) = if complete { gates.finish()? } else { (Gone::default(), 0) };
    Ok(Walked { id: from.id, complete, listed, gone, known })
}

struct Walk<'w, 'c> {
    cx: &'w Context<'c>,
    from: &'w Opened,
    tasks: &'w Sender<Task>,
    gates: &'w mut Gates<'c>,
    shadowed: Shadowed,
    listed: u64,
    error: Option<RunError>,
}

impl Walk<'_, '_> {
    fn visit(&mut self, entry: Listed) -> ControlFlow<()> {
        if self.cx.interrupt.is_set() {
            return ControlFlow::Break(());
        }
        self.listed += 1;
        self.cx.progress.files_listed.add(1);
        let (file, refused) = match entry {
            Listed::File(file) => {
                match self.shadowed.check(&file.name, self.cx.parts.parsers.as_ref()) {
                    None => (file, None),
                    Some(failure) => (nameless(file.name), Some(What::Shadowed(failure))),
                }
            }
            Listed::Unreadable { name, failure } => {
                (nameless(name), Some(What::Unreadable(failure)))
            }
        };
        if !self.wanted(&file.name) {
            return ControlFlow::Continue(());
        }
        match self.gates.advance_to(&file.name) {
            Ok(gate) => self.decide(file, refused, gate),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn wanted(&self, name: &str) -> bool {
        let Some(only) = &self.cx.settings.only else { return true };
        only.contains(&(self.from.source.name().to_owned(), name.to_owned()))
    }

    fn decide(
        &mut self,
        file: ListedFile,
        refused: Option<What>,
        gate: Option<FileState>,
    ) -> ControlFlow<()> {
        let what = match (refused, gate) {
            (Some(refused), _) => refused,
            (None, Some(gate)) if self.holds(&file, &gate) => {
                if gate.labelling == self.cx.settings.labelling_hash
                    || self.cx.settings.mode == Mode::DryRun
                {
                    self.pass(&gate);
                    return ControlFlow::Continue(());
                }
                What::Relabel(gate)
            }
            (None, gate) => What::Read(match gate {
                Some(gate) if gate.labelling == self.cx.settings.labelling_hash => Rules::AsBefore,
                _ => Rules::Changed,
            }),
        };
        self.cx.progress.work_known.add(file.size);
        let task = Task { from: self.from.clone(), file, what };
        if self.tasks.send(task).is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn holds(&self, file: &ListedFile, gate: &FileState) -> bool {
        gate.size == file.size
            && gate.modified_ns == file.modified_ns
            && gate.modified_ns != 0
            && gate.pipeline == self.cx.pipeline
    }

    /// Nothing to do; what failed before stays listed.
    fn pass(&self, gate: &FileState) {
        self.cx.progress.unchanged.add(u64::from(gate.documents));
        self.cx.progress.failed.add(u64::from(gate.failed));
        for letter in self.cx.letters.of_file(self.from.source.name(), &gate.name) {
            self.cx.progress.list(&letter.document, &letter.failure);
            self.cx.progress.flawed.add(1);
        }
    }
}

/// Without size and time, so that its gate never holds: it is looked at again when the reason may be gone.
fn nameless(name: String) -> ListedFile {
    ListedFile { name, path: std::path::PathBuf::new(), size: 0, modified_ns: 0, identity: (0, 0) }
}

/// Stands in for the content of a file that could not be read: while it is the same, the failure is the same.
pub(crate) fn unread_content(file: &ListedFile, failure: &Failure) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"unread")
        .update(&file.size.to_le_bytes())
        .update(&file.modified_ns.to_le_bytes());
    hasher.update(failure.message.as_bytes());
    Hash(*hasher.finalize().as_bytes())
}
