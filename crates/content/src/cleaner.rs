//! Deletes at the provider what sections leave there.
//!
//! Whoever uploads holds a [`Remote`]; dropping it, on whatever way, hands its file over to be deleted. So a section
//! gives back its place at once, and no way out of it can forget its file.

use crate::call::{Got, Line, Op, Terms};
use crate::journal::Journal;
use flow::fair::Class;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use types::error_kind::ErrorKind;
use types::seam::llm::{CallError, NewFile, RemoteFile};

/// Deletions at once.
const AT_ONCE: usize = 4;

/// A deletion may wait this long for the provider; after that the next start does it.
const WITHIN: Duration = Duration::from_mins(5);

/// Pages of a listing that are looked through for one file.
const PAGES_MAX: usize = 200;

/// A file that has to go.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    /// Ours.
    pub(crate) id: String,
    /// The provider's.
    pub(crate) name: Arc<str>,
    pub(crate) presence: Presence,
}

/// Whether the file is known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Certain,
    /// None of its bytes has left.
    Never,
    /// Its upload was given up or failed: it may be there, under whatever name, or come to be there.
    Possible,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It was there, and is gone.
    Deleted,
    /// Nothing of it was found.
    Absent,
}

/// Deletes; shared by all sections of an extractor.
pub(crate) struct Cleaner {
    todo: Mutex<VecDeque<Removal>>,
    woken: Notify,
    /// Removals that are not done yet.
    pending: watch::Sender<usize>,
    /// Files that could not be deleted: their entries stay in the journal.
    left: AtomicU64,
    pub(crate) line: Line,
    pub(crate) journal: Journal,
}

impl std::fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleaner").field("pending", &*self.pending.borrow()).finish_non_exhaustive()
    }
}

impl Cleaner {
    pub(crate) fn new(line: Line, journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            todo: Mutex::default(),
            woken: Notify::new(),
            pending: watch::Sender::new(0),
            left: AtomicU64::new(0),
            line,
            journal,
        })
    }

    fn push(&self, removal: Removal) {
        self.pending.send_modify(|pending| *pending += 1);
        self.todo.lock().unwrap_or_else(PoisonError::into_inner).push_back(removal);
        self.woken.notify_one();
    }

    fn pop(&self) -> Option<Removal> {
        self.todo.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Files that were not deleted although they had to be, or are not yet.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed) + *self.pending.borrow() as u64
    }

    /// Deletes what comes, for ever.
    pub(crate) async fn work(self: Arc<Self>) {
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(removal) = self.pop()
            {
                let cleaner = Arc::clone(&self);
                running.spawn(async move { cleaner.finish(removal).await });
            }
            tokio::select! {
                () = self.woken.notified() => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
        }
    }

    /// Returns when nothing is left to delete.
    pub(crate) async fn idle(&self) {
        let mut pending = self.pending.subscribe();
        // The sender lives in this cleaner, so that waiting cannot fail.
        let (Ok(_) | Err(_)) = pending.wait_for(|pending| *pending == 0).await;
    }

    async fn finish(&self, removal: Removal) {
        if self.removed(&removal).await.is_err() {
            self.left.fetch_add(1, Ordering::Relaxed);
        }
        self.pending.send_modify(|pending| *pending -= 1);
    }

    /// Error: it may still be there. Whatever becomes of its entry, the next start looks at what is in the journal.
    async fn removed(&self, removal: &Removal) -> Result<(), NotRemoved> {
        fault::point("cleanup.begin")?;
        if removal.presence != Presence::Never {
            let removed = remove(&self.line, removal).await?;
            if removed == Removed::Absent && removal.presence == Presence::Possible {
                // It may still come to be there.
                return Ok(());
            }
        }
        fault::point("cleanup.removed")?;
        // An entry without a file costs the next start a look.
        let (Ok(()) | Err(_)) = self.journal.close(&removal.id).await;
        fault::point("cleanup.closed")?;
        Ok(())
    }
}

/// Nobody is left to be told why.
struct NotRemoved;

impl From<CallError> for NotRemoved {
    fn from(_: CallError) -> Self {
        Self
    }
}

impl From<std::io::Error> for NotRemoved {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Deletes by name; what is not there under its name is looked for in the listing, where it may have another one.
pub(crate) async fn remove(line: &Line, removal: &Removal) -> Result<Removed, CallError> {
    let terms = Terms { class: Class::Normal, tokens: 0.0, within: WITHIN };
    match line.call(Op::Delete(Arc::clone(&removal.name)), terms).await {
        Ok(_) => return Ok(Removed::Deleted),
        Err(error) if error.kind == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if removal.presence == Presence::Certain {
        return Ok(Removed::Absent);
    }
    let Some(file) = find(line, &removal.id, terms).await? else { return Ok(Removed::Absent) };
    match line.call(Op::Delete(file.name.into()), terms).await {
        Ok(_) => Ok(Removed::Deleted),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Removed::Absent),
        Err(error) => Err(error),
    }
}

async fn find(line: &Line, id: &str, terms: Terms) -> Result<Option<RemoteFile>, CallError> {
    let mut page = None;
    for _ in 0..PAGES_MAX {
        let Got::List(list) = line.call(Op::List(page), terms).await? else { return Ok(None) };
        let found = list.files.into_iter().find(|file| file.display_name.contains(id));
        if found.is_some() || list.next.is_none() {
            return Ok(found);
        }
        page = list.next;
    }
    Ok(None)
}

/// A file that is ours at the provider, or may be; dropping it has it deleted.
#[derive(Debug)]
pub(crate) struct Remote {
    /// None: it was handed over, or is kept.
    removal: Option<Removal>,
    /// Knows whether its bytes have left.
    new: Arc<NewFile>,
    cleaner: Arc<Cleaner>,
}

impl Remote {
    /// To be made before the upload begins.
    pub(crate) fn possible(cleaner: &Arc<Cleaner>, new: &Arc<NewFile>, name: String) -> Self {
        let id = new.id.clone();
        let removal = Removal { id, name: name.into(), presence: Presence::Possible };
        Self { removal: Some(removal), new: Arc::clone(new), cleaner: Arc::clone(cleaner) }
    }

    /// None: it was handed over.
    pub(crate) fn id(&self) -> Option<&str> {
        self.removal.as_ref().map(|removal| removal.id.as_str())
    }

    pub(crate) fn arrived(&mut self, name: &str) {
        if let Some(removal) = &mut self.removal {
            removal.name = name.into();
            removal.presence = Presence::Certain;
        }
    }

    /// It stays: the journal says so.
    pub(crate) fn keep(mut self) {
        self.removal = None;
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(mut removal) = self.removal.take() {
            if !self.new.sent.is_marked() {
                removal.presence = Presence::Never;
            }
            self.cleaner.push(removal);
        }
    }
}
