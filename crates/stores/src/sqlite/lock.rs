//! The right to write, held by one process at a time.
//!
//! `SQLite`'s own lock is per transaction; this one spans a run. It is an advisory lock on a file beside the
//! store, so the kernel gives it back when its holder dies, however it dies.

use super::error::{Cause, Outcome};
use super::open::beside;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use types::seam::StoreErrorKind;

/// Between two tries; short beside the start of a run.
const POLL: Duration = Duration::from_millis(20);

/// Held while this value lives.
#[derive(Debug)]
pub(crate) struct WriteLock {
    /// Open for as long as the lock is held; closing it gives the lock back.
    _file: File,
}

/// Takes the lock, waiting up to `wait` for its holder.
pub(crate) fn take(store: &Path, wait: Duration) -> Outcome<WriteLock> {
    fault::point("store.lock")?;
    let path = beside(store, ".lock");
    // Not truncated: until the lock is ours, the content is the holder's.
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
    let deadline = Instant::now() + wait;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return Err(std::io::Error::from(error).into()),
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(held(store, &mut file));
        }
        // The kernel wakes nobody when a lock is given back with a timeout in play, hence the polling.
        std::thread::park_timeout(left.min(POLL));
    }
    sign(&mut file)?;
    Ok(WriteLock { _file: file })
}

/// Writes who holds the lock and since when, for the message that others get.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{} {}", std::process::id(), super::now())
}

fn held(store: &Path, file: &mut File) -> Cause {
    let mut signed = String::new();
    let holder = match file.read_to_string(&mut signed) {
        Ok(_) => parse_signature(&signed),
        Err(_) => None,
    };
    let holder = holder.map_or_else(
        || "another process".to_owned(),
        |(pid, since)| format!("process {pid} for {} s", (super::now() - since).max(0)),
    );
    Cause::told(
        StoreErrorKind::Locked,
        format!("store {} is being written by {holder}", store.display()),
        "wait until it has finished, or stop it",
    )
}

fn parse_signature(signed: &str) -> Option<(u32, i64)> {
    let (pid, since) = signed.trim_end().split_once(' ')?;
    Some((pid.parse().ok()?, since.parse().ok()?))
}
