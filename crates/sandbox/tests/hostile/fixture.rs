//! A sandbox with small limits, and documents for it.

use crate::worker::checksum;
use sandbox::{Job, Sandbox, SandboxSettings};
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use std::time::Duration;
use types::block::Block;
use types::document::{Body, RawDocument};
use types::failure::Failure;

pub(crate) const MEMORY: u64 = 96 << 20;

/// Patient, because other work can keep a child from the processor for long.
pub(crate) fn settings() -> SandboxSettings {
    SandboxSettings {
        cpu_base: Duration::from_secs(1),
        wall_factor: 60,
        output_base_bytes: 8 << 20,
        unpacked_base_bytes: 8 << 20,
        ..SandboxSettings::recommended()
    }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(settings()).unwrap()
}

pub(crate) fn in_memory(bytes: &[u8]) -> RawDocument {
    RawDocument {
        name: "a document".to_owned(),
        path: None,
        size: bytes.len() as u64,
        body: Body::Memory(Cursor::new(bytes.to_vec())),
    }
}

/// At its end, as a reader left it.
pub(crate) fn in_file(bytes: &[u8]) -> RawDocument {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    RawDocument { body: Body::File(file), ..in_memory(bytes) }
}

pub(crate) fn job(format: &str) -> Job<'_> {
    Job { format, name: "name" }
}

pub(crate) fn parse(
    sandbox: &Sandbox,
    format: &str,
    raw: &mut RawDocument,
) -> (Vec<Block>, Result<(), Failure>) {
    let mut blocks = Vec::new();
    let end = sandbox.parse(&job(format), raw, MEMORY, &mut |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    });
    (blocks, end)
}

/// The one thing that a format says.
pub(crate) fn said(sandbox: &Sandbox, format: &str) -> String {
    match parse(sandbox, format, &mut in_memory(b"some bytes")) {
        (blocks, Ok(())) => match &blocks[..] {
            [Block::Title(said)] => said.clone(),
            other => panic!("{format}: {other:?}"),
        },
        (_, Err(failure)) => panic!("{format}: {failure:?}"),
    }
}

/// A document that is in order arrives.
pub(crate) fn assert_serves(sandbox: &Sandbox, raw: &mut RawDocument, bytes: &[u8]) {
    let (blocks, end) = parse(sandbox, "echo", raw);
    assert_eq!(end, Ok(()));
    assert_eq!(blocks, [Block::Title(format!("name {}", checksum(bytes)))]);
}
