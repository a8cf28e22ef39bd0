//! What the caller decides.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Limits of one extractor, whatever is extracted from how many documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Sections under way.
    pub section_tasks: NonZeroUsize,
    /// Sections on their way to the provider.
    pub uploads: NonZeroUsize,
    /// Sections that are cut out and not yet begun, and documents that are being cut.
    pub splits: NonZeroUsize,
    pub timeouts: Timeouts,
    /// A section that failed for a reason that may pass is tried so often in all.
    pub attempts: u32,
    /// Bytes of resident memory above which no section is begun while others are under way; none: not looked at.
    pub resident_max: Option<u64>,
    /// And where it is gone on.
    pub resident_low: u64,
    /// A provider that answers nothing is waited for so long.
    pub patience: Duration,
    /// Failures of a call, while others are answered, after which it is given up.
    pub failures_max: u32,
    pub seed: u64,
}

/// The most that each step may take. Within it, calls are given up earlier when others are answered faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// A section with all its steps.
    pub section: Duration,
    /// Sending the bytes, and the file becoming usable.
    pub upload: Duration,
    /// From when a section is wanted until its bytes are there.
    pub split: Duration,
    /// One answer.
    pub generate: Duration,
}

impl Default for Settings {
    /// Those of the earlier system: 5 sections, 3 uploads, 4 splits; 600, 300, 120 and 300 seconds; 1024 and 768 MiB.
    fn default() -> Self {
        let count = |n| NonZeroUsize::new(n).expect("a constant above zero");
        Self {
            section_tasks: count(5),
            uploads: count(3),
            splits: count(4),
            timeouts: Timeouts {
                section: Duration::from_mins(10),
                upload: Duration::from_mins(5),
                split: Duration::from_mins(2),
                generate: Duration::from_mins(5),
            },
            attempts: 2,
            resident_max: Some(1024 << 20),
            resident_low: 768 << 20,
            patience: Duration::from_mins(2),
            failures_max: 5,
            seed: 1,
        }
    }
}

/// What becomes of an upload when its section is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is deleted.
    No,
    /// It stays for later prompts until the provider lets it expire.
    Yes,
}
