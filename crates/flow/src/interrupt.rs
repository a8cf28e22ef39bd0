//! The wish to stop: set once, seen by everybody who starts something new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
}
