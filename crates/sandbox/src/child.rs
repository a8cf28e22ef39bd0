//! The child's side: limits first, then work.
//!
//! The first thing that the binary's `main` does is [`entry`]. It is `None` in an ordinary process. In a child it
//! confines the process before it reads a byte, works until its standard input ends, and returns the exit code:
//!
//! ```ignore
//! fn main() -> ExitCode {
//!     if let Some(code) = sandbox::child::entry(&FormatWorker) {
//!         return code;
//!     }
//!     ...
//! }
//! ```

mod stack;
mod limits;
mod landlocked;
mod filter;
mod replies;
mod serve;
mod exec;

use crate::job::ArchiveJob;
use crate::spawner::Spawner;
use crate::wire::{Ready, Start};
use rustix::process::Signal;
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use types::block::Block;
use types::document::Body;
use types::failure::Failure;
use types::seam::parse::MemberEvent;

pub(crate) use stack::wanted as stack_bytes;

/// First argument of a child that parses.
const PARSE_WORD: &str = "parse-child";

/// First argument of a child that limits itself and becomes a custom command.
pub(crate) const COMMAND_WORD: &str = "command-child";

/// The stack of a child: parsers recurse over nested documents.
pub(crate) const STACK_BYTES: u64 = 64 << 20;

/// For the C library's allocator: one arena for all threads. It would reserve 64 MiB of address space for each.
const ONE_ARENA: (&str, &str) = ("MALLOC_ARENA_MAX", "1");

/// Starts a child that parses.
pub(crate) fn parsing(argument: &str) -> Command {
    let mut command = Spawner::ourselves();
    command.env(ONE_ARENA.0, ONE_ARENA.1).arg(PARSE_WORD).arg(argument).current_dir("/");
    // Of its own: a terminal sends its interrupt to every process of the group, and ours decides what ends.
    command.process_group(0);
    command
}

/// Knows the formats. Runs in the child only, one job at a time.
pub trait Worker: Sync {
    /// `first_page` above 1 continues a document whose earlier pages were already delivered: what stands on them
    /// is not pushed again, and a first page past the end is `Ok` without a block. A page is announced before the
    /// work on it begins, so that a death is blamed on the right one. The same document gives the same blocks.
    fn parse(
        &self,
        task: &Task<'_>,
        body: &mut Body,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure>;

    fn unpack(
        &self,
        job: &ArchiveJob<'_>,
        body: &mut Body,
        visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), Failure>;
}

/// A document, or the rest of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task<'a> {
    pub format: &'a str,
    pub name: &'a str,
    /// Counted from 1.
    pub first_page: u32,
}

/// The exit code of this process when it was started as a child, else `None`.
pub fn entry(worker: &dyn Worker) -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let word = arguments.next()?;
    if word == PARSE_WORD {
        Some(ended(parse_child(arguments.next()?.to_str()?, worker)))
    } else if word == COMMAND_WORD {
        Some(exec::run(arguments))
    } else {
        None
    }
}

fn ended(result: io::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    // For a parent that waits for the child to be ready; a parent that has gone hears nothing.
    let (Ok(()) | Err(_)) = writeln!(io::stderr(), "{error}");
    ExitCode::FAILURE
}

fn parse_child(argument: &str, worker: &dyn Worker) -> io::Result<()> {
    let start = Start::from_argument(argument).ok_or(io::ErrorKind::InvalidInput)?;
    stack::ensure(argument)?;
    limits::set(&start)?;
    let pipes = Pipes::take()?;
    let ready = confine()?;
    serve::note_panics();
    match start.archive {
        Some(archive) => serve::archive(worker, pipes, &ready, &archive),
        None => serve::frames(worker, pipes, &ready),
    }
}

/// Standard input and output under other numbers.
#[derive(Debug)]
struct Pipes {
    requests: File,
    replies: File,
}

impl Pipes {
    /// Standard output becomes standard error: what a library prints must not get between the frames.
    fn take() -> io::Result<Self> {
        let requests = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let replies = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(Self { requests, replies })
    }
}

fn confine() -> io::Result<Ready> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_no_new_privs(true)?;
    let mut missing = Vec::new();
    missing.extend(landlocked::forbid_everything());
    missing.extend(filter::apply()?);
    Ok(Ready { missing })
}
