//! Where documents come from.

use crate::document::RawDocument;
use crate::failure::Failure;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// A place that lists files and opens them.
pub trait Source: Send + Sync {
    /// Absolute form of the SOURCE argument: the identity of the source in the store.
    fn name(&self) -> &str;

    /// Walks the source once, in bytewise order of names, without holding the listing. `Break` ends the walk.
    fn list(
        &self,
        visit: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<Listing, SourceError>;

    /// Opens a listed file. A file that is not as it was listed (other size, no longer a regular file) is a
    /// [`Failure`]; nothing is read yet.
    fn open(&self, file: &ListedFile) -> Result<RawDocument, Failure>;

    /// Compares the file with its listing after it was read: true when it is still the same (size, modification
    /// time, identity). False means that what was read may be torn.
    fn unchanged(&self, file: &ListedFile) -> bool;
}

/// One step of a walk.
#[derive(Debug)]
pub enum Listed {
    File(ListedFile),
    /// An entry that cannot be read (no permission, a device, a name that is not valid); the walk goes on.
    Unreadable {
        name: String,
        failure: Failure,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Path below the source, `/` as separator. Bytes that are not UTF-8 are percent-encoded.
    pub name: String,
    pub path: PathBuf,
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified_ns: i64,
    /// Device and inode.
    pub identity: (u64, u64),
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Every folder could be read: absence in this listing means that the file is gone.
    pub complete: bool,
}

/// The source itself cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    pub message: String,
    pub hint: String,
}
