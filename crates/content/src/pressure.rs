//! The last line against running out of memory: what the system counts, whatever our own budget says.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Resident bytes of the process and its children.
pub type Resident = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How often memory is looked at while it is short.
const LOOK: Duration = Duration::from_millis(100);

/// Memory is short from the upper mark on until it is down at the lower one, whoever asks in between.
pub(crate) struct Pressure {
    resident: Resident,
    /// None: memory is not looked at.
    max: Option<u64>,
    low: u64,
    is_short: AtomicBool,
    /// Who wants to begin and was not let through yet.
    waiting: AtomicUsize,
    /// One at a time is let through, so that the next one sees it under way.
    turn: Mutex<()>,
}

impl Pressure {
    pub(crate) fn new(resident: Resident, max: Option<u64>, low: u64) -> Self {
        let is_short = AtomicBool::new(false);
        Self { resident, max, low, is_short, waiting: AtomicUsize::new(0), turn: Mutex::default() }
    }

    /// Waits while memory is short and somebody is under way who could give some back. `places`: how many are
    /// taken, those of the waiting included.
    pub(crate) async fn relieved(&self, places: impl Fn() -> usize) {
        let Some(max) = self.max else { return };
        let waiting = Waiting::new(&self.waiting);
        let turn = self.turn.lock().await;
        while self.is_short(max) && places() > self.waiting.load(Ordering::SeqCst) {
            // Nothing tells that memory was given back.
            tokio::time::sleep_until(Instant::now() + LOOK).await;
        }
        drop(waiting);
        drop(turn);
    }

    fn is_short(&self, max: u64) -> bool {
        let bytes = (self.resident)();
        let was_short = self.is_short.load(Ordering::SeqCst);
        let is_short = bytes > max || (was_short && bytes > self.low);
        self.is_short.store(is_short, Ordering::SeqCst);
        is_short
    }
}

/// Counts one who waits, for as long as it lives.
struct Waiting<'c>(&'c AtomicUsize);

impl<'c> Waiting<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
