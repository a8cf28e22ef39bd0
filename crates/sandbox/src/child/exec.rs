//! Limits this process and becomes a custom command.
//!
//! A command such as Python needs files, so it cannot live behind Landlock and a list of system calls. It gets
//! limits of time, memory and privileges. Memory is limited by `RLIMIT_DATA` alone: interpreters with garbage
//! collection reserve address space that they never use.

use super::limits;
use rustix::process::{Pid, Resource, Signal};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Enough for an interpreter, its libraries and temporary files.
const DESCRIPTORS_MAX: u64 = 256;

/// Between the signal that names the limit and the one that cannot be caught.
const CPU_GRACE_SECS: u64 = 2;

/// As a shell does: the command was found and could not be started, or was not found.
const CANNOT_START: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Arguments: bytes of memory, seconds of processor time, the parent's process number, then the command.
/// Returns only when that cannot be started.
pub(super) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let error = match become_command(&mut arguments) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    // Nobody but the parent reads this; without it, the exit code says the same.
    let (Ok(()) | Err(_)) = writeln!(io::stderr(), "cannot start the command: {error}");
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { CANNOT_START })
}

fn become_command(
    arguments: &mut impl Iterator<Item = OsString>,
) -> io::Result<std::convert::Infallible> {
    let mut number = || {
        let word = arguments.next()?;
        word.to_str()?.parse::<u64>().ok()
    };
    let (Some(memory), Some(cpu_secs), Some(parent)) = (number(), number(), number()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    limit(memory, cpu_secs)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid().map(Pid::as_raw_nonzero).is_none_or(|p| p.get() as u64 != parent)
    {
        return Err(io::Error::other("the parent has ended"));
    }
    rustix::thread::set_no_new_privs(true)?;
    let program = arguments.next().ok_or(io::ErrorKind::InvalidInput)?;
    Err(Command::new(program).args(arguments).exec())
}

fn limit(memory: u64, cpu_secs: u64) -> io::Result<()> {
    limits::fix(Resource::Data, memory)?;
    limits::fix(Resource::Core, 0)?;
    limits::fix(Resource::Nofile, DESCRIPTORS_MAX)?;
    limits::lower(Resource::Cpu, cpu_secs, cpu_secs + CPU_GRACE_SECS)
}
