//! The limits of a job, as a function of the document's size.

use std::time::Duration;

const MIB: u64 = 1 << 20;

/// Memory limits are multiples of this, so that children with equal limits are there to be reused.
const MEMORY_STEP: u64 = 32 * MIB;

/// What the sandbox grants. The limits are per document.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    pub cpu_base: Duration,
    pub cpu_per_mib: Duration,
    /// Waiting for a child ends after this many times its processor time. The time that the consumer of the
    /// blocks takes does not count.
    pub wall_factor: u32,
    pub output_base_bytes: u64,
    /// Output bytes for each byte of the document.
    pub output_factor: u64,
    pub unpacked_base_bytes: u64,
    pub unpacked_factor: u64,
    /// A child is replaced after so many documents.
    pub reuse_documents_max: u32,
    pub reuse_bytes_max: u64,
    /// Children that wait for work.
    pub idle_max: usize,
}

impl SandboxSettings {
    /// Ten seconds and 64 MiB are 30 and 10 times what the worst of 970 PDF files needed. Twenty output bytes for a
    /// byte cover office formats, 100 unpacked bytes cover archives of text, a bomb has a thousand and more.
    /// Starting a child costs 1 ms, so reuse pays for small files only.
    pub fn recommended() -> Self {
        Self {
            cpu_base: Duration::from_secs(10),
            cpu_per_mib: Duration::from_secs(2),
            wall_factor: 3,
            output_base_bytes: 64 * MIB,
            output_factor: 20,
            unpacked_base_bytes: 1024 * MIB,
            unpacked_factor: 100,
            reuse_documents_max: 64,
            reuse_bytes_max: 256 * MIB,
            idle_max: 8,
        }
    }

    pub(crate) fn parse_budget(&self, size: u64, memory: u64) -> Budget {
        let output_bytes = self.output_base_bytes + size.saturating_mul(self.output_factor);
        self.budget(size, memory_class(memory), output_bytes)
    }

    pub(crate) fn unpack_budget(&self, size: u64, memory: u64, total_bytes_max: u64) -> Budget {
        let plausible = self.unpacked_base_bytes + size.saturating_mul(self.unpacked_factor);
        self.budget(size, memory, plausible.min(total_bytes_max))
    }

    fn budget(&self, size: u64, memory: u64, output_bytes: u64) -> Budget {
        let cpu = self.cpu_base + self.cpu_per_mib.mul_f64(size as f64 / MIB as f64);
        let cpu_secs = cpu.as_secs().max(1);
        Budget {
            memory,
            cpu_secs,
            wall: Duration::from_secs(cpu_secs) * self.wall_factor,
            output_bytes,
        }
    }
}

/// What one job may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) memory: u64,
    /// `RLIMIT_CPU` counts whole seconds.
    pub(crate) cpu_secs: u64,
    pub(crate) wall: Duration,
    pub(crate) output_bytes: u64,
}

/// Bytes of memory to grant for parsing a document of this size in a child: 64 MiB, and so many for each byte of the
/// document as its format takes; 96 MiB at the least.
pub fn memory_needed(size: u64, for_each_byte: u64) -> u64 {
    let needed = size.saturating_mul(for_each_byte).saturating_add(64 * MIB).max(96 * MIB);
    needed.checked_next_multiple_of(MEMORY_STEP).unwrap_or(u64::MAX)
}

/// The limit that a child which can be reused gets for a lease: never more than the lease.
fn memory_class(lease: u64) -> u64 {
    if lease < MEMORY_STEP { lease } else { lease / MEMORY_STEP * MEMORY_STEP }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_what_is_needed_is_granted_whole() {
        for size in [0, 1, 5 * MIB, 6 * MIB, 700 * MIB] {
            let needed = memory_needed(size, 6);
            assert!(needed >= 96 * MIB && needed >= 64 * MIB + 6 * size, "{size}: {needed}");
            assert_eq!(memory_class(needed), needed);
        }
    }

    #[test]
    fn a_child_never_gets_more_than_the_lease() {
        for lease in [1, MIB, 33 * MIB, 100 * MIB, 1000 * MIB + 1] {
            assert!(memory_class(lease) <= lease);
        }
    }

    #[test]
    fn limits_grow_with_the_document() {
        let settings = SandboxSettings::recommended();
        let small = settings.parse_budget(100, 96 * MIB);
        let expected = Budget {
            memory: 96 * MIB,
            cpu_secs: 10,
            wall: Duration::from_secs(30),
            output_bytes: 64 * MIB + 2_000,
        };
        assert_eq!(small, expected);
        let large = settings.parse_budget(100 * MIB, 664 * MIB);
        assert_eq!((large.cpu_secs, large.output_bytes), (210, 2064 * MIB));
        assert_eq!(settings.unpack_budget(MIB, 96 * MIB, u64::MAX).output_bytes, 1124 * MIB);
        assert_eq!(settings.unpack_budget(MIB, 96 * MIB, 5).output_bytes, 5);
    }

    #[test]
    fn no_size_overflows() {
        let settings = SandboxSettings::recommended();
        assert_eq!(memory_needed(u64::MAX, 1), u64::MAX);
        assert!(settings.parse_budget(u64::MAX / 1000, u64::MAX).output_bytes > MIB);
    }
}
