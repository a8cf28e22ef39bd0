//! The sections of a document, cut out one after the other while others are under way.
//!
//! Cutting is work for a processor, and its child blocks, so that it has a thread of its own. The thread holds one
//! section and waits until somebody takes it: bytes are leased before they are handed over.

use crate::extractor::unreadable;
use crate::failure;
use flow::memory::{Leased, MemoryPool};
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::split::{Cut, Facts, Splitter, Wanted};

/// A section's own PDF.
pub(crate) type Part = Leased<Arc<Vec<u8>>>;

/// What the thread says.
enum Said {
    Facts(Facts),
    Part(usize, Result<Part, Failure>),
    /// Of all that has not come.
    Ended(Failure),
}

/// Sections on their way.
pub(crate) struct Cutting {
    came: mpsc::Receiver<Said>,
    /// Why no more come.
    ended: Option<Failure>,
    next: usize,
    count: usize,
    timeout: Duration,
    /// When the next section was first asked for.
    wanted: Option<Instant>,
}

/// What is to be cut.
pub(crate) struct Document {
    pub(crate) file: Arc<File>,
    pub(crate) ranges: Vec<PageRange>,
    pub(crate) pool: MemoryPool,
    /// Sections that wait to be taken, beside the one that the thread holds.
    pub(crate) ahead: usize,
    pub(crate) timeout: Duration,
}

impl Cutting {
    /// Begins to cut.
    pub(crate) fn start(splitter: Arc<dyn Splitter>, document: Document) -> Result<Self, Failure> {
        let (tell, came) = mpsc::channel(document.ahead.max(1));
        let (count, timeout) = (document.ranges.len(), document.timeout);
        let work = move || cut(splitter.as_ref(), &document, &tell);
        // Not joined: a child that hangs has limits of its own, and must not hold up who has no more use for it.
        std::thread::Builder::new().name("split".to_owned()).spawn(work).map_err(|error| {
            Failure::new(
                FailureClass::Internal,
                format!("cannot start the thread of the splitter: {error}"),
                "check the limits of processes and memory for this user",
            )
        })?;
        Ok(Self { came, ended: None, next: 0, count, timeout, wanted: None })
    }

    /// Error: the document cannot be read at all.
    pub(crate) async fn facts(&mut self) -> Result<Facts, Failure> {
        match tokio::time::timeout(self.timeout, self.came.recv()).await {
            Ok(Some(Said::Facts(facts))) => Ok(facts),
            Ok(Some(Said::Ended(failure))) => Err(failure),
            Ok(Some(Said::Part(..)) | None) => Err(lost()),
            Err(_) => Err(failure::too_late("split", self.timeout)),
        }
    }

    /// The next section, of those that were asked for; none when all have come. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<(usize, Result<Part, Failure>)> {
        if self.next == self.count {
            return None;
        }
        let index = self.next;
        if let Some(failure) = &self.ended {
            self.next += 1;
            return Some((index, Err(failure.clone())));
        }
        let deadline = *self.wanted.get_or_insert_with(Instant::now) + self.timeout;
        let said = tokio::time::timeout_at(deadline, self.came.recv()).await;
        self.wanted = None;
        self.next += 1;
        let failure = match said {
            Ok(Some(Said::Part(came, part))) if came == index => return Some((index, part)),
            Ok(Some(Said::Ended(failure))) => failure,
            Ok(_) => lost(),
            Err(_) => failure::too_late("split", self.timeout),
        };
        self.came.close();
        self.ended = Some(failure.clone());
        Some((index, Err(failure)))
    }
}

fn cut(splitter: &dyn Splitter, document: &Document, tell: &mpsc::Sender<Said>) {
    let send = |said| match tell.blocking_send(said) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let ended =
        splitter.split(&document.file, Wanted::Ranges(&document.ranges), &mut |cut| match cut {
            Cut::StillThere if tell.is_closed() => ControlFlow::Break(()),
            Cut::StillThere => ControlFlow::Continue(()),
            Cut::Facts(facts) => send(Said::Facts(facts)),
            Cut::Failed { index, failure } => send(Said::Part(index, Err(failure))),
            Cut::Section { index, file } => {
                let lease = document.pool.lease(file.len());
                let part = file.read(&document.file).map_err(|error| unreadable(&error));
                send(Said::Part(index, part.map(|bytes| Leased { value: Arc::new(bytes), lease })))
            }
        });
    let failure = ended.err().unwrap_or_else(lost);
    let (ControlFlow::Continue(()) | ControlFlow::Break(())) = send(Said::Ended(failure));
}

fn lost() -> Failure {
    Failure::new(
        FailureClass::Internal,
        "the splitter ended before its last section",
        "this is a defect of gristmill: please report it",
    )
}
