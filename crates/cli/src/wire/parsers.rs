//! The parsers, in this process and in children.

use crate::failed::Failed;
use crate::settings::Settings;
use connectors::parse::{CustomParser, FileParsers};
use sandbox::{Sandbox, SandboxSettings};
use std::sync::Arc;
use types::seam::Parsers;

pub(crate) fn build(settings: &Settings) -> Result<(Arc<dyn Parsers>, Arc<Sandbox>), Failed> {
    let mut limits = SandboxSettings::recommended();
    limits.cpu_base = settings.limits.parse_time;
    limits.unpacked_base_bytes = limits.unpacked_base_bytes.min(settings.limits.archive_bytes);
    let sandbox = Sandbox::new(limits).map_err(|error| {
        Failed::internal(format!("cannot start the thread of the parser children: {error}"))
    })?;
    let sandbox = Arc::new(sandbox);
    let custom = settings.parsers.iter().map(custom).collect();
    Ok((Arc::new(FileParsers::new(Arc::clone(&sandbox), custom)), sandbox))
}

fn custom(parser: &crate::settings::CustomParser) -> CustomParser {
    let mut command = vec![parser.command.program.clone()];
    command.extend(parser.command.arguments.iter().cloned());
    CustomParser {
        matcher: parser.pattern.matcher(),
        command,
        timeout: parser.timeout,
        memory: parser.memory,
    }
}
