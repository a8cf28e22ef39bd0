//! The parent's side: a job in, blocks or members out, and a verdict if the child dies.

mod parse;
mod unpack;

use crate::frame::Op;
use crate::live::{Live, NoFrame, Unsent};
use crate::pool::Pool;
use crate::population::Population;
use crate::settings::{Budget, SandboxSettings};
use crate::spawner::Spawner;
use crate::verdict::Death;
use crate::wire::Start;
use std::io;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use types::failure::{Failure, FailureClass};

/// Seconds of processor time for the life of a child beyond its first job; jobs are granted theirs one by one.
const CPU_SECS_LIFE: u64 = 600;

/// Runs jobs in children. Shared by any number of threads; a job runs in the thread that asks for it.
#[derive(Debug)]
pub struct Sandbox {
    settings: SandboxSettings,
    interrupt: OnceLock<Arc<AtomicBool>>,
    /// Before the spawner, so that the children have ended when its thread does.
    pool: Pool,
    population: Population,
    spawner: Spawner,
}

impl Sandbox {
    /// Starts the thread that starts children. The binary has to call [`crate::child::entry`] first in `main`.
    pub fn new(settings: SandboxSettings) -> io::Result<Self> {
        Ok(Self {
            settings,
            interrupt: OnceLock::new(),
            pool: Pool::default(),
            population: Population::default(),
            spawner: Spawner::start()?,
        })
    }

    /// Starts a child, and says what this kernel lacks to confine it; nothing when all is in place.
    pub fn missing_confinement(&self) -> Result<Vec<String>, Failure> {
        let budget = self.settings.parse_budget(0, crate::memory_needed(0, 1));
        let live = self.child(&budget)?;
        let missing = live.missing.clone();
        self.pool.give_back(live, &self.settings);
        Ok(missing)
    }

    /// Once this flag is set, a consumer is asked while its parser works in silence: `push` gets a warning, `visit`
    /// an empty piece of data, and `Break` ends the job with `Ok`. Only the first flag counts.
    pub fn heed(&self, interrupt: Arc<AtomicBool>) {
        // A second one would belong to another run, whose consumers know it themselves.
        let (Ok(()) | Err(_)) = self.interrupt.set(interrupt);
    }

    pub(crate) fn interrupt(&self) -> Option<&Arc<AtomicBool>> {
        self.interrupt.get()
    }

    /// Memory of all children that live now, without what files back.
    pub fn resident_bytes(&self) -> u64 {
        self.population.resident_bytes()
    }

    pub(crate) fn settings(&self) -> &SandboxSettings {
        &self.settings
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    pub(crate) fn population(&self) -> &Population {
        &self.population
    }

    fn child(&self, budget: &Budget) -> Result<Live, Failure> {
        if let Some(live) = self.pool.take(budget) {
            return Ok(live);
        }
        let start = Start {
            memory: budget.memory,
            cpu_secs_life: budget.cpu_secs + CPU_SECS_LIFE,
            archive: None,
        };
        self.start(&start, Stdio::piped())
    }

    fn start(&self, start: &Start, input: Stdio) -> Result<Live, Failure> {
        Live::start(&self.spawner, &self.population, start, input)
            .map_err(|error| cannot_start(&error))
    }
}

/// Why a child is asked for nothing more.
enum Stop {
    /// The job is done, or the worker has said no: the child can take another.
    Answered(Result<(), Failure>),
    /// The consumer wants no more.
    ConsumerGone,
    /// The document cannot be read.
    Unreadable(io::Error),
    NoFrame(NoFrame),
    Death(Death),
}

impl From<NoFrame> for Stop {
    fn from(why: NoFrame) -> Self {
        Self::NoFrame(why)
    }
}

impl From<Unsent> for Stop {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Lost(lost) => Self::NoFrame(NoFrame::Lost(lost)),
            Unsent::Document(error) => Self::Unreadable(error),
        }
    }
}

fn cannot_start(error: &io::Error) -> Failure {
    Failure::new(
        FailureClass::Internal,
        format!("cannot start a parser process: {error}"),
        "check the limits of processes and memory for this user",
    )
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::bad_document(
        format!("cannot be read: {error}"),
        "check the file and its disk, then run `gristmill failures retry bad_document`",
    )
}

impl Stop {
    /// A frame after which none comes.
    fn last(op: Op, payload: &[u8]) -> Self {
        match op {
            Op::Done => Self::Answered(Ok(())),
            Op::Refused => match postcard::from_bytes(payload) {
                Ok(failure) => Self::Answered(Err(failure)),
                Err(_) => NoFrame::Garbled.into(),
            },
            Op::Panicked => {
                Self::Death(Death::Panic(String::from_utf8_lossy(payload).into_owned()))
            }
            _ => NoFrame::Garbled.into(),
        }
    }
}
