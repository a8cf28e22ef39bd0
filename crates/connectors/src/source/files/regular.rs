//! One regular file: how it is listed, opened, and compared with its listing.

use super::refusal::{self, Thing};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use types::document::{Body, RawDocument};
use types::failure::Failure;
use types::seam::ListedFile;

/// `path` holds no links.
pub(super) fn listed(name: String, path: PathBuf, meta: &Metadata) -> ListedFile {
    ListedFile {
        name,
        path,
        size: meta.size(),
        modified_ns: modified_ns(meta),
        identity: (meta.dev(), meta.ino()),
    }
}

/// Looks before it opens: opening a device may act on it.
pub(super) fn open(file: &ListedFile) -> Result<RawDocument, Failure> {
    let seen = std::fs::symlink_metadata(&file.path).map_err(|error| on_file(&error))?;
    compare(file, &seen)?;
    let body =
        File::from(open_without_links(&file.path, OFlags::empty()).map_err(|e| on_file(&e))?);
    compare(file, &body.metadata().map_err(|error| on_file(&error))?)?;
    Ok(RawDocument {
        name: file.name.clone(),
        path: Some(file.path.clone()),
        size: file.size,
        body: Body::File(body),
    })
}

pub(super) fn unchanged(file: &ListedFile) -> bool {
    std::fs::symlink_metadata(&file.path).is_ok_and(|meta| meta.is_file() && same(file, &meta))
}

/// Opens for reading without blocking, refusing links in every part of the path, and never as a terminal.
pub(super) fn open_without_links(path: &Path, extra: OFlags) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY
        | OFlags::CLOEXEC
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::NOFOLLOW
        | extra;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve) {
        // Kernels before 5.6 and some container filters do not know the call; what is opened is then still
        // compared with its listing by device and inode before a byte is read.
        Err(Errno::NOSYS | Errno::PERM) => Ok(rustix::fs::open(path, flags, Mode::empty())?),
        opened => Ok(opened?),
    }
}

fn compare(file: &ListedFile, meta: &Metadata) -> Result<(), Failure> {
    if !meta.is_file() {
        return Err(refusal::special(meta.file_type()));
    }
    if !same(file, meta) {
        return Err(refusal::changed_since_listed());
    }
    Ok(())
}

fn same(file: &ListedFile, meta: &Metadata) -> bool {
    file.identity == (meta.dev(), meta.ino())
        && file.size == meta.size()
        && file.modified_ns == modified_ns(meta)
}

fn modified_ns(meta: &Metadata) -> i64 {
    meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec())
}

fn on_file(error: &io::Error) -> Failure {
    refusal::by_system(Thing::File, error)
}
