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
        let mut full = Full::default();
        loop {
            if let Some(done) = full.attempt(self, &mut write)? {
                return Ok(done);
            }
            if self.interrupt.wait(full.until_next()) {
                // The wish to stop ends the waiting: what does not fit now is not kept.
                return write().map_err(RunError::from);
            }
        }
    }
}

/// A disk that was full when it was last written to, or was not.
#[derive(Debug, Default)]
pub(crate) struct Full {
    since: Option<Since>,
}

#[derive(Debug)]
struct Since {
    started: Instant,
    next: Instant,
    wait: Duration,
}

impl Full {
    /// What was written; none while there is no room and the wait is not over.
    pub(crate) fn attempt<T>(
        &mut self,
        room: &Room<'_>,
        write: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Option<T>, RunError> {
        let error = match write() {
            Err(error) if error.kind == StoreErrorKind::DiskFull => error,
            done => {
                self.since = None;
                return Ok(Some(done?));
            }
        };
        let now = Instant::now();
        let since = self.since.get_or_insert_with(|| {
            if !room.wait.is_zero() {
                let seconds = room.wait.as_secs_f64().ceil();
                room.progress.tell(format!(
                    "{}; waiting up to {seconds} s for room on the disk",
                    error.message
                ));
            }
            Since { started: now, next: now, wait: FIRST_WAIT }
        });
        let left = room.wait.saturating_sub(since.started.elapsed());
        if left.is_zero() {
            return Err(error.into());
        }
        since.next = now + since.wait.min(left);
        since.wait = (since.wait * 2).min(WAIT_MAX);
        Ok(None)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.since.is_some()
    }

    /// Until another attempt makes sense; zero when the disk was not full.
    pub(crate) fn until_next(&self) -> Duration {
        let next = self.since.as_ref().map(|since| since.next);
        next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()))
    }
}
