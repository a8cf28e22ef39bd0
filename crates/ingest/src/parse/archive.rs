//! Archives: every member is read like a file of its own.

use super::Stop;
use super::file::FileReader;
use flow::memory::Lease;
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use types::document::{Body, Hash, RawDocument};
use types::failure::{Failure, FailureClass};
use types::ledger::VersionKey;
use types::seam::{MemberEvent, Unpacker};

/// Archives inside archives; more is how bombs are built.
const DEPTH_MAX: u32 = 2;

/// A larger member waits in a temporary file.
const MEMORY_MAX: usize = 1 << 20;

pub(super) fn read(
    reader: &mut FileReader<'_, '_>,
    unpacker: &dyn Unpacker,
    mut raw: RawDocument,
    key: VersionKey,
    depth: u32,
) -> Result<(), Stop> {
    if depth >= DEPTH_MAX {
        let failure = Failure::new(
            FailureClass::Bomb,
            format!("archives stand more than {DEPTH_MAX} deep inside one another"),
            "unpack the inner archives and ingest the folder",
        );
        return reader.fail(&raw.name.clone(), key, failure);
    }
    // The outermost archive pays for all levels at once: a second lease from the same pool could wait for
    // another worker that waits for ours.
    let lease = (depth == 0)
        .then(|| reader.cx.unpacking.lease(unpacker.memory(raw.size) * u64::from(DEPTH_MAX)));
    let memory =
        lease.as_ref().map_or(reader.unpack_memory, |lease| lease.bytes() / u64::from(DEPTH_MAX));
    reader.unpack_memory = memory;
    let prefix = prefix(reader, &raw.name);
    let name = raw.name.clone();
    let mut site = Site { prefix, key, depth, member: None };
    let mut stop = None;
    let mut any = false;
    let result = unpacker.unpack(&mut raw, memory, &mut |event| {
        any = true;
        match site.take(reader, event) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stop = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    drop(lease);
    if let Some(stop) = stop {
        return Err(stop);
    }
    match result {
        Ok(()) if any => Ok(()),
        Ok(()) => reader.fail(
            &name,
            key,
            Failure::bad_document("the archive is empty", "check how it was packed"),
        ),
        Err(failure) => reader.fail(&name, key, failure),
    }
}

/// Members of an archive that is the SOURCE itself are named by their path inside it.
fn prefix(reader: &FileReader<'_, '_>, name: &str) -> String {
    let whole = reader.file.path.to_str() == Some(reader.from.source.name());
    if whole && name == reader.file.name { String::new() } else { format!("{name}/") }
}

/// A member on its way out of the archive.
struct Member {
    name: String,
    spool: Spool,
    /// Pays for the part that is held in memory.
    _lease: Lease,
}

/// An archive that is being taken apart.
struct Site {
    prefix: String,
    key: VersionKey,
    depth: u32,
    member: Option<Member>,
}

impl Site {
    fn take(
        &mut self,
        reader: &mut FileReader<'_, '_>,
        event: MemberEvent<'_>,
    ) -> Result<(), Stop> {
        if reader.cx.interrupt.is_set() {
            return Err(Stop::Closed);
        }
        match event {
            MemberEvent::Begin { name } => {
                let lease = reader.cx.chunks.lease(MEMORY_MAX as u64);
                let name = format!("{}{name}", self.prefix);
                self.member =
                    Some(Member { name, spool: Spool::Memory(Vec::new()), _lease: lease });
                Ok(())
            }
            MemberEvent::Data(bytes) => match &mut self.member {
                Some(open) => match open.spool.write(bytes) {
                    Ok(()) => Ok(()),
                    Err(error) => {
                        let failed = self.member.take().map(|open| open.name).unwrap_or_default();
                        reader.fail(&failed, nowhere(&failed, self.key), spool_failure(&error))
                    }
                },
                None => Ok(()),
            },
            MemberEvent::End => match self.member.take() {
                Some(open) => finish(reader, open, self.key, self.depth),
                None => Ok(()),
            },
            MemberEvent::Failed { name, failure } => {
                self.member = None;
                let name = format!("{}{name}", self.prefix);
                reader.fail(&name, nowhere(&name, self.key), failure)
            }
        }
    }
}

fn finish(
    reader: &mut FileReader<'_, '_>,
    member: Member,
    key: VersionKey,
    depth: u32,
) -> Result<(), Stop> {
    let Member { name, spool, .. } = member;
    match spool.into_body() {
        Ok((body, size)) => {
            let raw = RawDocument { name, path: None, size, body };
            reader.read_document(raw, depth + 1).map(|_| ())
        }
        Err(error) => reader.fail(&name, nowhere(&name, key), spool_failure(&error)),
    }
}

/// Stands in for the content of a member that was never read whole: the archive's content and the name.
fn nowhere(name: &str, archive: VersionKey) -> VersionKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&archive.content.0).update(name.as_bytes());
    VersionKey { content: Hash(*hasher.finalize().as_bytes()), pipeline: archive.pipeline }
}

fn spool_failure(error: &std::io::Error) -> Failure {
    let class = if error.kind() == std::io::ErrorKind::StorageFull {
        FailureClass::DiskFull
    } else {
        FailureClass::Internal
    };
    Failure::new(
        class,
        format!("cannot be unpacked into a temporary file: {error}"),
        "make room in the folder for temporary files, or set TMPDIR to another disk",
    )
}

enum Spool {
    Memory(Vec<u8>),
    File(std::fs::File, u64),
}

impl Spool {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Self::Memory(held) = self {
            if held.len() + bytes.len() <= MEMORY_MAX {
                held.extend_from_slice(bytes);
                return Ok(());
            }
            let mut file = tempfile::tempfile()?;
            file.write_all(held)?;
            *self = Self::File(file, held.len() as u64);
        }
        if let Self::File(file, size) = self {
            file.write_all(bytes)?;
            *size += bytes.len() as u64;
        }
        Ok(())
    }

    fn into_body(self) -> std::io::Result<(Body, u64)> {
        match self {
            Self::Memory(held) => {
                let size = held.len() as u64;
                Ok((Body::Memory(Cursor::new(held)), size))
            }
            Self::File(mut file, size) => {
                file.seek(SeekFrom::Start(0))?;
                Ok((Body::File(file), size))
            }
        }
    }
}
