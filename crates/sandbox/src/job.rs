//! What is asked for, in the words of the worker in the child.

use serde::{Deserialize, Serialize};

/// A document to parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job<'a> {
    pub format: &'a str,
    pub name: &'a str,
}

/// An archive to unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveJob<'a> {
    pub format: &'a str,
    pub name: &'a str,
    pub budget: UnpackBudget,
}

/// How much may come out of an archive. The worker keeps it member by member, the parent as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpackBudget {
    pub members_max: u64,
    pub member_bytes_max: u64,
    pub total_bytes_max: u64,
}
