//! Tar archives, read as a stream. Headers are taken apart by the `tar` crate; the walk is our own, since long names
//! and extensions must have bounds, and since one damaged header must not cost the members behind it.

use super::members::{Members, damaged};
use super::zip::link_refused;
use crate::stop::Step;
use std::io::{self, Read};
use tar::{EntryType, Header};
use types::failure::Failure;

const BLOCK_BYTES: usize = 512;
/// A long name or the extensions of one member.
const EXTENSION_BYTES_MAX: u64 = 64 * 1024;

pub(super) fn unpack(stream: &mut dyn Read, members: &mut Members<'_>) -> Step {
    let mut walk = Walk { stream, number: 0, extension: Extension::default() };
    let mut damaged = false;
    while let Some(header) = walk.header()? {
        if !checksum_fits(&header) {
            // Blocks are skipped until one is a header again.
            if !damaged {
                members.fail(&format!("member-{}", walk.number + 1), header_damaged())?;
            }
            damaged = true;
            continue;
        }
        damaged = false;
        walk.number += 1;
        walk.member(&header, members)?;
    }
    Ok(())
}

/// What the headers before a member's own say about it.
#[derive(Debug, Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

struct Walk<'a> {
    stream: &'a mut dyn Read,
    number: u64,
    extension: Extension,
}

impl Walk<'_> {
    /// The next block as a header; `None` at the end of the archive or of the file.
    fn header(&mut self) -> Step<Option<Header>> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            match self.stream.read(&mut block[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(damaged(&error).into()),
            }
        }
        let zeros = header.as_bytes().iter().all(|byte| *byte == 0);
        match filled {
            0 => Ok(None),
            BLOCK_BYTES => Ok((!zeros).then_some(header)),
            _ => Err(cut_off().into()),
        }
    }

    fn member(&mut self, header: &Header, members: &mut Members<'_>) -> Step {
        let kind = header.entry_type();
        let size = header.entry_size().map_err(|_| header_damaged())?;
        match kind {
            EntryType::GNULongName | EntryType::XHeader => return self.extend(kind, size),
            EntryType::GNULongLink | EntryType::XGlobalHeader => return self.skip(size),
            _ => {}
        }
        let extension = std::mem::take(&mut self.extension);
        let size = extension.size.unwrap_or(size);
        if kind == EntryType::GNUSparse {
            self.skip_sparse_map(header)?;
        }
        if kind == EntryType::Directory {
            return self.skip(size);
        }
        let raw = extension.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let Some(name) = members.admit(&raw)? else { return self.skip(size) };
        match refused(kind) {
            Some(failure) => {
                members.fail(&name, failure)?;
                self.skip(size)
            }
            None => self.content(&name, size, members),
        }
    }

    fn content(&mut self, name: &str, size: u64, members: &mut Members<'_>) -> Step {
        let mut content = Exactly { stream: &mut *self.stream, left: size };
        members.content(name, None, &mut content)?;
        let left = content.left;
        self.discard(left + padding(size))
    }

    fn extend(&mut self, kind: EntryType, size: u64) -> Step {
        if size > EXTENSION_BYTES_MAX {
            return Err(header_damaged().into());
        }
        let mut bytes = Vec::new();
        let mut content = Exactly { stream: &mut *self.stream, left: size };
        content.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        self.discard(padding(size))?;
        if kind == EntryType::GNULongName {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            bytes.truncate(end);
            self.extension.path = Some(bytes);
            return Ok(());
        }
        for field in tar::PaxExtensions::new(&bytes).flatten() {
            match field.key() {
                Ok("path") => self.extension.path = Some(field.value_bytes().to_vec()),
                Ok("size") => self.extension.size = field.value().ok().and_then(|v| v.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Further blocks of the map stand between the header and the content.
    fn skip_sparse_map(&mut self, header: &Header) -> Step {
        let mut more = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while more {
            let Some(block) = self.header()? else { return Err(cut_off().into()) };
            more = block.as_bytes()[504] != 0;
        }
        Ok(())
    }

    fn skip(&mut self, size: u64) -> Step {
        self.discard(size.saturating_add(padding(size)))
    }

    fn discard(&mut self, bytes: u64) -> Step {
        let skipped = io::copy(&mut (&mut *self.stream).take(bytes), &mut io::sink())
            .map_err(|error| damaged(&error))?;
        if skipped < bytes {
            return Err(cut_off().into());
        }
        Ok(())
    }
}

/// What is no file with content.
fn refused(kind: EntryType) -> Option<Failure> {
    match kind {
        EntryType::Symlink | EntryType::Link => Some(link_refused()),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some(Failure::bad_document(
            "the member is a device, which has no content",
            "pack the archive again without it",
        )),
        EntryType::GNUSparse => Some(Failure::bad_document(
            "the member is a sparse file, which cannot be read",
            "pack the archive again without `--sparse`",
        )),
        _ => None,
    }
}

/// Contents are filled up to whole blocks.
fn padding(size: u64) -> u64 {
    (BLOCK_BYTES as u64 - size % BLOCK_BYTES as u64) % BLOCK_BYTES as u64
}

fn checksum_fits(header: &Header) -> bool {
    const FIELD: std::ops::Range<usize> = 148..156;
    let sum: u32 = header
        .as_bytes()
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if FIELD.contains(&at) { b' ' } else { *byte }))
        .sum();
    header.cksum().is_ok_and(|own| own == sum)
}

fn header_damaged() -> Failure {
    Failure::bad_document("a member's header is damaged", "fetch or pack the archive again")
}

fn cut_off() -> Failure {
    Failure::bad_document("the archive is cut off", "fetch or pack the archive again")
}

/// So many bytes, or an error: an end before them is damage.
struct Exactly<'a> {
    stream: &'a mut dyn Read,
    left: u64,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.stream.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
