//! A confined child as its parent sees it: requests out, frames in.

use crate::child::parsing;
use crate::frame::{Header, Inbox, Op, PIECE_BYTES, frame};
use crate::patience::Patience;
use crate::piped::{Lost, Piped};
use crate::population::{Population, resident_bytes_of};
use crate::settings::Budget;
use crate::spawner::{Spawner, Stack};
use crate::verdict::Death;
use crate::wire::{Ready, Request, Start, encode};
use std::io::{self, Read};
use std::process::Stdio;
use std::time::Duration;

/// Starting takes 1 ms, and much longer on a machine that swaps.
const START_WALL: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Live {
    pipes: Piped,
    inbox: Inbox,
    /// What one read takes from the pipe.
    buffer: Vec<u8>,
    pub(crate) memory: u64,
    /// Of the processor time of its whole life, what no job has been granted yet.
    pub(crate) cpu_secs_left: u64,
    pub(crate) documents: u32,
    pub(crate) bytes: u64,
    /// What the kernel lacks to confine it.
    pub(crate) missing: Vec<String>,
}

/// What stopped a job while its document was sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    Lost(Lost),
    /// The document cannot be read.
    Document(io::Error),
}

impl From<Lost> for Unsent {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Live {
    pub(crate) fn start(
        spawner: &Spawner,
        population: &Population,
        start: &Start,
        input: Stdio,
    ) -> io::Result<Self> {
        let mut command = parsing(&start.to_argument());
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let pipes = Piped::new(spawner.spawn(command, Stack::Deep)?, population.clone())?;
        let pipes = if start.archive.is_some() { pipes.widen() } else { pipes };
        let mut live = Self {
            pipes,
            inbox: Inbox::default(),
            buffer: vec![0; PIECE_BYTES],
            memory: start.memory,
            cpu_secs_left: start.cpu_secs_life,
            documents: 0,
            bytes: 0,
            missing: Vec::new(),
        };
        match live.ready() {
            Some(ready) => live.missing = ready.missing,
            None => return Err(live.did_not_start()),
        }
        Ok(live)
    }

    fn ready(&mut self) -> Option<Ready> {
        let header = self.next_frame(&mut Patience::of(START_WALL)).ok()?;
        let payload = self.inbox.take(header);
        (header.op == Op::Ready).then(|| postcard::from_bytes(payload).ok()).flatten()
    }

    fn did_not_start(self) -> io::Error {
        match self.pipes.end() {
            Ok((status, words)) => io::Error::other(format!("{status}: {}", words.trim())),
            Err(error) => error,
        }
    }

    /// Sends a request and its document, whose first `request.size` bytes are read.
    pub(crate) fn request(
        &mut self,
        request: &Request,
        document: &mut impl Read,
        patience: &mut Patience,
    ) -> Result<(), Unsent> {
        self.documents += 1;
        self.bytes += request.size;
        // One more: what was used is rounded up.
        self.cpu_secs_left = self.cpu_secs_left.saturating_sub(request.cpu_secs + 1);
        self.pipes.send(&frame(Op::Request, &encode(request)), patience)?;
        let mut document = document.take(request.size);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = match document.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Unsent::Document(error)),
            };
            let header = Header { op: Op::Piece, length: read };
            self.pipes.send(&header.encode(), patience)?;
            self.pipes.send(piece.get(..read).unwrap_or_default(), patience)?;
        }
        Ok(self.pipes.send(&frame(Op::DocumentEnd, &[]), patience)?)
    }

    /// Waits for a whole frame; [`Live::payload`] takes it.
    pub(crate) fn next_frame(&mut self, patience: &mut Patience) -> Result<Header, NoFrame> {
        loop {
            match self.inbox.head() {
                Ok(Some(header)) => return Ok(header),
                Ok(None) => {}
                Err(_) => return Err(NoFrame::Garbled),
            }
            let received = self.pipes.receive(&mut self.buffer, patience).map_err(NoFrame::Lost)?;
            self.inbox.push(self.buffer.get(..received).unwrap_or_default());
        }
    }

    pub(crate) fn payload(&mut self, header: Header) -> &[u8] {
        self.inbox.take(header)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.pipes.has_ended()
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        resident_bytes_of(self.pipes.id())
    }

    pub(crate) fn may_take(&self, budget: &Budget) -> bool {
        self.memory == budget.memory && self.cpu_secs_left > budget.cpu_secs + 1
    }

    /// The verdict about a child that gave no (further) frame.
    pub(crate) fn death(self, why: NoFrame) -> Death {
        match why {
            NoFrame::Garbled => Death::Garbled,
            NoFrame::Lost(Lost::Exhausted | Lost::Interrupted) => Death::Wall,
            NoFrame::Lost(Lost::Ended) => match self.pipes.end() {
                Ok((status, words)) => Death::of(status, &words),
                Err(_) => Death::Garbled,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFrame {
    Lost(Lost),
    Garbled,
}
