//! How a command ended.

use super::CommandJob;
use crate::verdict::Bytes;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use types::failure::{Failure, FailureClass};

const SIGXCPU: i32 = 24;

/// How interpreters and C libraries say that an allocation failed.
const OUT_OF_MEMORY: [&str; 5] =
    ["MemoryError", "Cannot allocate memory", "out of memory", "bad_alloc", "memory allocation of"];

/// Characters of the last line that the command wrote on standard error.
const LAST_LINE_CHARS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Wall,
    Cpu,
    Memory,
    Output(u64),
    /// What went wrong before it ran.
    CannotStart(String),
    Exit {
        code: i32,
        last_line: String,
    },
    Signal(i32),
}

impl Ending {
    /// `None`: well.
    pub(super) fn of(status: ExitStatus, words: &str) -> Option<Self> {
        let last_line = last_line(words);
        Some(match (status.signal(), status.code()) {
            (_, Some(0)) => return None,
            (Some(SIGXCPU), _) => Self::Cpu,
            _ if OUT_OF_MEMORY.iter().any(|said| words.contains(said)) => Self::Memory,
            (_, Some(126 | 127)) => Self::CannotStart(last_line),
            (_, Some(code)) => Self::Exit { code, last_line },
            (signal, None) => Self::Signal(signal.unwrap_or_default()),
        })
    }
}

pub(super) fn failure(job: &CommandJob<'_>, ending: &Ending) -> Failure {
    let name = job.command.first().map_or("", String::as_str);
    let (class, message, hint) = match ending {
        Ending::Wall | Ending::Cpu => (
            FailureClass::Timeout,
            format!("the command {name} took more than {} s", job.timeout.as_secs()),
            "raise `timeout` of this entry of [[parsers]], or split the document",
        ),
        Ending::Memory => (
            FailureClass::Bomb,
            format!("the command {name} needs more than {} of memory", Bytes(job.memory)),
            "raise `memory` of this entry of [[parsers]], or split the document",
        ),
        Ending::Output(bytes) => (
            FailureClass::Bomb,
            format!(
                "the command {name} wrote more than {} from {}",
                Bytes(*bytes),
                Bytes(job.size)
            ),
            "split the document",
        ),
        Ending::CannotStart(why) => (
            FailureClass::Internal,
            format!("cannot run the command {name}: {why}"),
            "check `command` of this entry of [[parsers]]",
        ),
        Ending::Exit { code, last_line } => (
            FailureClass::BadDocument,
            format!("the command {name} failed with exit code {code}: {last_line}"),
            "run the command by hand on this file",
        ),
        Ending::Signal(number) => (
            FailureClass::BadDocument,
            format!("the command {name} died of signal {number}"),
            "run the command by hand on this file",
        ),
    };
    Failure::new(class, message, hint)
}

fn last_line(words: &str) -> String {
    let line = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word about it");
    line.trim().chars().filter(|c| !c.is_control()).take(LAST_LINE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_the_last_words_make_the_ending() {
        let exit = |code, last_line: &str| Ending::Exit { code, last_line: last_line.to_owned() };
        for (raw, words, expected) in [
            (24, "", Ending::Cpu),
            (11, "", Ending::Signal(11)),
            (1 << 8, "Traceback\nMemoryError\n", Ending::Memory),
            (127 << 8, "not found\n", Ending::CannotStart("not found".into())),
            (3 << 8, "first\n last\u{7} \n\n", exit(3, "last")),
            (1 << 8, "", exit(1, "no word about it")),
        ] {
            let ending = Ending::of(ExitStatus::from_raw(raw), words);
            assert_eq!(ending, Some(expected), "{raw} {words:?}");
        }
        assert_eq!(Ending::of(ExitStatus::from_raw(0), "a warning"), None);
    }
}
