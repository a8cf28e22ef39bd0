//! Numbered fault points: before and after each step that touches disk or commits.
//!
//! `fault::point("store.commit.before")?` does nothing in a shipped binary. With the feature `points`, every
//! point that is passed gets the next number, and an armed plan makes the Nth of them fail, so that the loop
//! *fail the Nth, N = 1, 2, … until a run meets no fault* covers them all.

use std::io;

/// What happens at the armed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SIGKILL to this process.
    Kill,
    /// An I/O error that takes the real error path.
    Error,
    /// As if the disk were full.
    DiskFull,
}

/// Which point fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Counted from 1 over all points passed by this process.
    pub at: u64,
    pub kind: Kind,
}

#[cfg(feature = "points")]
mod armed {
    use super::{Kind, Plan};
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static PLAN: OnceLock<Plan> = OnceLock::new();

    pub(super) fn arm(plan: Plan) {
        PLAN.set(plan).expect("a process is armed once");
    }

    pub(super) fn passed() -> u64 {
        PASSED.load(Ordering::SeqCst)
    }

    pub(super) fn point(name: &str) -> io::Result<()> {
        let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        match PLAN.get() {
            Some(plan) if plan.at == number => fail(name, plan.kind),
            _ => Ok(()),
        }
    }

    fn fail(name: &str, kind: Kind) -> io::Result<()> {
        match kind {
            Kind::Kill => {
                let me = rustix::process::getpid();
                rustix::process::kill_process(me, rustix::process::Signal::KILL)?;
                loop {
                    std::thread::park();
                }
            }
            Kind::Error => Err(io::Error::other(format!("injected fault at {name}"))),
            Kind::DiskFull => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("injected disk full at {name}"),
            )),
        }
    }
}

/// Arms the plan of this process. Without the feature it does nothing.
pub fn arm(plan: Plan) {
    #[cfg(feature = "points")]
    armed::arm(plan);
    #[cfg(not(feature = "points"))]
    let _ = plan;
}

/// Points passed so far; 0 without the feature.
pub fn passed() -> u64 {
    #[cfg(feature = "points")]
    return armed::passed();
    #[cfg(not(feature = "points"))]
    0
}

/// Whether the points are compiled in.
pub const COMPILED_IN: bool = cfg!(feature = "points");

/// A numbered point. Errors only when armed for this number.
pub fn point(name: &str) -> io::Result<()> {
    #[cfg(feature = "points")]
    return armed::point(name);
    #[cfg(not(feature = "points"))]
    {
        let _ = name;
        Ok(())
    }
}

#[cfg(all(test, feature = "points"))]
mod tests {
    use super::*;

    #[test]
    fn the_armed_point_fails_and_no_other() {
        arm(Plan { at: passed() + 2, kind: Kind::Error });
        assert!(point("first").is_ok());
        assert!(point("second").unwrap_err().to_string().contains("second"));
        assert!(point("third").is_ok());
    }
}
