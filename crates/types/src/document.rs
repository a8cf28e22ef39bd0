//! A document before it is parsed: its bytes, its name, its labels.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Domain and category: where a chunk is consolidated. Data, never a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    pub domain: String,
    pub category: String,
}

/// The labels that a record carries itself (front matter, JSON item); each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLabel {
    pub domain: Option<String>,
    pub category: Option<String>,
}

impl OwnLabel {
    pub fn is_empty(&self) -> bool {
        self.domain.is_none() && self.category.is_none()
    }
}

/// BLAKE3-256 of something: content, settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in &self.0[..8] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The bytes of one file or archive member, positioned at their start.
#[derive(Debug)]
pub enum Body {
    /// An open regular file; a child process may inherit it.
    File(File),
    /// Small enough to be held.
    Memory(Cursor<Vec<u8>>),
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Body {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}

/// One file or archive member that is to be parsed.
#[derive(Debug)]
pub struct RawDocument {
    /// Path below its source, `/` as separator; for messages and for the choice of a parser by ending.
    pub name: String,
    /// Where the file lies, when it lies in the file system (custom commands get this path).
    pub path: Option<std::path::PathBuf>,
    /// Bytes.
    pub size: u64,
    pub body: Body,
}
