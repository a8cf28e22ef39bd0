//! A large stack for the main thread, which is the only one of a child.
//!
//! The stack of another thread would be a mapping, which `RLIMIT_DATA` counts as a whole: the heap could then take
//! what the stack does not use, and a child so much more than its lease. The kernel grows the main thread's stack
//! as it is used, up to a limit that the runtime reads when the program starts. Whoever starts the child sets it; where
//! that was not possible, the program is started again.

use super::{STACK_BYTES, parsing};
use rustix::process::{Resource, Rlimit, getrlimit};
use std::io;
use std::os::unix::process::CommandExt;

/// The soft limit that a child gets.
pub(crate) fn wanted(limit: &Rlimit) -> u64 {
    limit.maximum.map_or(STACK_BYTES, |most| most.min(STACK_BYTES))
}

/// Returns once the stack has its size.
pub(super) fn ensure(argument: &str) -> io::Result<()> {
    let limit = getrlimit(Resource::Stack);
    let wanted = wanted(&limit);
    if limit.current == Some(wanted) {
        return Ok(());
    }
    super::limits::lower(Resource::Stack, wanted, limit.maximum.unwrap_or(u64::MAX))?;
    Err(parsing(argument).exec())
}
