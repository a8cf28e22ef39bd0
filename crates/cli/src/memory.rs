//! Anonymous resident memory of the process and its parse children, sampled.

use sandbox::Sandbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keeps the largest sample.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    sandbox: Arc<Sandbox>,
    peak: Arc<AtomicU64>,
}

impl Sampler {
    pub(crate) fn new(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox, peak: Arc::default() }
    }

    pub(crate) fn sample(&self) {
        self.now();
    }

    /// Bytes now.
    pub(crate) fn now(&self) -> u64 {
        let bytes = own_anonymous() + self.sandbox.resident_bytes();
        self.peak.fetch_max(bytes, Ordering::Relaxed);
        bytes
    }

    /// Bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.sample();
        self.peak.load(Ordering::Relaxed)
    }
}

/// `RssAnon` of this process in bytes; 0 where the system does not say it.
fn own_anonymous() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_anonymous_memory() {
        let held = vec![1u8; 8 << 20];
        assert!(super::own_anonymous() > held.len() as u64);
    }
}
