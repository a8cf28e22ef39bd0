//! A custom command takes a document apart: it gets the path, and writes one JSON object per line.

mod lines;
mod record;
mod verdict;

use crate::child::COMMAND_WORD;
use crate::patience::{Impatience, Patience};
use crate::piped::{Lost, Piped};
use crate::sandbox::Sandbox;
use crate::spawner::{Spawner, Stack};
use lines::Lines;
use record::Records;
use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use types::block::Block;
use types::failure::Failure;
use verdict::{Ending, failure};

/// What a command needs to find its interpreter and its files. Nothing else of our environment is its business.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A document, a command and its limits.
#[derive(Debug, Clone, Copy)]
pub struct CommandJob<'a> {
    /// The program and its arguments; the path follows as the last one.
    pub command: &'a [String],
    pub path: &'a Path,
    /// Of the document, in bytes.
    pub size: u64,
    /// Of waiting for the command, and of processor time.
    pub timeout: Duration,
    /// Bytes for each process of the command.
    pub memory: u64,
}

impl Sandbox {
    /// Pushes the command's records. A line that is none is a [`Block::Warning`]; an exit code other than 0, a
    /// signal or a limit is `Err`, and the records pushed so far stand.
    pub fn command(
        &self,
        job: &CommandJob<'_>,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let output_bytes = self.settings().parse_budget(job.size, job.memory).output_bytes;
        let mut piped = match self.start_command(job) {
            Ok(piped) => piped,
            Err(error) => return Err(failure(job, &Ending::CannotStart(error.to_string()))),
        };
        let mut records = Records::new(push);
        let mut patience = Patience::of(job.timeout);
        patience.until(self.interrupt());
        let ending = match follow(&mut piped, &mut records, &mut patience, output_bytes) {
            Followed::ConsumerGone => return Ok(()),
            Followed::Flooded => Some(Ending::Output(output_bytes)),
            Followed::Exhausted => Some(Ending::Wall),
            Followed::Ended => match piped.end() {
                Ok((status, words)) => Ending::of(status, &words),
                Err(error) => Some(Ending::CannotStart(error.to_string())),
            },
        };
        match ending {
            None => records.finish(),
            Some(ending) => Err(failure(job, &ending)),
        }
    }

    fn start_command(&self, job: &CommandJob<'_>) -> io::Result<Piped> {
        let child = self.spawner().spawn(limited(job)?, Stack::Usual)?;
        Piped::new(child, self.population().clone())?.lead_group()
    }
}

/// Our own program, which limits itself and becomes the command.
fn limited(job: &CommandJob<'_>) -> io::Result<Command> {
    let cpu_secs = job.timeout.as_secs().max(1);
    let mut command = Spawner::ourselves();
    command.envs(ENVIRONMENT.into_iter().filter_map(passed_on)).arg(COMMAND_WORD);
    for number in [job.memory, cpu_secs, u64::from(std::process::id())] {
        command.arg(number.to_string());
    }
    // Absolute: a name that begins with a dash is no option then.
    command.args(job.command).arg(std::path::absolute(job.path)?);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    Ok(command)
}

#[expect(
    clippy::disallowed_methods,
    reason = "passed on to the command, not read as configuration"
)]
fn passed_on(name: &str) -> Option<(&str, OsString)> {
    std::env::var_os(name).map(|value| (name, value))
}

enum Followed {
    Ended,
    Exhausted,
    Flooded,
    ConsumerGone,
}

fn follow(
    piped: &mut Piped,
    records: &mut Records<'_>,
    patience: &mut Patience,
    output_bytes: u64,
) -> Followed {
    let mut buffer = vec![0; 64 << 10];
    let mut lines = Lines::default();
    let mut output_left = output_bytes;
    loop {
        let received = match piped.receive(&mut buffer, patience) {
            Ok(received) => received,
            Err(Lost::Exhausted) => return Followed::Exhausted,
            Err(Lost::Interrupted) => match records.ask() {
                ControlFlow::Continue(()) => continue,
                ControlFlow::Break(()) => return Followed::ConsumerGone,
            },
            Err(Lost::Ended) => break,
        };
        let Some(left) = output_left.checked_sub(received as u64) else {
            return Followed::Flooded;
        };
        output_left = left;
        let bytes = buffer.get(..received).unwrap_or_default();
        if lines.push(bytes, &mut |line| records.take(line)).is_break() {
            return Followed::ConsumerGone;
        }
    }
    match lines.end(&mut |line| records.take(line)) {
        ControlFlow::Continue(()) => wait_for_leader(piped, records, patience),
        ControlFlow::Break(()) => Followed::ConsumerGone,
    }
}

/// A command may close its output long before it ends.
fn wait_for_leader(
    piped: &mut Piped,
    records: &mut Records<'_>,
    patience: &mut Patience,
) -> Followed {
    loop {
        match piped.wait_for_leader(patience) {
            Ok(()) => return Followed::Ended,
            Err(Impatience::Exhausted) => return Followed::Exhausted,
            Err(Impatience::Interrupted) => {
                if records.ask().is_break() {
                    return Followed::ConsumerGone;
                }
            }
        }
    }
}
