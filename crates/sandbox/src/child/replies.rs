//! Replies leave in whole frames, blocks in batches.

use crate::frame::{FRAME_BYTES_MAX, Header, Op, PIECE_BYTES, frame};
use crate::wire::{MemberFailed, append_block, encode};
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use types::block::Block;
use types::failure::{Failure, FailureClass};
use types::seam::parse::MemberEvent;

/// Half a pipe: the parent decodes one batch while the child fills the next.
const BATCH_BYTES: usize = 32 << 10;

#[derive(Debug)]
pub(super) struct Replies {
    pipe: File,
    /// Encoded blocks that have not left yet.
    batch: Vec<u8>,
    /// Why the parser was stopped.
    stopped: Option<Stopped>,
}

#[derive(Debug)]
enum Stopped {
    ParentGone(io::Error),
    Refused(Failure),
}

impl Replies {
    pub(super) fn new(pipe: File) -> Self {
        Self { pipe, batch: Vec::with_capacity(2 * BATCH_BYTES), stopped: None }
    }

    pub(super) fn send(&mut self, op: Op, payload: &[u8]) -> io::Result<()> {
        self.pipe.write_all(&frame(op, payload))
    }

    /// A page leaves at once, so that the parent knows where a death struck, and loses nothing before it.
    pub(super) fn push(&mut self, block: &Block) -> ControlFlow<()> {
        let before = self.batch.len();
        self.batch = append_block(std::mem::take(&mut self.batch), block);
        let bytes = self.batch.len() - before;
        if bytes > FRAME_BYTES_MAX - BATCH_BYTES {
            self.batch.truncate(before);
            return self.stop(Stopped::Refused(too_large(bytes)));
        }
        if self.batch.len() < BATCH_BYTES && !matches!(block, Block::Page(_)) {
            return ControlFlow::Continue(());
        }
        self.flush()
    }

    pub(super) fn visit(&mut self, event: MemberEvent<'_>) -> ControlFlow<()> {
        let sent = match event {
            MemberEvent::Begin { name } => self.send(Op::MemberBegin, name.as_bytes()),
            MemberEvent::Data(data) => {
                data.chunks(PIECE_BYTES).try_for_each(|piece| self.send(Op::MemberData, piece))
            }
            MemberEvent::End => self.send(Op::MemberEnd, &[]),
            MemberEvent::Failed { name, failure } => {
                let failed = MemberFailed { name: name.to_owned(), failure };
                self.send(Op::MemberFailed, &encode(&failed))
            }
        };
        match sent {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => self.stop(Stopped::ParentGone(error)),
        }
    }

    /// The last frame of a job whose worker has returned.
    pub(super) fn finish(&mut self, outcome: Result<(), Failure>) -> io::Result<()> {
        let refused = match self.stopped.take_if(|stopped| matches!(stopped, Stopped::Refused(_))) {
            Some(Stopped::Refused(failure)) => Err(failure),
            _ => Ok(()),
        };
        match refused.and(outcome) {
            Ok(()) => self.finish_with(Op::Done, &[]),
            Err(failure) => self.finish_with(Op::Refused, &encode(&failure)),
        }
    }

    /// The last frame, after the blocks that still wait.
    pub(super) fn finish_with(&mut self, op: Op, payload: &[u8]) -> io::Result<()> {
        if self.stopped.is_none() && !self.batch.is_empty() {
            // What goes wrong is in `stopped` then.
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) = self.flush();
        }
        match self.stopped.take() {
            Some(Stopped::ParentGone(error)) => Err(error),
            Some(Stopped::Refused(_)) | None => self.send(op, payload),
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let header = Header { op: Op::Blocks, length: self.batch.len() };
        let sent =
            self.pipe.write_all(&header.encode()).and_then(|()| self.pipe.write_all(&self.batch));
        self.batch.clear();
        match sent {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => self.stop(Stopped::ParentGone(error)),
        }
    }

    fn stop(&mut self, why: Stopped) -> ControlFlow<()> {
        self.stopped = Some(why);
        ControlFlow::Break(())
    }
}

fn too_large(bytes: usize) -> Failure {
    Failure::new(
        FailureClass::TooLarge,
        format!("one block has {bytes} bytes, the limit is {}", FRAME_BYTES_MAX - BATCH_BYTES),
        "split the document",
    )
}
