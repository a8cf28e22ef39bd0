//! A user's program reads the documents whose names match.

use globset::GlobMatcher;
use sandbox::{CommandJob, Sandbox};
use std::io::{self, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;
use types::block::Block;
use types::document::{Body, RawDocument};
use types::failure::{Failure, FailureClass};
use types::seam::Parser;

/// One entry of `[[parsers]]`.
#[derive(Debug, Clone)]
pub struct CustomParser {
    /// Matches a document's name below its source.
    pub matcher: GlobMatcher,
    /// The program and its arguments; the path of the file follows.
    pub command: Vec<String>,
    pub timeout: Duration,
    /// Bytes.
    pub memory: u64,
}

#[derive(Debug)]
pub(super) struct CommandParser {
    pub(super) custom: CustomParser,
    pub(super) sandbox: Arc<Sandbox>,
}

impl Parser for CommandParser {
    fn identity(&self) -> String {
        identity(&self.custom)
    }

    fn memory(&self, _size: u64) -> u64 {
        self.custom.memory
    }

    fn parse(
        &self,
        raw: &mut RawDocument,
        memory: u64,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let spooled = match raw.path {
            Some(_) => None,
            None => Some(spool(&raw.name, &mut raw.body).map_err(|error| not_spooled(&error))?),
        };
        let lies = raw.path.as_deref().or(spooled.as_ref().map(NamedTempFile::path));
        let path = lies.expect("a document without a path was spooled");
        let CustomParser { command, timeout, .. } = &self.custom;
        let job = CommandJob { command, path, size: raw.size, timeout: *timeout, memory };
        self.sandbox.command(&job, push)
    }
}

/// The words, each with its length in front, so that no two commands look alike.
pub(super) fn identity(custom: &CustomParser) -> String {
    let words = custom.command.iter().map(|word| format!(" {}:{word}", word.len()));
    format!("command{}", words.collect::<String>())
}

/// A member of an archive lies nowhere. Its ending stays, because programs look at it.
fn spool(name: &str, body: &mut Body) -> io::Result<NamedTempFile> {
    let ending = Path::new(name).extension().map(|ending| {
        let mut suffix = std::ffi::OsString::from(".");
        suffix.push(ending);
        suffix
    });
    let mut builder = tempfile::Builder::new();
    if let Some(ending) = &ending {
        builder.suffix(ending);
    }
    let mut file = builder.tempfile()?;
    body.rewind()?;
    io::copy(body, &mut file)?;
    Ok(file)
}

fn not_spooled(error: &io::Error) -> Failure {
    let class = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureClass::DiskFull,
        _ => FailureClass::Internal,
    };
    Failure::new(
        class,
        format!("cannot be written to a temporary file for its command: {error}"),
        "make room in the directory for temporary files, or unpack the archive",
    )
}
