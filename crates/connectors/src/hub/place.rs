//! The folder that a model grows in, and the step by which it becomes the model's.
//!
//! `DIR.partial` lies beside `DIR`. A file in it is `NAME.partial` until its sum is right. When all are there, the
//! manifest is written and the folder renamed, each synced before: a folder without `.partial` is whole.

use super::checksum::Digest;
use super::error::PullError;
use super::listing::HubFile;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// In the folder of a pulled model.
pub const MANIFEST: &str = ".gristmill-model.json";

const PARTIAL: &str = "partial";

/// In an unfinished folder: which commit its files are of. Locked while a pull is at work.
const COMMIT: &str = ".commit";

/// Left free on the disk for others.
const RESERVE: u64 = 64 << 20;

const BUFFER: usize = 1 << 16;

/// What a folder was pulled from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub repository: String,
    pub revision: String,
    pub commit: String,
    pub files: Vec<PulledFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledFile {
    pub name: String,
    pub bytes: u64,
    /// SHA-256, or git's SHA-1 of the blob, as the hub has it.
    pub checksum: String,
}

/// The manifest of a pulled folder; none: no pull made it.
pub fn manifest(folder: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
}

/// Drops what a kill between the last two steps of a pull leaves.
pub(super) fn sweep(folder: &Path) {
    // It does no harm where it cannot be dropped.
    drop(fs::remove_file(folder.join(COMMIT)));
}

/// Whether the folder is one that a pull has begun and not finished.
pub fn is_unfinished(folder: &Path) -> bool {
    folder.extension().is_some_and(|ending| ending == PARTIAL) && folder.join(COMMIT).exists()
}

impl From<HubFile> for PulledFile {
    fn from(file: HubFile) -> Self {
        Self { name: file.name, bytes: file.bytes, checksum: file.checksum.digits().to_owned() }
    }
}

pub(super) struct Place {
    folder: PathBuf,
    partial: PathBuf,
    /// Held for the lock.
    _commit: File,
}

/// A file that is being fetched.
pub(super) struct Begun<'a> {
    file: &'a HubFile,
    path: PathBuf,
    whole: PathBuf,
    to: File,
    digest: Digest,
    bytes: u64,
}

impl Place {
    /// Goes on in the folder of an earlier pull of this commit; what is of another one is dropped.
    pub(super) fn open(folder: &Path, commit: &str) -> Result<Self, PullError> {
        let mut partial = folder.as_os_str().to_owned();
        partial.push(".");
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        let path = partial.join(COMMIT);
        make(&partial)?;
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(|error| PullError::disk(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PullError::AtWork { path: partial }),
            Err(TryLockError::Error(error)) => return Err(PullError::disk(&path, error)),
        }
        let mut known = String::new();
        // What is no text is no commit.
        drop(file.read_to_string(&mut known));
        if known != commit {
            clear(&partial).map_err(|error| PullError::disk(&partial, error))?;
            (|| {
                file.set_len(0)?;
                file.rewind()?;
                file.write_all(commit.as_bytes())?;
                file.sync_all()
            })()
            .map_err(|error| PullError::disk(&path, error))?;
        }
        Ok(Self { folder: folder.to_owned(), partial, _commit: file })
    }

    /// Errors: the disk has no room for what is missing.
    pub(super) fn has_room_for(&self, files: &[HubFile]) -> Result<(), PullError> {
        let size = |path: PathBuf| fs::metadata(path).map_or(0, |data| data.len());
        let missing = |file: &HubFile| {
            let here = size(self.whole(file)).max(size(self.begun(file)));
            file.bytes.saturating_sub(here)
        };
        let needed: u64 = files.iter().map(missing).sum();
        let free = rustix::fs::statvfs(&self.partial)
            .map(|system| system.f_bavail.saturating_mul(system.f_frsize))
            .map_err(|error| PullError::disk(&self.partial, error.into()))?;
        if needed.saturating_add(RESERVE) > free {
            let path = self.partial.clone();
            return Err(PullError::NoRoom { path, needed, free });
        }
        Ok(())
    }

    /// Whether the file is here and whole; one that is not is dropped.
    pub(super) fn has(&self, file: &HubFile) -> Result<bool, PullError> {
        let path = self.whole(file);
        let Ok(from) = File::open(&path) else { return Ok(false) };
        let disk = |error| PullError::disk(&path, error);
        let mut digest = file.checksum.digest(file.bytes);
        let bytes = read_into(&mut digest, from).map_err(disk)?;
        if bytes == file.bytes && file.checksum.is(digest) {
            return Ok(true);
        }
        fs::remove_file(&path).map_err(disk)?;
        Ok(false)
    }

    /// Goes on with what came of a file.
    pub(super) fn begin<'a>(&self, file: &'a HubFile) -> Result<Begun<'a>, PullError> {
        let (path, whole) = (self.begun(file), self.whole(file));
        if let Some(folder) = path.parent() {
            make(folder)?;
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut to = options.open(&path).map_err(|error| PullError::disk(&path, error))?;
        let mut digest = file.checksum.digest(file.bytes);
        let bytes =
            read_into(&mut digest, &mut to).map_err(|error| PullError::disk(&path, error))?;
        let mut begun = Begun { file, path, whole, to, digest, bytes };
        if bytes > file.bytes {
            begun.restart()?;
        }
        Ok(begun)
    }

    /// All of a small file.
    pub(super) fn read(&self, file: &HubFile) -> Result<Vec<u8>, PullError> {
        let path = self.whole(file);
        fs::read(&path).map_err(|error| PullError::disk(&path, error))
    }

    /// Gives the folder its name.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<(), PullError> {
        let path = self.partial.join(MANIFEST);
        let text = serde_json::to_string_pretty(manifest).expect("strings and numbers");
        (|| {
            fault::point("hub.manifest")?;
            let mut file = File::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fault::point("hub.finish")?;
            File::open(&self.partial)?.sync_all()?;
            fs::rename(&self.partial, &self.folder)?;
            fault::point("hub.finished")?;
            // Nobody asks for it again: the manifest says which commit it is.
            fs::remove_file(self.folder.join(COMMIT))?;
            self.folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
        })()
        .map_err(|error| PullError::disk(&self.folder, error))
    }

    fn whole(&self, file: &HubFile) -> PathBuf {
        self.partial.join(&file.name)
    }

    fn begun(&self, file: &HubFile) -> PathBuf {
        self.partial.join(format!("{}.{PARTIAL}", file.name))
    }
}

impl Begun<'_> {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Drops what came.
    pub(super) fn restart(&mut self) -> Result<(), PullError> {
        let emptied = self.to.set_len(0).and_then(|()| self.to.rewind());
        emptied.map_err(|error| PullError::disk(&self.path, error))?;
        self.digest = self.file.checksum.digest(self.file.bytes);
        self.bytes = 0;
        Ok(())
    }

    /// What is more than the file has makes its sum wrong, and is not written.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), PullError> {
        let room = usize::try_from(self.file.bytes - self.bytes).unwrap_or(usize::MAX);
        if piece.len() > room {
            self.restart()?;
            return Err(PullError::Checksum { file: self.file.name.clone() });
        }
        let written = fault::point("hub.write").and_then(|()| self.to.write_all(piece));
        written.map_err(|error| PullError::disk(&self.path, error))?;
        self.digest.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// False, and the file is dropped: its sum is wrong.
    pub(super) fn finish(self) -> Result<bool, PullError> {
        let right = self.file.checksum.is(self.digest);
        let done = if right {
            self.to
                .sync_all()
                .and_then(|()| fault::point("hub.file"))
                .and_then(|()| fs::rename(&self.path, &self.whole))
        } else {
            fs::remove_file(&self.path)
        };
        done.map_err(|error| PullError::disk(&self.path, error))?;
        Ok(right)
    }
}

fn make(folder: &Path) -> Result<(), PullError> {
    fs::create_dir_all(folder).map_err(|error| PullError::disk(folder, error))
}

/// Empties the folder, but for the file that is locked.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == COMMIT {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Reads to the end, where writing goes on.
fn read_into(digest: &mut Digest, mut from: impl Read) -> io::Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => {
                digest.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}
