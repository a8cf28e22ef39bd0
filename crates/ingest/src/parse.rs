//! Files to documents to chunks.
//!
//! A worker takes one file at a time, hashes it, lets it pass if the store has this content already, and
//! otherwise parses and chunks it straight into the next stage. Archives and item files yield many documents.

pub(crate) mod step;
mod file;
mod document;
mod chunks;
mod lookahead;
pub(crate) mod names;
mod shape;
mod archive;
mod relabel;

use crate::outcome::RunError;
use crate::run::Context;
use crate::source::{Rules, Task, What};
use file::{FileReader, Labels};
use flow::queue::{Receiver, Sender};
use std::sync::Mutex;
use step::Step;

/// One worker, numbered from 0: until there is no more task, or nobody takes its steps.
pub(crate) fn work(
    cx: &Context<'_>,
    worker: usize,
    tasks: &Mutex<Receiver<Task>>,
    steps: &Sender<Step>,
) -> Result<(), RunError> {
    loop {
        cx.settings.width.wait(worker);
        // One worker waits for the next task, the others for its lock.
        let next = tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
        let Some(task) = next else { return Ok(()) };
        let done = match task.what {
            What::Relabel(gate) => relabel::relabel(cx, &task.from, &task.file, gate, steps),
            What::Unreadable(failure) => {
                FileReader::new(cx, &task.from, &task.file, steps).refuse(&failure)
            }
            What::Shadowed(failure) => {
                FileReader::new(cx, &task.from, &task.file, steps).refuse_name(&failure)
            }
            What::Read(rules) => {
                let labels =
                    if rules == Rules::Changed { Labels::Changed } else { Labels::AsStored };
                FileReader::new(cx, &task.from, &task.file, steps).with_labels(labels).read()
            }
        };
        match done {
            Ok(()) => cx.progress.work_done.add(task.file.size),
            Err(Stop::Closed) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// Why a worker gives up its file.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The run ends: interrupted, or a later stage failed and says why itself.
    Closed,
    Failed(RunError),
}

impl From<flow::queue::Closed> for Stop {
    fn from(_: flow::queue::Closed) -> Self {
        Self::Closed
    }
}

impl From<types::seam::StoreError> for Stop {
    fn from(error: types::seam::StoreError) -> Self {
        Self::Failed(error.into())
    }
}
