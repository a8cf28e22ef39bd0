//! The parsers, in this process and in children.

use crate::failed::Failed;
use crate::settings::Settings;
use connectors::parse::{CustomParser, FileParsers, ParseSettings};
use sandbox::{Sandbox, SandboxSettings, UnpackBudget};
use std::sync::Arc;
use types::seam::Parsers;

pub(crate) fn build(settings: &Settings) -> Result<(Arc<dyn Parsers>, Arc<Sandbox>), Failed> {
    let mut limits = SandboxSettings::recommended();
    limits.cpu_base = settings.limits.parse_time;
    limits.idle_max = settings.workers.get();
    let sandbox = Sandbox::new(limits).map_err(|error| {
        Failed::internal(format!("cannot start the thread of the parser children: {error}"))
    })?;
    let sandbox = Arc::new(sandbox);
    let parse = ParseSettings {
        custom: settings.parsers.iter().map(custom).collect(),
        memory_max: settings.limits.parse_memory,
        archive: UnpackBudget {
            members_max: settings.limits.archive_members,
            member_bytes_max: settings.limits.document_bytes,
            total_bytes_max: settings.limits.archive_bytes,
        },
    };
    Ok((Arc::new(FileParsers::new(Arc::clone(&sandbox), parse)), sandbox))
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
