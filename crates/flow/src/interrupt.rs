//! The wish to stop: set once, seen by everybody who starts something new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A signal can set a flag and wake nobody, so who waits looks so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks everybody to finish what is begun and to begin nothing.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// For what can only set a flag, such as a signal.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Blocks this thread for `span`, or until the wish comes; whether it has come.
    pub fn wait(&self, span: Duration) -> bool {
        let started = Instant::now();
        loop {
            let left = span.saturating_sub(started.elapsed());
            if self.is_set() || left.is_zero() {
                return self.is_set();
            }
            std::thread::park_timeout(left.min(LOOK_EVERY));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_let_go_by_the_wish() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.wait(Duration::from_millis(1)));
        let waiting = interrupt.clone();
        let waiter = std::thread::spawn(move || waiting.wait(Duration::from_hours(1)));
        interrupt.set();
        assert!(waiter.join().unwrap());
    }
}
