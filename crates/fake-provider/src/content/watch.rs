//! Who comes earlier than they were asked to.

use std::collections::HashMap;

/// A reply needs so long to be read by the client, and calls that are under way meanwhile cannot know of it.
const READING_SECS: f64 = 0.05;

/// A client's clock may be off by so much over a wait.
const TOLERANCE_SECS: f64 = 0.01;

/// Waits that were told, by group of routes.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    told: HashMap<&'static str, Vec<Told>>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    from: f64,
    until: f64,
}

impl Watch {
    /// The reply that is sent `at` asks to wait for `wait` seconds.
    pub(crate) fn tell(&mut self, group: &'static str, at: f64, wait: f64) {
        let told = Told { from: at + READING_SECS, until: at + wait - TOLERANCE_SECS };
        self.told.entry(group).or_default().push(told);
    }

    pub(crate) fn is_early(&mut self, group: &'static str, now: f64) -> bool {
        let told = self.told.entry(group).or_default();
        told.retain(|each| now < each.until);
        told.iter().any(|each| each.from < now)
    }
}
