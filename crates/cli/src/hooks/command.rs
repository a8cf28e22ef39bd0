//! A program that reads the result from its standard input.

use crate::hooks::HookFailure;
use crate::settings::command_line::CommandLine;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// After the kill signal the system needs a moment, and no program can make it longer.
const DEATH_TIMEOUT: Duration = Duration::from_secs(5);

/// What the program prints goes to our stderr, because stdout belongs to the run's result.
pub(super) fn run(line: &CommandLine, body: &str, timeout: Duration) -> Result<(), HookFailure> {
    let child = Command::new(&line.program)
        .args(&line.arguments)
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .process_group(0)
        .spawn()
        .map_err(|error| HookFailure::NotStarted(error.to_string()))?;
    let group = Pid::from_child(&child);
    let ended = wait(child, body.to_owned());
    let Ok(status) = ended.recv_timeout(timeout) else {
        end(group, &ended);
        return Err(HookFailure::Timeout(timeout));
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(HookFailure::Exit(status.to_string())),
        Err(error) => Err(HookFailure::Broken(error.to_string())),
    }
}

/// Writes and waits in a thread of its own, since both can take for ever. A program need not read its input: a
/// pipe that it closed is no failure.
fn wait(mut child: Child, body: String) -> Receiver<std::io::Result<ExitStatus>> {
    let (send, receive) = sync_channel(1);
    std::thread::spawn(move || {
        let mut stdin = child.stdin.take().expect("a pipe was asked for");
        let written = stdin.write_all(body.as_bytes());
        drop(stdin);
        let status = child.wait();
        let status = match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
            _ => status,
        };
        // Nobody listens any more when the program outlived even its killing.
        drop(send.send(status));
    });
    receive
}

/// Ends the program with everything it started: a child of it that lived on would hold our stderr open.
fn end(group: Pid, ended: &Receiver<std::io::Result<ExitStatus>>) {
    // Fails only if the group has just ended by itself.
    kill_process_group(group, Signal::KILL).ok();
    drop(ended.recv_timeout(DEATH_TIMEOUT));
}
