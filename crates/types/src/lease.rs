//! Who may go on with a version that is being written, and until when.
//!
//! A document that fits one segment is claimed, written and finished in one transaction, and nobody else ever sees
//! it leased. A longer one is leased to the run that began it: each of its segments prolongs the lease, the last one
//! gives it back. Whoever finds a lease that has run out may claim the document; the run it is taken from is fenced
//! out, and what it still sends is refused. Times are those of the store, so that no other clock matters.

use crate::ledger::{DocumentId, VersionKey};
use std::time::Duration;

/// How long a lease holds: a run that is stopped in its tracks for longer may lose its documents to another.
pub const LEASE: Duration = Duration::from_mins(1);
/// A lease is prolonged so often while nothing is committed.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// The right to write a document until its time has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub document: DocumentId,
    /// Larger than any version and any lease of the document before.
    pub fence: i64,
    /// The version that is being written: its key and the next sequence number wanted.
    pub open: Option<(VersionKey, u32)>,
    /// Versions begun, leases taken over and failures.
    pub attempts: u32,
    /// Failures since the last head.
    pub failures: u32,
    /// Leases that ended without a word since the last head.
    pub crashes: u32,
}
