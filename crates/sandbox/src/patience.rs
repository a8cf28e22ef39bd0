//! How long a child may let us wait.

use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;
use std::time::{Duration, Instant};

/// Falls only while we wait for the child: what the consumer of its output does in between is not its fault.
#[derive(Debug)]
pub(crate) struct Patience {
    left: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Patience {
    pub(crate) fn of(left: Duration) -> Self {
        Self { left }
    }

    /// Returns when one of them is ready.
    pub(crate) fn wait(&mut self, descriptors: &mut [PollFd<'_>]) -> Result<(), Exhausted> {
        loop {
            let before = Instant::now();
            let timeout = Timespec {
                tv_sec: self.left.as_secs() as i64,
                tv_nsec: i64::from(self.left.subsec_nanos()),
            };
            let ready = poll(descriptors, Some(&timeout));
            self.left = self.left.saturating_sub(before.elapsed());
            match ready {
                Ok(0) => return Err(Exhausted),
                Ok(_) => return Ok(()),
                // A signal handler ran, or the kernel was short of memory for a moment.
                Err(Errno::INTR | Errno::AGAIN | Errno::NOMEM) if !self.left.is_zero() => {}
                Err(_) => return Err(Exhausted),
            }
        }
    }
}
