//! Children that wait for work. Any thread takes one, and gives it back unless something went wrong.

use crate::live::Live;
use crate::settings::{Budget, SandboxSettings};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A child that waits is in nobody's lease: one that keeps more than this from its last document is ended. After a
/// document of ordinary size it keeps a few MiB.
const IDLE_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Live>>,
}

impl Pool {
    pub(crate) fn take(&self, budget: &Budget) -> Option<Live> {
        loop {
            let mut idle = self.idle();
            let at = idle.iter().rposition(|live| live.may_take(budget))?;
            let mut live = idle.swap_remove(at);
            drop(idle);
            // Killed from outside while it waited: no document is to blame.
            if !live.has_ended() {
                return Some(live);
            }
        }
    }

    pub(crate) fn give_back(&self, live: Live, settings: &SandboxSettings) {
        let worn_out = live.documents >= settings.reuse_documents_max
            || live.bytes >= settings.reuse_bytes_max
            || live.resident_bytes() > IDLE_BYTES_MAX;
        if worn_out {
            return;
        }
        let mut idle = self.idle();
        idle.push(live);
        // The one that waits longest; ends after the lock, because it is waited for.
        let surplus = (idle.len() > settings.idle_max).then(|| idle.remove(0));
        drop(idle);
        drop(surplus);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Live>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
