//! Formats that are parsed, and archives that are unpacked, in a limited child.

use parsers::Format;
use sandbox::{ArchiveJob, Job, Sandbox, UnpackBudget, memory_needed};
use std::ops::ControlFlow;
use std::sync::Arc;
use types::block::Block;
use types::document::RawDocument;
use types::failure::Failure;
use types::seam::{MemberEvent, Parser, Unpacker};

/// Unpacking streams; what grows is the list of members, which takes at most about the archive's own size.
const UNPACK_BASE_BYTES: u64 = 32 << 20;
const UNPACK_LIST_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct IsolatedParser {
    pub(super) format: Format,
    pub(super) memory_max: u64,
    pub(super) sandbox: Arc<Sandbox>,
}

impl Parser for IsolatedParser {
    fn identity(&self) -> String {
        self.format.identity()
    }

    fn memory(&self, size: u64) -> u64 {
        memory_needed(size, for_each_byte(self.format)).min(self.memory_max)
    }

    fn parse(
        &self,
        raw: &mut RawDocument,
        memory: u64,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let format = self.format.id();
        let name = raw.name.clone();
        self.sandbox.parse(&Job { format: &format, name: &name }, raw, memory, push)
    }
}

/// Bytes that a parser holds for each byte of a document of ordinary text. Measured on large ones: a tree of HTML
/// takes 12; a container's XML, 8 times the file, is held twice; a PDF is held as it is, with a page at a time.
fn for_each_byte(format: Format) -> u64 {
    match format {
        Format::Epub | Format::Docx | Format::Pptx | Format::Xlsx => 16,
        Format::Html => 12,
        _ => 6,
    }
}

#[derive(Debug)]
pub(super) struct IsolatedUnpacker {
    pub(super) format: Format,
    pub(super) budget: UnpackBudget,
    pub(super) sandbox: Arc<Sandbox>,
}

impl Unpacker for IsolatedUnpacker {
    fn identity(&self) -> String {
        self.format.identity()
    }

    fn memory(&self, size: u64) -> u64 {
        UNPACK_BASE_BYTES + size.min(UNPACK_LIST_BYTES_MAX)
    }

    fn unpack(
        &self,
        raw: &mut RawDocument,
        memory: u64,
        visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let format = self.format.id();
        let name = raw.name.clone();
        let job = ArchiveJob { format: &format, name: &name, budget: self.budget };
        self.sandbox.unpack(&job, raw, memory, visit)
    }
}
