//! Unpacking an archive in a child of its own, whose standard input is the archive.

use super::{Sandbox, Stop, unreadable};
use crate::frame::{Header, Op};
use crate::job::ArchiveJob;
use crate::live::{Live, NoFrame};
use crate::patience::Patience;
use crate::piped::Lost;
use crate::settings::Budget;
use crate::verdict::{Case, Death};
use crate::wire::{Archive, MemberFailed, Start};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use types::document::{Body, RawDocument};
use types::failure::Failure;
use types::seam::parse::MemberEvent;

/// Of an archive that crashes the unpacker before its first member.
const TRIES_MAX: u32 = 2;

/// Between the signal that names the limit of processor time and the one that cannot be caught.
const CPU_GRACE_SECS: u64 = 2;

type Visit<'a> = dyn FnMut(MemberEvent<'_>) -> ControlFlow<()> + 'a;

impl Sandbox {
    /// As `types::seam::parse::Unpacker::unpack`: `memory` is the limit of the child in bytes. A death in the middle of
    /// a member ends that one with [`MemberEvent::Failed`].
    pub fn unpack(
        &self,
        job: &ArchiveJob<'_>,
        raw: &mut RawDocument,
        memory: u64,
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        let budget = self.settings.unpack_budget(raw.size, memory, job.budget.total_bytes_max);
        let start = Start {
            memory: budget.memory,
            cpu_secs_life: budget.cpu_secs + CPU_GRACE_SECS,
            archive: Some(Archive {
                format: job.format.to_owned(),
                name: job.name.to_owned(),
                budget: job.budget,
                cpu_secs: budget.cpu_secs,
            }),
        };
        let mut deaths = 0;
        loop {
            let input = inherited(&mut raw.body).map_err(|error| unreadable(&error))?;
            let mut live = self.start(&start, Stdio::from(input))?;
            let mut members = Members::new(visit);
            let death = match members.follow(&mut live, &budget, self.interrupt()) {
                Stop::Answered(answer) => return answer,
                Stop::ConsumerGone => return Ok(()),
                Stop::Unreadable(error) => return Err(unreadable(&error)),
                Stop::NoFrame(why) => live.death(why),
                Stop::Death(death) => death,
            };
            deaths += 1;
            if members.begun || !death.is_crash() || deaths == TRIES_MAX {
                let failure = Case { size: raw.size, budget: &budget, deaths }.failure(&death);
                return members.give_up(failure);
            }
        }
    }
}

/// A descriptor of the same bytes, at their start.
fn inherited(body: &mut Body) -> io::Result<File> {
    body.rewind()?;
    match body {
        Body::File(file) => file.try_clone(),
        Body::Memory(bytes) => {
            let mut file = File::from(memfd_create("archive", MemfdFlags::CLOEXEC)?);
            file.write_all(bytes.get_ref())?;
            file.rewind()?;
            Ok(file)
        }
    }
}

/// Checks what the child says: it has read a hostile archive.
struct Members<'a, 'v> {
    visit: &'a mut Visit<'v>,
    /// The member that has begun and has not ended.
    open: Option<String>,
    begun: bool,
}

impl<'a, 'v> Members<'a, 'v> {
    fn new(visit: &'a mut Visit<'v>) -> Self {
        Self { visit, open: None, begun: false }
    }

    fn follow(
        &mut self,
        live: &mut Live,
        budget: &Budget,
        interrupt: Option<&Arc<AtomicBool>>,
    ) -> Stop {
        let mut patience = Patience::of(budget.wall);
        patience.until(interrupt);
        let mut output_left = budget.output_bytes;
        loop {
            let header = match live.next_frame(&mut patience) {
                Ok(header) => header,
                Err(NoFrame::Lost(Lost::Interrupted)) => {
                    match (self.visit)(MemberEvent::Data(&[])) {
                        ControlFlow::Continue(()) => continue,
                        ControlFlow::Break(()) => return Stop::ConsumerGone,
                    }
                }
                Err(why) => return why.into(),
            };
            let Some(left) = output_left.checked_sub(header.length as u64) else {
                return Stop::Death(Death::Output);
            };
            output_left = left;
            if let ControlFlow::Break(stop) = self.take(header, live.payload(header)) {
                return stop;
            }
        }
    }

    fn take(&mut self, header: Header, payload: &[u8]) -> ControlFlow<Stop> {
        const GARBLED: ControlFlow<Stop> = ControlFlow::Break(Stop::NoFrame(NoFrame::Garbled));
        let visited = match header.op {
            Op::MemberBegin if self.open.is_none() => {
                let Some(name) = clean(payload) else { return GARBLED };
                self.begun = true;
                self.open = Some(name.to_owned());
                (self.visit)(MemberEvent::Begin { name })
            }
            Op::MemberData if self.open.is_some() => (self.visit)(MemberEvent::Data(payload)),
            Op::MemberEnd if self.open.take().is_some() => (self.visit)(MemberEvent::End),
            Op::MemberFailed => {
                let Ok(MemberFailed { name, failure }) = postcard::from_bytes(payload) else {
                    return GARBLED;
                };
                self.begun = true;
                self.open = None;
                (self.visit)(MemberEvent::Failed { name: &name, failure })
            }
            Op::MemberBegin | Op::MemberData | Op::MemberEnd => return GARBLED,
            last => return ControlFlow::Break(Stop::last(last, payload)),
        };
        visited.map_break(|()| Stop::ConsumerGone)
    }

    fn give_up(self, failure: Failure) -> Result<(), Failure> {
        if let Some(name) = &self.open {
            let event = MemberEvent::Failed { name, failure: failure.clone() };
            // Whether the consumer wants more does not matter: nothing comes.
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) = (self.visit)(event);
        }
        Err(failure)
    }
}

/// A path inside an archive that cannot lead out of it.
fn clean(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let steps = || name.split('/');
    (!name.contains('\0') && steps().all(|step| !matches!(step, "" | "." | ".."))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_out_of_the_archive_is_refused() {
        for name in ["", "/etc/passwd", "a//b", "../b", "a/../b", "./a", "a/", "a\0b"] {
            assert_eq!(clean(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(clean(b"a\xff"), None);
        assert_eq!(clean("a/ü..b/...".as_bytes()), Some("a/ü..b/..."));
    }
}
