//! How long a child may let us wait.

use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So soon a waiting thread sees that it is interrupted.
const GLANCE: Duration = Duration::from_millis(200);

/// Falls only while we wait for the child: what the consumer of its output does in between is not its fault.
#[derive(Debug)]
pub(crate) struct Patience {
    left: Duration,
    interrupt: Option<Arc<AtomicBool>>,
}

/// Why a wait ended without anything to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Impatience {
    Exhausted,
    /// Said once; the next wait goes on.
    Interrupted,
}

impl Patience {
    pub(crate) fn of(left: Duration) -> Self {
        Self { left, interrupt: None }
    }

    pub(crate) fn until(&mut self, interrupt: Option<&Arc<AtomicBool>>) {
        self.interrupt = interrupt.cloned();
    }

    /// Returns when one of them is ready.
    pub(crate) fn wait(&mut self, descriptors: &mut [PollFd<'_>]) -> Result<(), Impatience> {
        loop {
            if self.interrupt.take_if(|flag| flag.load(Ordering::Relaxed)).is_some() {
                return Err(Impatience::Interrupted);
            }
            let slice = self.interrupt.as_ref().map_or(self.left, |_| self.left.min(GLANCE));
            let timeout = Timespec {
                tv_sec: slice.as_secs() as i64,
                tv_nsec: i64::from(slice.subsec_nanos()),
            };
            let before = Instant::now();
            let ready = poll(descriptors, Some(&timeout));
            self.left = self.left.saturating_sub(before.elapsed());
            match ready {
                Ok(1..) => return Ok(()),
                // A signal handler ran, or the kernel was short of memory for a moment.
                Ok(0) | Err(Errno::INTR | Errno::AGAIN | Errno::NOMEM) if !self.left.is_zero() => {}
                Ok(0) | Err(_) => return Err(Impatience::Exhausted),
            }
        }
    }
}
