//! Archives: their members one after the other, each within a budget, under clean names.

mod gzip;
mod members;
mod name;
mod tar;
mod zip;

use self::members::{Members, Names};
use crate::format::Format;
use crate::stop::{Step, Stop};
use std::io::Seek;
use std::ops::ControlFlow;
use types::document::Body;
use types::failure::{Failure, FailureClass};
use types::seam::MemberEvent;

/// How much may come out of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub members_max: u64,
    /// Unpacked bytes of one member.
    pub member_bytes_max: u64,
    /// Unpacked bytes of all members together.
    pub total_bytes_max: u64,
    /// Unpacked bytes for each packed one, beyond [`Budget::ratio_from_bytes`].
    pub ratio_max: u64,
    pub ratio_from_bytes: u64,
}

impl Default for Budget {
    /// Text compresses 3 to 20 times, logs up to 50 times; small members may compress more.
    fn default() -> Self {
        Self {
            members_max: 1_000_000,
            member_bytes_max: 4 << 30,
            total_bytes_max: 64 << 30,
            ratio_max: 100,
            ratio_from_bytes: 8 << 20,
        }
    }
}

/// Visits the members in the archive's order; folders and `__MACOSX` are left out.
///
/// A member that cannot be read is [`MemberEvent::Failed`] and the rest goes on. `Err` when the archive as a whole
/// cannot be read (further). `name` is the archive's, for a compressed file that does not tell its own.
pub fn unpack(
    format: &Format,
    name: &str,
    body: &mut Body,
    budget: &Budget,
    visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    Stop::outcome(match format {
        Format::Zip => zip::unpack(body, &mut Members::new(budget, Names::first(), visit)),
        Format::Tar => twice(body, budget, visit, |body, members| tar::unpack(body, members)),
        Format::Gzip => {
            twice(body, budget, visit, |body, members| gzip::unpack(name, body, members))
        }
        other => Err(Failure::new(
            FailureClass::Internal,
            format!("{name} is {} and was to be unpacked as an archive", other.id()),
            "report this",
        )
        .into()),
    })
}

/// A tar may hold a name more than once, and extracting it leaves the last: the first pass finds where that is.
fn twice(
    body: &mut Body,
    budget: &Budget,
    visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    unpack: impl Fn(&mut Body, &mut Members<'_>) -> Step,
) -> Step {
    let mut overlook = |_: MemberEvent<'_>| ControlFlow::Continue(());
    let mut survey = Members::new(budget, Names::survey(), &mut overlook);
    // What ends it early ends the second pass at the same place, which tells it.
    unpack(body, &mut survey).ok();
    let names = survey.into_names();
    body.rewind()?;
    unpack(body, &mut Members::new(budget, names, visit))
}

#[cfg(test)]
mod tests;
