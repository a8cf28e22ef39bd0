//! Refusals that mean "too many at once", not "too many per minute".

use std::collections::VecDeque;

/// Accepted calls that are looked back at.
const RING: usize = 400;

/// Below this many nothing can be said of levels that never worked.
const SEEN_MIN: usize = 30;

/// A reply on its way back still counts as under way here, but not there: a few get through above the cap.
const ABOVE_SHARE: f64 = 0.05;

/// At a steady rate and latency the number under way hardly differs from wall to wall: a few may agree by chance.
const WALLS_MIN: u32 = 4;

/// First wait before one more is tried, growing with each refusal: the cap of a provider seldom changes.
const RETRY_SECS: f64 = 8.0;
const RETRY_SECS_MAX: f64 = 120.0;

#[derive(Debug)]
pub(super) struct Slots {
    accepted: VecDeque<usize>,
    last_wall: Option<usize>,
    agreeing: u32,
    cap: Option<usize>,
    raise_at: f64,
    interval: f64,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            accepted: VecDeque::new(),
            last_wall: None,
            agreeing: 0,
            cap: None,
            raise_at: 0.0,
            interval: RETRY_SECS,
        }
    }

    pub(super) fn cap(&self) -> Option<usize> {
        self.cap
    }

    pub(super) fn accepted(&mut self, now: f64, in_flight: usize) {
        if self.accepted.len() == RING {
            self.accepted.pop_front();
        }
        self.accepted.push_back(in_flight);
        if let Some(cap) = self.cap
            && now >= self.raise_at
            && in_flight >= cap
        {
            self.cap = Some(cap + 1);
            self.raise_at = now + self.interval;
        }
    }

    /// Whether a refusal at this level is explained by a cap on calls at once. Walls must agree within one:
    /// in the ramp of the start every wall stands at the highest level so far.
    pub(super) fn explains(&mut self, in_flight: usize) -> bool {
        if self.cap.is_some_and(|cap| in_flight > cap) {
            return true;
        }
        let above = self.accepted.iter().filter(|level| **level >= in_flight).count();
        let never = in_flight >= 2
            && self.accepted.len() >= SEEN_MIN
            && (above as f64) < ABOVE_SHARE * self.accepted.len() as f64;
        let agrees = self.last_wall.is_some_and(|level| level.abs_diff(in_flight) <= 1);
        self.agreeing = if agrees { self.agreeing + 1 } else { 1 };
        self.last_wall = Some(in_flight);
        never && self.agreeing >= WALLS_MIN
    }

    pub(super) fn refused(&mut self, now: f64, in_flight: usize) {
        let cap = in_flight.saturating_sub(1).max(1);
        self.cap = Some(self.cap.map_or(cap, |old| old.min(cap)));
        self.interval = (self.interval * 1.6).min(RETRY_SECS_MAX);
        self.raise_at = now + self.interval;
    }
}
