//! Which parser reads a document, and where it runs.
//!
//! A custom command goes first, then the format decides: text is parsed in this process, formats that hostile input
//! can exhaust and archives in a limited child.

mod command;
mod isolated;
mod text;
mod transcript;
mod worker;

pub use command::CustomParser;
pub use transcript::PdfTranscriber;
pub use worker::FormatWorker;

use command::CommandParser;
use isolated::{IsolatedParser, IsolatedUnpacker};
use parsers::{Format, HEAD_BYTES, detect, may_hold_items};
use sandbox::{Sandbox, UnpackBudget};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use text::TextParser;
use types::document::Body;
use types::failure::Failure;
use types::seam::{Choice, Parsers};

/// What the parsers may take, and who comes before them.
#[derive(Debug, Clone)]
pub struct ParseSettings {
    /// In order: the first whose name matches reads the document.
    pub custom: Vec<CustomParser>,
    /// Bytes of memory of one parser, at the most; small documents get less.
    pub memory_max: u64,
    pub archive: UnpackBudget,
}

/// All parsers there are.
#[derive(Debug)]
pub struct FileParsers {
    custom: Vec<Arc<CommandParser>>,
    memory_max: u64,
    archive: UnpackBudget,
    sandbox: Arc<Sandbox>,
}

impl FileParsers {
    pub fn new(sandbox: Arc<Sandbox>, settings: ParseSettings) -> Self {
        let ParseSettings { custom, memory_max, archive } = settings;
        let command = |custom| Arc::new(CommandParser { custom, sandbox: Arc::clone(&sandbox) });
        Self { custom: custom.into_iter().map(command).collect(), memory_max, archive, sandbox }
    }

    fn command(&self, name: &str) -> Option<&Arc<CommandParser>> {
        self.custom.iter().find(|parser| parser.custom.matcher.is_match(name))
    }

    fn of_format(&self, format: Format) -> Choice {
        let sandbox = || Arc::clone(&self.sandbox);
        if format.is_archive() {
            let unpacker = IsolatedUnpacker { format, budget: self.archive, sandbox: sandbox() };
            Choice::Unpack(Arc::new(unpacker))
        } else if format.isolated() {
            let parser = IsolatedParser { format, memory_max: self.memory_max, sandbox: sandbox() };
            Choice::Parse(Arc::new(parser))
        } else {
            Choice::Parse(Arc::new(TextParser { format }))
        }
    }
}

impl Parsers for FileParsers {
    fn choose(&self, name: &str, body: &mut Body) -> Result<Choice, Failure> {
        if let Some(command) = self.command(name) {
            return Ok(Choice::Parse(Arc::clone(command) as _));
        }
        let (head, size) = look(body).map_err(|error| unreadable(&error))?;
        detect(name, &head, size).map(|format| self.of_format(format))
    }

    fn may_hold_items(&self, name: &str) -> bool {
        self.command(name).is_none() && may_hold_items(name)
    }

    fn identity(&self) -> String {
        let custom = self.custom.iter().map(|parser| {
            let glob = parser.custom.matcher.glob();
            format!("{glob} {}\n", command::identity(&parser.custom))
        });
        custom.chain([Format::identities()]).collect()
    }
}

/// The first bytes and the size; leaves the body at its start.
fn look(body: &mut Body) -> io::Result<(Vec<u8>, u64)> {
    let size = body.seek(SeekFrom::End(0))?;
    body.rewind()?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    body.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    body.rewind()?;
    Ok((head, size))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::bad_document(
        format!("cannot be read: {error}"),
        "check the file and its disk, then run `gristmill failures retry bad_document`",
    )
}

#[cfg(test)]
mod tests;
