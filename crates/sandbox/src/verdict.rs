//! What a death says about a document.

use crate::child::STACK_BYTES;
use crate::settings::Budget;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use types::failure::{Failure, FailureClass};

/// How a child ended before its job was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Death {
    /// An allocation over the limit.
    Memory,
    Stack,
    /// Processor time.
    Cpu,
    /// No answer in time.
    Wall,
    /// More output than granted.
    Output,
    ForbiddenCall,
    Signal(i32),
    Exit(i32),
    /// Caught in the child; at this place of the source.
    Panic(String),
    /// The frames are none of ours.
    Garbled,
}

mod signal {
    pub(super) const ABRT: i32 = 6;
    pub(super) const XCPU: i32 = 24;
    pub(super) const SYS: i32 = 31;
}

impl Death {
    /// Only standard error tells a failed allocation from a stack overflow: both abort.
    pub(crate) fn of(status: ExitStatus, stderr: &str) -> Self {
        match status.signal() {
            Some(signal::ABRT) if stderr.contains("memory allocation of") => Self::Memory,
            Some(signal::ABRT) if stderr.contains("has overflowed its stack") => Self::Stack,
            Some(signal::XCPU) => Self::Cpu,
            Some(signal::SYS) => Self::ForbiddenCall,
            Some(other) => Self::Signal(other),
            None => Self::Exit(status.code().unwrap_or_default()),
        }
    }

    /// Nothing is known about the cause, so that a second try may go well.
    pub(crate) fn is_crash(&self) -> bool {
        matches!(self, Self::Signal(_) | Self::Exit(_) | Self::Panic(_))
    }

    /// A later page may go well. Not after a flood, whose pages are no good, nor after an attack.
    pub(crate) fn spares_later_pages(&self) -> bool {
        self.is_crash() || matches!(self, Self::Memory | Self::Stack | Self::Cpu | Self::Wall)
    }
}

/// As the end of a sentence that begins with what was going on.
impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("the parser needed more memory than it may take"),
            Self::Stack => f.write_str("it is nested too deeply"),
            Self::Cpu | Self::Wall => f.write_str("the parser took more time than it may take"),
            Self::Output => f.write_str("the parser wrote more than it may write"),
            Self::ForbiddenCall => f.write_str("the parser made a forbidden system call"),
            Self::Signal(number) => write!(f, "the parser died of signal {number}"),
            Self::Exit(code) => write!(f, "the parser exited with code {code}"),
            Self::Panic(place) => write!(f, "the parser panicked at {place}"),
            Self::Garbled => f.write_str("the parser sent an unreadable answer"),
        }
    }
}

/// The case: which limits stood, and how often the parser died.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) size: u64,
    pub(crate) budget: &'a Budget,
    pub(crate) deaths: u32,
}

impl Case<'_> {
    pub(crate) fn failure(self, death: &Death) -> Failure {
        let Self { size, budget, deaths } = self;
        let (class, message, hint) = match death {
            Death::Memory => (
                FailureClass::Bomb,
                format!(
                    "needs more than {} of memory to parse {}",
                    Bytes(budget.memory),
                    Bytes(size)
                ),
                "if the document is to be trusted, raise --memory-limit and `limits.parse_memory`; else split it",
            ),
            Death::Stack => (
                FailureClass::BadDocument,
                format!("nested too deeply: overflowed a stack of {}", Bytes(STACK_BYTES)),
                "save the document again with another program",
            ),
            Death::Cpu => (
                FailureClass::Timeout,
                format!("took more than {} s of processor time to parse", budget.cpu_secs),
                "split the document, or save it again with another program",
            ),
            Death::Wall => (
                FailureClass::Timeout,
                format!("no answer from the parser within {} s", budget.wall.as_secs()),
                "try again when the machine is less busy, or split the document",
            ),
            Death::Output => (
                FailureClass::Bomb,
                format!("gives more than {} from {}", Bytes(budget.output_bytes), Bytes(size)),
                "unpack it yourself, and ingest the files that matter",
            ),
            Death::ForbiddenCall => (
                FailureClass::Internal,
                format!("{death}"),
                "report this document: it may be an attack on the parser",
            ),
            Death::Garbled => {
                (FailureClass::Internal, format!("{death}"), "report this document as a bug")
            }
            Death::Signal(_) | Death::Exit(_) | Death::Panic(_) => (
                FailureClass::CrashLoop,
                format!("the parser died {deaths} times: {death}"),
                "save the document again with another program, and report this one as a bug",
            ),
        };
        Failure::new(class, message, hint)
    }
}

/// `3 bytes`, `12 KiB`, `64 MiB`: whole numbers, so that a limit reads as it was set.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..=9_999 => write!(f, "{bytes} bytes"),
            bytes @ 10_000..=9_999_999 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{} MiB", bytes >> 20),
        }
    }
}

#[cfg(test)]
mod tests;
