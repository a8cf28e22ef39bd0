//! Standard input: JSON Lines, kept in an unnamed file until the run is over.
//!
//! A pipe can be read once, but a document may have to be read twice (a parser child died, a record is looked at
//! again), and the input may be larger than memory.

use super::name;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use types::document::{Body, RawDocument};
use types::failure::{Failure, FailureClass};
use types::seam::{Listed, ListedFile, Listing, Source, SourceError};

/// The document's name: its ending chooses the parser.
const DOCUMENT: &str = "stdin.jsonl";

/// As pipes are on Linux.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where standard input is kept: `TMPDIR` if it is set, else where files lie on a disk. `/tmp` often lies in memory.
pub(super) fn spool_folder() -> PathBuf {
    let named = std::env::temp_dir();
    let on_disk = Path::new("/var/tmp");
    if named == Path::new("/tmp") && on_disk.is_dir() { on_disk.to_owned() } else { named }
}

/// What came through standard input. Input without a byte holds no document.
#[derive(Debug)]
pub struct Spooled {
    file: File,
    size: u64,
    identity: (u64, u64),
}

impl Spooled {
    /// Reads to the end.
    pub fn read(input: &mut dyn Read, folder: &Path) -> Result<Self, SourceError> {
        let mut file =
            tempfile::tempfile_in(folder).map_err(|error| cannot_keep(folder, 0, &error))?;
        spool(input, &mut file, folder)?;
        let meta = file.metadata().map_err(|error| cannot_keep(folder, 0, &error))?;
        Ok(Self { file, size: meta.size(), identity: (meta.dev(), meta.ino()) })
    }
}

fn spool(input: &mut dyn Read, file: &mut File, folder: &Path) -> Result<(), SourceError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut written = 0;
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(SourceError {
                    message: format!("cannot read standard input after {written} bytes: {error}"),
                    hint: "check the program that writes it".to_owned(),
                });
            }
        };
        file.write_all(&buffer[..count]).map_err(|error| cannot_keep(folder, written, &error))?;
        written += count as u64;
    }
}

fn cannot_keep(folder: &Path, written: u64, error: &io::Error) -> SourceError {
    let folder = name::shown(folder);
    let (message, hint) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            format!("no room for standard input in {folder} after {written} bytes"),
            "set TMPDIR to a folder with more room, or write the input to a file and name that file",
        ),
        _ => (
            format!("cannot keep standard input in {folder}: {error}"),
            "set TMPDIR to a folder that can be written, or write the input to a file and name that file",
        ),
    };
    SourceError { message, hint: hint.to_owned() }
}

impl Source for Spooled {
    fn name(&self) -> &'static str {
        "-"
    }

    fn list(
        &self,
        visit: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<Listing, SourceError> {
        if self.size == 0 {
            return Ok(Listing { complete: true });
        }
        let file = ListedFile {
            name: DOCUMENT.to_owned(),
            path: PathBuf::new(),
            size: self.size,
            // Two inputs of one size must not be taken for the same.
            modified_ns: 0,
            identity: self.identity,
        };
        let went_on = visit(Listed::File(file)).is_continue();
        Ok(Listing { complete: went_on })
    }

    /// Opened anew each time: a copy of the descriptor would share its position with all others.
    fn open(&self, file: &ListedFile) -> Result<RawDocument, Failure> {
        let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let body = File::open(own).map_err(|error| {
            Failure::new(
                FailureClass::Internal,
                format!("cannot read standard input again: {error}"),
                "see that /proc is mounted, or write the input to a file and name that file",
            )
        })?;
        Ok(RawDocument {
            name: file.name.clone(),
            path: None,
            size: self.size,
            body: Body::File(body),
        })
    }

    fn unchanged(&self, _file: &ListedFile) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, SeekFrom};

    fn listed(source: &Spooled) -> Vec<ListedFile> {
        let mut files = Vec::new();
        source
            .list(&mut |listed| {
                match listed {
                    Listed::File(file) => files.push(file),
                    Listed::Unreadable { failure, .. } => panic!("{failure}"),
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        files
    }

    #[test]
    fn the_input_is_one_file_that_can_be_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        let input = "{\"text\":\"a\"}\n".repeat(20_000);
        let source = Spooled::read(&mut input.as_bytes(), folder.path()).unwrap();
        let files = listed(&source);
        assert_eq!((files.len(), files[0].name.as_str()), (1, "stdin.jsonl"));
        assert_eq!((files[0].size, files[0].modified_ns), (input.len() as u64, 0));

        let mut first = source.open(&files[0]).unwrap();
        let mut second = source.open(&files[0]).unwrap();
        first.body.seek(SeekFrom::Start(7)).unwrap();
        let mut text = String::new();
        second.body.read_to_string(&mut text).unwrap();
        assert!(text == input, "the second reader starts at the start");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }

    #[test]
    fn empty_input_holds_no_document() {
        let folder = tempfile::tempdir().unwrap();
        let source = Spooled::read(&mut io::empty(), folder.path()).unwrap();
        assert_eq!(listed(&source), []);
    }

    #[test]
    fn a_full_disk_is_named() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = spool(&mut &b"{}\n"[..], &mut full, Path::new("/spool")).unwrap_err();
        assert_eq!(error.message, "no room for standard input in \"/spool\" after 0 bytes");
    }

    #[test]
    fn a_broken_pipe_is_not_the_end_of_input() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("pulled out"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut input = (&b"{}\n"[..]).chain(Broken);
        let error = Spooled::read(&mut input, folder.path()).unwrap_err();
        assert_eq!(error.message, "cannot read standard input after 3 bytes: pulled out");
    }
}
