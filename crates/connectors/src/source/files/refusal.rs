//! Why a file or folder is not read, in the words of its user.

use rustix::io::Errno;
use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt;
use types::failure::{Failure, FailureClass};

/// What could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    File,
    Folder,
    Link,
    IgnoreFile,
}

impl Thing {
    fn words(self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Folder => "the folder",
            Self::Link => "what the link leads to",
            Self::IgnoreFile => "the folder's .gristmillignore",
        }
    }
}

/// The operating system refused.
pub(super) fn by_system(thing: Thing, error: &io::Error) -> Failure {
    let what = thing.words();
    let (class, message, hint) = match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => (
            FailureClass::Denied,
            format!("no permission to read {what}"),
            "give this user read permission, or exclude it",
        ),
        Some(Errno::NOENT) if thing == Thing::Link => (
            FailureClass::BadDocument,
            "the link leads to nothing".to_owned(),
            "remove the link, or bring back what it leads to",
        ),
        Some(Errno::NOENT | Errno::NOTDIR) => (
            FailureClass::BadDocument,
            format!("{what} vanished after it was listed"),
            "run again: the next listing shows what is there now",
        ),
        Some(Errno::LOOP) if thing == Thing::Link => (
            FailureClass::BadDocument,
            "the link leads back to itself".to_owned(),
            "remove the link, or exclude it",
        ),
        Some(Errno::LOOP) => (
            FailureClass::BadDocument,
            format!("a link was put in the place of {what} after it was listed"),
            "run again: the next listing shows what is there now",
        ),
        Some(Errno::NAMETOOLONG) => (
            FailureClass::BadDocument,
            format!("the path of {what} is longer than the system can open"),
            "shorten the names of its folders, or name an inner folder as the source",
        ),
        Some(Errno::MFILE | Errno::NFILE) => (
            FailureClass::Internal,
            format!("too many open files to read {what}"),
            "raise the limit of open files (ulimit -n), then run again",
        ),
        _ => (
            FailureClass::Internal,
            format!("cannot read {what}: {error}"),
            "check the disk and its file system, then run again",
        ),
    };
    Failure::new(class, message, hint)
}

/// Neither a file nor a folder.
pub(super) fn special(kind: FileType) -> Failure {
    let noun = if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else {
        "a device"
    };
    Failure::bad_document(
        format!("{noun} is not a regular file"),
        "remove it from the source, or exclude it",
    )
}

pub(super) fn changed_since_listed() -> Failure {
    Failure::bad_document(
        "the file changed after it was listed",
        "run again when nothing writes to it",
    )
}

pub(super) fn leads_out() -> Failure {
    Failure::new(
        FailureClass::Denied,
        "the link leads out of the source",
        "name the folder that it leads to as a source of its own, or exclude the link",
    )
}

pub(super) fn leads_back() -> Failure {
    Failure::bad_document(
        "the link leads back to a folder that it lies in",
        "remove the link, or exclude it",
    )
}

pub(super) fn too_many_links(max: usize) -> Failure {
    Failure::bad_document(
        format!("the link lies behind {max} other links to folders"),
        "its content is read under its own name; exclude the link",
    )
}

pub(super) fn bad_pattern(line: usize, reason: &str) -> Failure {
    Failure::bad_document(
        format!("line {line} of the folder's .gristmillignore is not valid: {reason}"),
        "correct the line: until then the folder is not read, since it may hold what must stay out",
    )
}

pub(super) fn ignore_file_too_large(bytes_max: u64) -> Failure {
    Failure::bad_document(
        format!("the folder's .gristmillignore is larger than {bytes_max} bytes"),
        "shorten it: until then the folder is not read, since it may hold what must stay out",
    )
}
