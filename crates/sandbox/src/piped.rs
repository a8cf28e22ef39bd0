//! A child and its pipes, none of which can block us.

use crate::patience::{Impatience, Patience};
use crate::population::Population;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io::{self, ErrorKind, Read, Write};
use std::iter::once;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};

/// Of standard error the end is kept: the runtime's last words come last.
const LAST_WORDS_BYTES: usize = 4 << 10;

/// Of the pipe of a child that unpacks: what any user may ask for.
const WIDE_BYTES: usize = 1 << 20;

/// Why a pipe gave nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The child has closed it: in most cases by its death.
    Ended,
    Exhausted,
    /// Nothing is lost yet: the consumer has to be asked.
    Interrupted,
}

impl From<Impatience> for Lost {
    fn from(why: Impatience) -> Self {
        match why {
            Impatience::Exhausted => Self::Exhausted,
            Impatience::Interrupted => Self::Interrupted,
        }
    }
}

/// A flood on standard error must not keep us from standard output.
const LISTENS_MAX: usize = 16;

/// Killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct Piped {
    process: Child,
    /// `None`: reaped.
    population: Option<Population>,
    /// `None`: a file is the standard input.
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// `None`: closed.
    errors: Option<ChildStderr>,
    last_words: Vec<u8>,
    /// `None`: it cannot start processes.
    leader: Option<Leader>,
}

/// Of a process group.
#[derive(Debug)]
struct Leader {
    /// Becomes readable when the process ends.
    exit: OwnedFd,
}

impl Piped {
    /// Standard output and error have to be pipes.
    pub(crate) fn new(mut process: Child, population: Population) -> io::Result<Self> {
        let missing = || io::Error::other("a pipe of the child is missing");
        let output = process.stdout.take().ok_or_else(missing)?;
        let errors = process.stderr.take().ok_or_else(missing)?;
        let input = process.stdin.take();
        population.add(process.id());
        let piped = Self {
            process,
            population: Some(population),
            input,
            output,
            errors: Some(errors),
            last_words: Vec::new(),
            leader: None,
        };
        piped.never_block()?;
        Ok(piped)
    }

    fn never_block(&self) -> io::Result<()> {
        fcntl_setfl(&self.output, OFlags::NONBLOCK)?;
        if let Some(errors) = &self.errors {
            fcntl_setfl(errors, OFlags::NONBLOCK)?;
        }
        if let Some(input) = &self.input {
            fcntl_setfl(input, OFlags::NONBLOCK)?;
        }
        Ok(())
    }

    /// Room for more output, so that a child that gives much is not woken for every piece of it. The system may allow
    /// less, which costs time only.
    pub(crate) fn widen(self) -> Self {
        let (Ok(_) | Err(_)) = fcntl_setpipe_size(&self.output, WIDE_BYTES);
        self
    }

    /// For a child that leads a group of processes: the output ends with the leader, even if others hold the pipe
    /// open, and the whole group is killed.
    pub(crate) fn lead_group(mut self) -> io::Result<Self> {
        self.leader = Some(Leader { exit: pidfd_open(self.number(), PidfdFlags::empty())? });
        Ok(self)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn number(&self) -> Pid {
        Pid::from_raw(self.process.id() as i32).expect("a child's number is not zero")
    }

    pub(crate) fn send(&mut self, mut bytes: &[u8], patience: &mut Patience) -> Result<(), Lost> {
        while !bytes.is_empty() {
            let input = self.input.as_mut().ok_or(Lost::Ended)?;
            match input.write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let writable = PollFd::new(&*input, PollFlags::OUT);
                    let errors = self.errors.as_ref().map(readable);
                    let mut descriptors: Vec<_> = once(writable).chain(errors).collect();
                    patience.wait(&mut descriptors)?;
                    self.listen();
                }
                // A pipe without a reader: how the child ended is the verdict.
                Err(_) => return Err(Lost::Ended),
            }
        }
        Ok(())
    }

    /// Bytes of standard output, at least one.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        patience: &mut Patience,
    ) -> Result<usize, Lost> {
        loop {
            match self.output.read(buffer) {
                Ok(0) => return Err(Lost::Ended),
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait_for_output(patience)?;
                }
                Err(_) => return Err(Lost::Ended),
            }
        }
    }

    fn wait_for_output(&mut self, patience: &mut Patience) -> Result<(), Lost> {
        let errors = self.errors.as_ref().map(readable);
        let exit = self.leader.as_ref().map(|leader| readable(&leader.exit));
        let mut descriptors: Vec<_> =
            once(readable(&self.output)).chain(exit).chain(errors).collect();
        patience.wait(&mut descriptors)?;
        let ready = |at: usize| descriptors.get(at).is_some_and(|fd| !fd.revents().is_empty());
        let ended = self.leader.is_some() && ready(1) && !ready(0);
        self.listen();
        if ended { Err(Lost::Ended) } else { Ok(()) }
    }

    fn listen(&mut self) {
        let mut buffer = [0; LAST_WORDS_BYTES];
        for _ in 0..LISTENS_MAX {
            let Some(errors) = &mut self.errors else { return };
            match errors.read(&mut buffer) {
                Ok(0) => self.errors = None,
                Ok(read) => self.last_words.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.errors = None,
            }
            let too_many = self.last_words.len().saturating_sub(LAST_WORDS_BYTES);
            self.last_words.drain(..too_many);
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Until the leader of a group has ended by itself.
    pub(crate) fn wait_for_leader(&mut self, patience: &mut Patience) -> Result<(), Impatience> {
        while let Some(leader) = &self.leader {
            let exit = readable(&leader.exit);
            let mut descriptors: Vec<_> =
                once(exit).chain(self.errors.as_ref().map(readable)).collect();
            patience.wait(&mut descriptors)?;
            let ended = descriptors.first().is_some_and(|exit| !exit.revents().is_empty());
            self.listen();
            if ended {
                break;
            }
        }
        Ok(())
    }

    /// Kills it; when it was dying already, that changes nothing about its status.
    pub(crate) fn end(mut self) -> io::Result<(ExitStatus, String)> {
        let status = self.reap()?;
        self.listen();
        Ok((status, String::from_utf8_lossy(&self.last_words).into_owned()))
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(population) = self.population.take() {
            population.remove(self.process.id());
        }
        if self.leader.take().is_some() {
            // Fails when none of the group is left. Before the leader is reaped: then its number is free.
            let (Ok(()) | Err(_)) = kill_process_group(self.number(), Signal::KILL);
        }
        self.process.kill()?;
        self.process.wait()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        // A child that cannot be killed has been reaped.
        let (Ok(_) | Err(_)) = self.reap();
    }
}

fn readable<Fd: AsFd>(descriptor: &Fd) -> PollFd<'_> {
    PollFd::new(descriptor, PollFlags::IN)
}
