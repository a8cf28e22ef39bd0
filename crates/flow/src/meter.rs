//! How long a stage works: items, busy time, and quantiles out of a fixed number of counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets grow by a quarter each, from 1 µs to beyond an hour: a quantile is right to about 12 %.
const BUCKETS: usize = 100;
const GROWTH: f64 = 1.25;

/// Counts the work of one stage. Written by many threads.
#[derive(Debug)]
pub struct Meter {
    items: AtomicU64,
    busy_ns: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

/// What a meter shows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    pub items: u64,
    pub busy: Duration,
    /// Per measured piece of work.
    pub p50: Duration,
    pub p99: Duration,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            items: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Meter {
    /// Adds one piece of work over `items` items.
    pub fn add(&self, items: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.items.fetch_add(items, Ordering::Relaxed);
        self.busy_ns.fetch_add(nanos, Ordering::Relaxed);
        self.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    pub fn read(&self) -> Reading {
        Reading {
            items: self.items.load(Ordering::Relaxed),
            busy: Duration::from_nanos(self.busy_ns.load(Ordering::Relaxed)),
            p50: self.quantile(0.50),
            p99: self.quantile(0.99),
        }
    }

    fn quantile(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self.buckets.iter().map(|b| b.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let wanted = (share * total as f64).ceil() as u64;
        let mut seen = 0;
        for (index, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && total > 0 {
                return middle(index);
            }
        }
        Duration::ZERO
    }
}

fn bucket(took: Duration) -> usize {
    let micros = took.as_secs_f64() * 1e6;
    if micros <= 1.0 { 0 } else { ((micros.ln() / GROWTH.ln()) as usize + 1).min(BUCKETS - 1) }
}

fn middle(index: usize) -> Duration {
    Duration::from_secs_f64(GROWTH.powf(index as f64 - 0.5) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_a_bucket() {
        let meter = Meter::default();
        for millis in 1..=1000 {
            meter.add(2, Duration::from_millis(millis));
        }
        let reading = meter.read();
        assert_eq!(reading.items, 2000);
        assert_eq!(reading.busy, Duration::from_millis(500_500));
        assert!((0.43..0.57).contains(&reading.p50.as_secs_f64()), "{reading:?}");
        assert!((0.86..1.13).contains(&reading.p99.as_secs_f64()), "{reading:?}");
        assert_eq!(Meter::default().read(), Reading::default());
    }
}
