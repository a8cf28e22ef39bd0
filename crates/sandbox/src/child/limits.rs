//! Resource limits of a child.

use super::STACK_BYTES;
use crate::process_status::bytes_of;
use crate::wire::Start;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io;

/// Address space that is reserved and not used: by an allocator for its arenas, by threads for their guards.
const ADDRESS_SLACK_BYTES: u64 = 256 << 20;

/// Standard streams, their copies, and a few for whoever opens something without need.
const DESCRIPTORS_MAX: u64 = 16;

/// The limits come on top of what the executable and the runtime have mapped before any work.
pub(super) fn set(start: &Start) -> io::Result<()> {
    let mapped =
        |field| bytes_of("self", field)?.ok_or(io::Error::from(io::ErrorKind::InvalidData));
    let address = start.memory.saturating_add(STACK_BYTES + ADDRESS_SLACK_BYTES);
    fix(Resource::Data, mapped("VmData")?.saturating_add(start.memory))?;
    fix(Resource::As, mapped("VmSize")?.saturating_add(address))?;
    // Standard input and output are pipes, and the archive is read: nothing that grows is ever written.
    fix(Resource::Fsize, 0)?;
    fix(Resource::Core, 0)?;
    fix(Resource::Nofile, DESCRIPTORS_MAX)?;
    // The soft limit comes with the job. It has to be the lower one: only then the signal says what happened.
    fix(Resource::Cpu, start.cpu_secs_life)
}

/// Grants seconds of processor time, counted from now. The kernel counts the whole life of a process.
pub(super) fn grant_cpu(secs: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    // Rounded up, but not because of the time that starting took: a job loses 0.2 s at most.
    let begun = u64::from(used.tv_nsec > 200_000_000);
    let used = used.tv_sec.unsigned_abs() + begun;
    let life = getrlimit(Resource::Cpu).maximum.unwrap_or(u64::MAX);
    let soft = used.saturating_add(secs).min(life.saturating_sub(1));
    lower(Resource::Cpu, soft, life)
}

/// Soft and hard alike.
pub(super) fn fix(resource: Resource, value: u64) -> io::Result<()> {
    lower(resource, value, value)
}

/// A process without privileges cannot raise its hard limit: a lower one that it was given stays.
pub(super) fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.map_or(hard, |given| given.min(hard));
    let limit = Rlimit { current: Some(soft.min(hard)), maximum: Some(hard) };
    setrlimit(resource, limit)?;
    Ok(())
}
