//! How bytes become blocks.

use crate::block::Block;
use crate::document::{Body, RawDocument};
use crate::failure::Failure;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Takes a document apart, in this process or in a child. Called from several threads at once.
pub trait Parser: Send + Sync {
    /// Name and revision; goes into the pipeline fingerprint, so it changes whenever the blocks may.
    fn identity(&self) -> String;

    /// Bytes of memory that parsing this document may take, in this process and in a child; the caller holds a
    /// lease of so much meanwhile, and passes what it was given to [`Parser::parse`].
    fn memory(&self, size: u64) -> u64;

    /// Pushes blocks in reading order; `Break` means that the consumer is gone, and parsing ends with `Ok`.
    ///
    /// `memory` is the limit in bytes. Damage inside the document is a [`Block::Warning`]; `Err` ends the
    /// document, whose blocks pushed so far are then kept or dropped by the caller (PDF pages are kept).
    fn parse(
        &self,
        raw: &mut RawDocument,
        memory: u64,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure>;
}

/// Takes an archive apart into members, in a child.
pub trait Unpacker: Send + Sync {
    fn identity(&self) -> String;

    fn memory(&self, size: u64) -> u64;

    /// Visits the members in the archive's order. A member that cannot be read is [`MemberEvent::Failed`] and
    /// the rest goes on; `Err` means that the archive as a whole cannot be read (further).
    fn unpack(
        &self,
        raw: &mut RawDocument,
        memory: u64,
        visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), Failure>;
}

#[derive(Debug)]
pub enum MemberEvent<'a> {
    /// `name`: path inside the archive, cleaned (`/` as separator, no `.`/`..`, no leading `/`).
    Begin {
        name: &'a str,
    },
    Data(&'a [u8]),
    End,
    /// Instead of `Begin`..`End`, or in the middle of one.
    Failed {
        name: &'a str,
        failure: Failure,
    },
}

/// What to do with a file.
#[derive(Clone)]
pub enum Choice {
    Parse(Arc<dyn Parser>),
    Unpack(Arc<dyn Unpacker>),
}

impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parse(parser) => write!(f, "Parse({})", parser.identity()),
            Self::Unpack(unpacker) => write!(f, "Unpack({})", unpacker.identity()),
        }
    }
}

/// Chooses the parser of a document by its name and its first bytes.
pub trait Parsers: Send + Sync {
    /// `Err` when nothing can read the document (unknown binary data, empty, a format that is refused by name).
    /// Reads at most the first 8 KiB of the body, and leaves it at its start.
    fn choose(&self, name: &str, body: &mut Body) -> Result<Choice, Failure>;

    /// By its name alone: the document may hold items, which are documents called `NAME#ID`.
    fn may_hold_items(&self, name: &str) -> bool;

    /// Of all parsers together, for the gate of files that are not opened.
    fn identity(&self) -> String;
}
