//! The formats, in the child.

use parsers::{Budget, Format, ParseOptions};
use sandbox::ArchiveJob;
use sandbox::child::{Task, Worker};
use std::ops::ControlFlow;
use types::block::Block;
use types::document::Body;
use types::failure::{Failure, FailureClass};
use types::seam::MemberEvent;

/// For `sandbox::child::entry`, first thing in `main`.
#[derive(Debug, Clone, Copy)]
pub struct FormatWorker;

impl Worker for FormatWorker {
    fn parse(
        &self,
        task: &Task<'_>,
        body: &mut Body,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let options = ParseOptions { first_page: task.first_page };
        parsers::parse(&format_of(task.format)?, task.name, body, options, push)
    }

    fn unpack(
        &self,
        job: &ArchiveJob<'_>,
        body: &mut Body,
        visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        if let Some(done) = crate::split::serve(job, body, visit) {
            return done;
        }
        let budget = Budget {
            members_max: job.budget.members_max,
            member_bytes_max: job.budget.member_bytes_max,
            total_bytes_max: job.budget.total_bytes_max,
            ..Budget::default()
        };
        parsers::unpack(&format_of(job.format)?, job.name, body, &budget, visit)
    }
}

/// Parent and child are one program, so the parent's formats are the child's.
fn format_of(id: &str) -> Result<Format, Failure> {
    Format::from_id(id).ok_or_else(|| {
        Failure::new(FailureClass::Internal, format!("{id} is no format"), "report this")
    })
}
