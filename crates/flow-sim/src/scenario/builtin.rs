//! The scenarios that come with the program.

use super::{Scenario, parse};

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../scenarios/", $folder, $name, ".toml")))),*]
    };
}

const BUILTIN: &[(&str, &str)] = &files!["":
    "steady-60-bucket", "steady-600-bucket", "steady-6000-bucket", "steady-60-fixed",
    "steady-600-fixed", "steady-6000-fixed", "steady-60-sliding", "steady-600-sliding",
    "steady-6000-sliding", "steady-60-second", "steady-600-second", "steady-6000-second",
    "steady-60-ten", "steady-600-ten", "steady-6000-ten", "fast-600-bucket", "slow-600-bucket",
    "fast-600-fixed", "slow-600-fixed", "fast-600-sliding", "slow-600-sliding", "fast-600-second",
    "slow-600-second", "fast-600-ten", "slow-600-ten", "fast-6000-bucket", "slow-6000-bucket",
    "fast-6000-fixed", "slow-6000-fixed", "fast-60-bucket", "slow-60-bucket",
    "steady-60-smallbucket", "steady-600-smallbucket", "steady-6000-smallbucket",
    "refusals-count-bucket", "refusals-count-fixed", "refusals-count-sliding", "tokens-bucket",
    "tokens-fixed", "tokens-sliding", "tokens-only", "tokens-requests-bind",
    "shift-other-dimension", "shift-binding", "shift-back", "halve-bucket", "double-bucket",
    "halve-fixed", "double-fixed", "halve-sliding", "double-sliding", "halve-second",
    "double-second", "halve-ten", "double-ten", "halve-6000-bucket", "double-6000-bucket",
    "halve-6000-sliding", "double-6000-sliding", "halve-6000-second", "double-6000-second",
    "headers-bucket", "headers-halve-bucket", "headers-double-bucket", "headers-fixed",
    "headers-halve-fixed", "headers-double-fixed", "headers-sliding", "headers-halve-sliding",
    "headers-double-sliding", "headers-tokens", "headers-60-bucket", "headers-6000-bucket",
    "retry-after-bucket", "retry-after-half-bucket", "retry-after-fixed", "retry-after-half-fixed",
    "retry-after-sliding", "retry-after-half-sliding", "retry-after-double-bucket",
    "headers-minus-one", "headers-missing", "body-bucket", "body-tokens", "clock-jump",
    "daily-quota", "daily-quota-silent", "limit-zero", "limit-zero-silent", "retry-after-zero",
    "in-flight", "knee", "knee-slow", "knee-and-limit", "failures-bucket", "failures-sliding",
    "brown-out", "outage", "outage-sliding", "slow-down", "workers-2-bucket", "workers-8-bucket",
    "workers-2-fixed", "workers-8-fixed", "workers-2-sliding", "workers-8-sliding", "bursty",
    "urgent",
];

const HELD_OUT: &[(&str, &str)] = &files!["held-out/":
    "diurnal", "diurnal-headers", "two-changes", "tenant", "tenant-headers", "tenant-pulse",
    "bucket-10s", "window-30s", "sliding-30s", "odd-numbers", "heavy-tail", "wide-latency", "items",
    "flapping", "pauses", "ramp-down", "second-and-minute", "strict-60", "jitter", "slow-refusals",
];

const FRESH: &[(&str, &str)] = &files!["fresh/":
    "bucket-5s", "dip-fixed", "early-hint", "failures-fixed", "in-flight-40", "jitter-second", "knee-30", "second-9", "second-and-minute-log", "sliding-20s", "slow-refusals-bucket", "slow-sliding-15s", "slow-ten-300", "small-75", "strict-90", "third-more", "timeouts-free", "tokens-ten", "wide-latency-window", "window-15s",
];

/// What limiters are tuned on.
pub fn builtin() -> Vec<Scenario> {
    read(BUILTIN)
}

/// Shapes that nobody tunes on.
pub fn held_out() -> Vec<Scenario> {
    read(HELD_OUT)
}

/// Shapes that were written after the limiter, and never looked at while it was changed.
pub fn fresh() -> Vec<Scenario> {
    read(FRESH)
}

fn read(files: &[(&str, &str)]) -> Vec<Scenario> {
    let one = |(name, text): &(&str, &str)| {
        parse(name, text).expect("a test reads every built-in scenario")
    };
    files.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load;
    use std::path::Path;

    #[test]
    fn every_file_is_built_in_and_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        for (folder, built_in) in [
            (folder.clone(), builtin()),
            (folder.join("held-out"), held_out()),
            (folder.join("fresh"), fresh()),
        ] {
            let mut built_in = built_in;
            built_in.sort_by(|a, b| a.name.cmp(&b.name));
            let mut files = load(&folder).unwrap();
            files.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(files, built_in);
        }
    }
}
