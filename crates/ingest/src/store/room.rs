//! A disk without room is waited for: somebody may make some, and what was embedded is paid for.

use crate::outcome::RunError;
use crate::progress::Progress;
use flow::interrupt::Interrupt;
use std::time::{Duration, Instant};
use types::seam::{StoreError, StoreErrorKind};

/// Room that is made soon is used soon.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A look costs one failed transaction.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Who waits for room on the store's disk, and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'r> {
    pub wait: Duration,
    pub progress: &'r Progress,
    pub interrupt: &'r Interrupt,
}

impl Room<'_> {
    /// Writes; as long as the disk is full, and for the whole wait at most, tries again. `write` must have changed
    /// nothing when it fails so.
    pub(crate) fn write<T>(
        &self,
        mut write: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<T, RunError> {
        let started = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let error = match write() {
                Err(error) if error.kind == StoreErrorKind::DiskFull => error,
                done => return Ok(done?),
            };
            let left = self.wait.saturating_sub(started.elapsed());
            if wait == FIRST_WAIT && !left.is_zero() {
                self.progress.tell(format!(
                    "{}; waiting up to {} s for room on the disk",
                    error.message,
                    left.as_secs_f64().ceil()
                ));
            }
            if left.is_zero() || self.interrupt.wait(wait.min(left)) {
                return Err(error.into());
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }
}
