//! The loops of a confined child.

use super::replies::Replies;
use super::{Pipes, Task, Worker, limits};
use crate::frame::{Op, read_header};
use crate::job::ArchiveJob;
use crate::wire::{Archive, Ready, Request, encode};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};
use types::document::Body;
use types::failure::Failure;

/// Where the last panic struck. The hook is the only one who is told.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

/// Silent: a panic is a reply, and standard error is for what the runtime says before it aborts.
pub(super) fn note_panics() {
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map_or_else(String::new, |at| {
            // The last two steps name the file; those before are those of the machine that built this.
            let steps: Vec<_> = at.file().rsplit('/').take(2).collect();
            let file: Vec<_> = steps.into_iter().rev().collect();
            format!("{}:{}", file.join("/"), at.line())
        });
        *PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
}

/// Serves requests until the parent closes the pipe.
pub(super) fn frames(worker: &dyn Worker, pipes: Pipes, ready: &Ready) -> io::Result<()> {
    let mut requests = BufReader::new(pipes.requests);
    let mut replies = Replies::new(pipes.replies);
    replies.send(Op::Ready, &encode(ready))?;
    while let Some(header) = read_header(&mut requests)? {
        if header.op != Op::Request {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let request = read_request(&mut requests, header.length)?;
        limits::grant_cpu(request.cpu_secs)?;
        let mut body = Body::Memory(Cursor::new(read_document(&mut requests, request.size)?));
        let task =
            Task { format: &request.format, name: &request.name, first_page: request.first_page };
        let outcome = guarded(|| worker.parse(&task, &mut body, &mut |block| replies.push(&block)));
        reply(&mut replies, outcome)?;
    }
    Ok(())
}

/// Unpacks the one archive that is standard input.
pub(super) fn archive(
    worker: &dyn Worker,
    pipes: Pipes,
    ready: &Ready,
    archive: &Archive,
) -> io::Result<()> {
    let mut replies = Replies::new(pipes.replies);
    replies.send(Op::Ready, &encode(ready))?;
    limits::grant_cpu(archive.cpu_secs)?;
    let mut file: File = pipes.requests;
    file.rewind()?;
    let mut body = Body::File(file);
    let job = ArchiveJob { format: &archive.format, name: &archive.name, budget: archive.budget };
    let outcome = guarded(|| worker.unpack(&job, &mut body, &mut |event| replies.visit(event)));
    reply(&mut replies, outcome)
}

fn read_request(from: &mut impl Read, length: usize) -> io::Result<Request> {
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    postcard::from_bytes(&payload).map_err(io::Error::other)
}

/// The whole document, before any of it is parsed: a parent that still writes would not read.
fn read_document(from: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    let mut document = Vec::with_capacity(usize::try_from(size).unwrap_or(usize::MAX));
    loop {
        let header = read_header(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match header.op {
            Op::Piece => {
                let before = document.len();
                document.resize(before + header.length, 0);
                from.read_exact(&mut document[before..])?;
            }
            Op::DocumentEnd => return Ok(document),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// `None`: it panicked.
fn guarded(job: impl FnOnce() -> Result<(), Failure>) -> Option<Result<(), Failure>> {
    panic::catch_unwind(AssertUnwindSafe(job)).ok()
}

fn reply(replies: &mut Replies, outcome: Option<Result<(), Failure>>) -> io::Result<()> {
    if let Some(outcome) = outcome {
        return replies.finish(outcome);
    }
    let place = PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    replies.finish_with(Op::Panicked, place.as_bytes())
}
