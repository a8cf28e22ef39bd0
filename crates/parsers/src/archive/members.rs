//! Hands members to their visitor and keeps the budget.

use super::Budget;
use super::name::{self, Name};
use crate::stop::{Step, Stop};
use std::collections::{HashMap, HashSet};
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
    names: Names,
    chunk: Vec<u8>,
}

/// Two members of one name would be one document. Names are held as hashes.
#[derive(Debug)]
pub(super) struct Names {
    hasher: RandomState,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    /// The first of a name counts; another one is a mistake of who packed the archive.
    First(HashSet<u64>),
    /// A pass that only looks where each name stands last.
    Survey(HashMap<u64, u64>),
    /// The last of a name counts, as where an archive is extended by newer files.
    Last(HashMap<u64, u64>),
}

impl Names {
    pub(super) fn first() -> Self {
        Self { hasher: RandomState::new(), rule: Rule::First(HashSet::new()) }
    }

    pub(super) fn survey() -> Self {
        Self { hasher: RandomState::new(), rule: Rule::Survey(HashMap::new()) }
    }

    /// Whether the member, the `number`th of all, goes on under its name.
    fn judge(&mut self, name: &str, number: u64) -> Verdict {
        let hash = self.hasher.hash_one(name);
        match &mut self.rule {
            Rule::First(names) => {
                if names.insert(hash) {
                    Verdict::Counts
                } else {
                    Verdict::Double
                }
            }
            Rule::Survey(last) => {
                last.insert(hash, number);
                Verdict::Counts
            }
            Rule::Last(last) => match last.get(&hash) {
                Some(last) if *last > number => Verdict::Superseded,
                _ => Verdict::Counts,
            },
        }
    }
}

enum Verdict {
    Counts,
    Double,
    Superseded,
}

impl<'a> Members<'a> {
    pub(super) fn new(
        budget: &'a Budget,
        names: Names,
        visit: &'a mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
    ) -> Self {
        Self { budget, visit, seen: 0, total: 0, names, chunk: vec![0; CHUNK_BYTES] }
    }

    /// This pass is only about names.
    pub(super) fn surveys(&self) -> bool {
        matches!(self.names.rule, Rule::Survey(_))
    }

    /// After a survey: the names for the pass that hands members on.
    pub(super) fn into_names(self) -> Names {
        let Names { hasher, rule } = self.names;
        let rule = match rule {
            Rule::Survey(last) => Rule::Last(last),
            other => other,
        };
        Names { hasher, rule }
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
            Name::Clean(name) => match self.names.judge(&name, self.seen) {
                Verdict::Counts => Ok(Some(name)),
                Verdict::Superseded => Ok(None),
                Verdict::Double => {
                    self.fail(&name, second_of_name())?;
                    Ok(None)
                }
            },
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
