//! How long calls take and how they end, apart from limits.

use super::settings::{ServiceSettings, Trouble};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What the service does with a call before any limit is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Goes on to the limits.
    Passed,
    /// 503.
    Overloaded,
    /// Told to slow down, whatever the client's own limit.
    SlowDown,
}

/// The times of a call at the provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served {
    pub begun: f64,
    pub done: f64,
}

/// Latency, slots, failures and times of trouble.
#[derive(Debug, Clone)]
pub struct Service {
    settings: ServiceSettings,
    rng: fastrand::Rng,
    /// When each slot in use is free again: bits of times, which have the times' order above 0.
    busy: BinaryHeap<Reverse<u64>>,
}

impl Service {
    pub fn new(settings: &ServiceSettings, seed: u64) -> Self {
        Self {
            settings: settings.clone(),
            rng: fastrand::Rng::with_seed(seed),
            busy: BinaryHeap::new(),
        }
    }

    pub fn settings(&self) -> &ServiceSettings {
        &self.settings
    }

    pub fn on_arrival(&mut self, now: f64) -> Fate {
        let Some(trouble) = self.trouble(now) else { return Fate::Passed };
        let drawn = self.rng.f64();
        if drawn < trouble.overloaded_share {
            Fate::Overloaded
        } else if drawn < trouble.overloaded_share + trouble.slow_down_share {
            Fate::SlowDown
        } else {
            Fate::Passed
        }
    }

    /// Seconds to say no.
    pub fn refusal(&mut self) -> f64 {
        let [from, to] = self.settings.refusal_secs;
        from + (to - from) * self.rng.f64()
    }

    /// When an admitted call is begun and when it is done: it waits for a slot, first come first served.
    pub fn serve(&mut self, now: f64, tokens: f64) -> Served {
        let needed = self.service_secs(now, tokens);
        let Some(slots) = self.settings.slots else {
            return Served { begun: now, done: now + needed };
        };
        let mut start = now;
        if self.busy.len() >= slots
            && let Some(Reverse(free)) = self.busy.pop()
        {
            start = start.max(f64::from_bits(free));
        }
        let done = start + needed;
        self.busy.push(Reverse(done.to_bits()));
        Served { begun: start, done }
    }

    /// Whether an admitted call ends as 500.
    pub fn fails(&mut self) -> bool {
        self.settings.failed_share > 0.0 && self.rng.f64() < self.settings.failed_share
    }

    fn service_secs(&mut self, now: f64, tokens: f64) -> f64 {
        let spread = (self.settings.latency_sigma * normal(&mut self.rng)).exp();
        let mut secs = self.settings.latency_secs * spread + self.settings.secs_per_token * tokens;
        if let Some(tail) = self.settings.tail
            && self.rng.f64() < tail.share
        {
            secs *= tail.factor;
        }
        secs * self.trouble(now).map_or(1.0, |trouble| trouble.slowdown)
    }

    fn trouble(&self, now: f64) -> Option<Trouble> {
        self.settings.troubles.iter().find(|trouble| trouble.contains(now)).copied()
    }
}

/// Standard normal (Box and Muller, 1958).
pub(crate) fn normal(rng: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}
