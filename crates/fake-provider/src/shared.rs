//! What connections, control requests and the handle of a test share.

use crate::clock::Clock;
use crate::desk::{Desk, Ticket};
use crate::plan::{Plan, PlanError};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    desk: Mutex<Desk>,
}

impl Shared {
    pub(crate) fn new(plan: Plan, clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, desk: Mutex::new(Desk::new(Arc::new(plan))) })
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().expect("no one panics at the desk")
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
