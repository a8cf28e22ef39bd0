//! What the program can do, one module each.

pub(crate) mod analyze;
pub(crate) mod config;
pub(crate) mod extract;
pub(crate) mod copy;
pub(crate) mod failures;
mod listed;
pub(crate) mod ingest;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod split;
pub(crate) mod status;
pub(crate) mod verify;
mod watch;

use crate::args::Format;
use crate::failed::Failed;
use serde_json::Value;
use std::io::{ErrorKind, Write, stdout};

/// One JSON object, or the text; a reader that closed the pipe has seen enough.
pub(crate) fn print(format: Format, json: &Value, text: &str) -> Result<(), Failed> {
    let written = match format {
        Format::Json => writeln!(stdout().lock(), "{json}"),
        Format::Text => writeln!(stdout().lock(), "{text}"),
    };
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failed::internal(format!("cannot write the result: {error}")))
        }
        _ => Ok(()),
    }
}
