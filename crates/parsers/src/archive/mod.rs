//! Archives: their members one after the other, each within a budget, under clean names.

mod gzip;
mod members;
mod name;
mod tar;
mod zip;

use self::members::Members;
use crate::format::Format;
use crate::stop::Stop;
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
    let mut members = Members::new(budget, visit);
    Stop::outcome(match format {
        Format::Zip => zip::unpack(body, &mut members),
        Format::Tar => tar::unpack(body, &mut members),
        Format::Gzip => gzip::unpack(name, body, &mut members),
        other => Err(Failure::new(
            FailureClass::Internal,
            format!("{name} is {} and was to be unpacked as an archive", other.id()),
            "report this",
        )
        .into()),
    })
}

#[cfg(test)]
mod tests;
