//! What connections, control requests and the handle of a test share.

use crate::clock::Clock;
use crate::content::{Files, Watch};
use crate::desk::{Desk, Ticket};
use crate::plan::{Plan, PlanError};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    desk: Mutex<Desk>,
    files: Mutex<Files>,
    watch: Mutex<Watch>,
}

impl Shared {
    pub(crate) fn new(plan: Plan, clock: Clock) -> Arc<Self> {
        let files = Mutex::new(Files::new(plan.seed));
        let desk = Mutex::new(Desk::new(Arc::new(plan)));
        Arc::new(Self { clock, desk, files, watch: Mutex::default() })
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().expect("no one panics at the desk")
    }

    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().expect("no one panics over files")
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().expect("no one panics over waits")
    }

    /// `plan` was checked. Errors: another dialect.
    pub(crate) fn replan(&self, plan: Plan) -> Result<(), PlanError> {
        self.desk().replan(plan)
    }
}

/// A request under way; dropping it says that it is over.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticket: Ticket,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.shared.desk().leave(self.ticket);
    }
}
