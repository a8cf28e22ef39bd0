//! What a pool did, measured where it happens.

use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// Weight of the newest value in an average.
const ALPHA: f64 = 0.1;

/// A moment's view of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// Connections in somebody's hands.
    pub active_connections: usize,
    pub idle_connections: usize,
    /// Times that a connection was asked for.
    pub total_requests: u64,
    /// Of these, how many got none.
    pub failed_requests: u64,
    /// For how long a connection is held, in seconds; the newest use weighs a tenth.
    pub avg_response_time: f64,
    /// For how long a connection is waited for, in seconds; the newest request weighs a tenth.
    pub avg_wait_time: f64,
    /// Active connections as a part of all that may be.
    pub pool_utilization: f64,
    /// Most that were in use at once.
    pub peak_active: usize,
    /// Made so far.
    pub created: u64,
    /// Tries to make one that failed.
    pub failed_creates: u64,
    /// Closed so far: too old, not wanted, broken.
    pub closed: u64,
    /// Of these, how many did not answer when they were asked.
    pub failed_checks: u64,
    /// Of the last change, in seconds since 1970.
    pub last_updated: f64,
}

impl Statistics {
    /// Open connections.
    pub(crate) fn connections(&self) -> usize {
        usize::try_from(self.created - self.closed).unwrap_or(usize::MAX)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Meter {
    tally: Mutex<Tally>,
    none_lent: Notify,
}

#[derive(Debug, Default)]
struct Tally {
    active: usize,
    peak: usize,
    asked: u64,
    failed: u64,
    held: Option<f64>,
    waited: Option<f64>,
    created: u64,
    failed_creates: u64,
    closed: u64,
    failed_checks: u64,
    updated: f64,
}

fn average(before: Option<f64>, newest: Duration) -> f64 {
    let newest = newest.as_secs_f64();
    before.map_or(newest, |before| before + ALPHA * (newest - before))
}

impl Meter {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        tally.updated = now.map_or(0.0, |now| now.as_secs_f64());
        tally
    }

    pub(crate) fn refused(&self, waited: Duration) {
        self.asked(waited);
        self.tally().failed += 1;
    }

    pub(crate) fn asked(&self, waited: Duration) {
        let mut tally = self.tally();
        tally.asked += 1;
        tally.waited = Some(average(tally.waited, waited));
    }

    pub(crate) fn lent(&self) {
        let mut tally = self.tally();
        tally.active += 1;
        tally.peak = tally.peak.max(tally.active);
    }

    pub(crate) fn given_back(&self, held: Duration) {
        let mut tally = self.tally();
        tally.active -= 1;
        tally.held = Some(average(tally.held, held));
        if tally.active == 0 {
            self.none_lent.notify_waiters();
        }
    }

    pub(crate) async fn wait_until_none_is_lent(&self) {
        loop {
            let notified = self.none_lent.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.tally().active == 0 {
                return;
            }
            notified.await;
        }
    }

    pub(crate) fn made(&self) {
        self.tally().created += 1;
    }

    pub(crate) fn failed_to_make(&self) {
        self.tally().failed_creates += 1;
    }

    pub(crate) fn closed(&self) {
        self.tally().closed += 1;
    }

    /// The connection is closed, too.
    pub(crate) fn failed_check(&self) {
        let mut tally = self.tally();
        tally.failed_checks += 1;
        tally.closed += 1;
    }

    pub(crate) fn read(&self, idle: usize, max: usize) -> Statistics {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        Statistics {
            active_connections: tally.active,
            idle_connections: idle,
            total_requests: tally.asked,
            failed_requests: tally.failed,
            avg_response_time: tally.held.unwrap_or_default(),
            avg_wait_time: tally.waited.unwrap_or_default(),
            pool_utilization: tally.active as f64 / max as f64,
            peak_active: tally.peak,
            created: tally.created,
            failed_creates: tally.failed_creates,
            closed: tally.closed,
            failed_checks: tally.failed_checks,
            last_updated: tally.updated,
        }
    }
}
