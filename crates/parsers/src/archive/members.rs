//! Hands members to their visitor and keeps the budget.

use super::Budget;
use super::name::{self, Name};
use crate::stop::{Step, Stop};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::ops::ControlFlow;
use types::failure::{Failure, FailureClass};
use types::seam::MemberEvent;

const CHUNK_BYTES: usize = 64 * 1024;

pub(super) struct Members<'a> {
    budget: &'a Budget,
    visit: &'a mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    seen: u64,
    total: u64,
    /// Hashes of the names so far: two members of one name would be one document.
    names: HashSet<u64>,
    hasher: RandomState,
    chunk: Vec<u8>,
}

impl<'a> Members<'a> {
    pub(super) fn new(
        budget: &'a Budget,
        visit: &'a mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Self {
        Self {
            budget,
            visit,
            seen: 0,
            total: 0,
            names: HashSet::new(),
            hasher: RandomState::new(),
            chunk: vec![0; CHUNK_BYTES],
        }
    }

    pub(super) fn ratio(&self) -> Ratio {
        Ratio { max: self.budget.ratio_max, from_bytes: self.budget.ratio_from_bytes }
    }

    /// The name under which a member goes on; `None` when it is left out or has failed already.
    pub(super) fn admit(&mut self, raw: &[u8]) -> Step<Option<String>> {
        self.seen += 1;
        if self.seen > self.budget.members_max {
            return Err(Failure::new(
                FailureClass::Bomb,
                format!("the archive holds more than {} members", self.budget.members_max),
                "unpack it yourself and ingest the folder, or raise the limit",
            )
            .into());
        }
        match name::clean(raw) {
            Name::Clean(name) if !self.names.insert(self.hasher.hash_one(&name)) => {
                self.fail(&name, second_of_name())?;
                Ok(None)
            }
            Name::Clean(name) => Ok(Some(name)),
            Name::Junk => Ok(None),
            Name::Escapes(name, failure) => {
                self.fail(&name, failure)?;
                Ok(None)
            }
        }
    }

    pub(super) fn fail(&mut self, name: &str, failure: Failure) -> Step {
        self.event(MemberEvent::Failed { name, failure })
    }

    /// Hands a member's content on; one that fails may leave its reader in the middle. `packed`: its size in the archive, where that is known.
    pub(super) fn content(
        &mut self,
        name: &str,
        packed: Option<u64>,
        content: &mut dyn Read,
    ) -> Step {
        self.event(MemberEvent::Begin { name })?;
        let mut bytes = 0_u64;
        loop {
            let read = match content.read(&mut self.chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.fail(name, damaged(&error))?;
                    return Ok(());
                }
            };
            bytes += read as u64;
            self.total += read as u64;
            if self.total > self.budget.total_bytes_max {
                return Err(self.too_large_together().into());
            }
            if let Some(failure) = self.beyond(bytes, packed) {
                self.fail(name, failure)?;
                return Ok(());
            }
            let chunk = std::mem::take(&mut self.chunk);
            let step = self.event(MemberEvent::Data(&chunk[..read]));
            self.chunk = chunk;
            step?;
        }
        self.event(MemberEvent::End)
    }

    fn beyond(&self, bytes: u64, packed: Option<u64>) -> Option<Failure> {
        let member_bytes_max = self.budget.member_bytes_max;
        if bytes > member_bytes_max {
            return Some(Failure::new(
                FailureClass::TooLarge,
                format!("the member unpacks to more than {} MiB", member_bytes_max >> 20),
                "unpack it yourself and split it, or raise the limit",
            ));
        }
        self.ratio().check(bytes, packed?).err()
    }

    fn too_large_together(&self) -> Failure {
        Failure::new(
            FailureClass::Bomb,
            format!("the archive unpacks to more than {} MiB", self.budget.total_bytes_max >> 20),
            "unpack it yourself and ingest the folder, or raise the limit",
        )
    }

    fn event(&mut self, event: MemberEvent<'_>) -> Step {
        match (self.visit)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Gone),
        }
    }
}

/// How many bytes may come out for each that goes in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    max: u64,
    from_bytes: u64,
}

impl Ratio {
    pub(super) fn check(self, unpacked: u64, packed: u64) -> Result<(), Failure> {
        if unpacked <= self.from_bytes || unpacked / packed.max(1) <= self.max {
            return Ok(());
        }
        Err(Failure::new(
            FailureClass::Bomb,
            format!("unpacks to more than {} times its size", self.max),
            "if it is sound, unpack it yourself and ingest the folder",
        ))
    }
}

fn second_of_name() -> Failure {
    Failure::bad_document(
        "the archive holds a member of the same name before this one",
        "pack it again without the double",
    )
}

/// What a read error means: a limit's own failure where one stopped the read.
pub(super) fn damaged(error: &io::Error) -> Failure {
    if let Some(failure) = error.get_ref().and_then(|cause| cause.downcast_ref::<Failure>()) {
        return failure.clone();
    }
    Failure::bad_document(
        format!("the member is damaged: {}", error.kind()),
        "fetch or pack the archive again",
    )
}
