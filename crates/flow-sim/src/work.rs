//! What there is to do: an endless pile, or what arrives by a schedule.

use crate::provider::normal;
use crate::scenario::{Size, WorkSettings};
use flow::cost::Cost;

/// One request to be made, with the same cost at every attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// In the order in which it was taken from the pile, from 0.
    pub id: u64,
    pub cost: Cost,
    pub taken_at: f64,
    /// Attempts that ended in failure so far, refusals not counted.
    pub failures: u32,
}

/// The pile. The same seed gives the same sizes in the same order, whoever takes them.
#[derive(Debug, Clone)]
pub struct Backlog {
    settings: WorkSettings,
    rng: fastrand::Rng,
    taken: u64,
}

impl Backlog {
    pub fn new(settings: &WorkSettings, seed: u64) -> Self {
        Self { settings: settings.clone(), rng: fastrand::Rng::with_seed(seed), taken: 0 }
    }

    /// Takes the next from the pile, if there is one at this time.
    pub fn take(&mut self, now: f64) -> Option<Work> {
        if self.next_at(now)? > now {
            return None;
        }
        let factor = self.settings.factor_at(now);
        let tokens = draw(&self.settings.tokens, &mut self.rng) * factor;
        let items = draw(&self.settings.items, &mut self.rng);
        let work = Work {
            id: self.taken,
            cost: Cost::request(tokens.round(), items.round()),
            taken_at: now,
            failures: 0,
        };
        self.taken += 1;
        Some(work)
    }

    /// From when on there is something on the pile, `now` at the earliest; none: never again.
    pub fn next_at(&self, now: f64) -> Option<f64> {
        let pause = self.settings.pauses.iter().find(|pause| pause.contains(now));
        let open = pause.map_or(now, |pause| pause.until_secs);
        if self.settings.arrivals.is_empty() {
            return Some(open);
        }
        let mut sum = 0;
        for arrival in &self.settings.arrivals {
            sum += arrival.requests;
            if sum > self.taken {
                return Some(open.max(arrival.at_secs));
            }
        }
        None
    }
}

fn draw(size: &Size, rng: &mut fastrand::Rng) -> f64 {
    if size.sigma <= 0.0 {
        return size.median;
    }
    let drawn = size.median * (size.sigma * normal(rng)).exp();
    drawn.clamp(size.min, size.max.unwrap_or(f64::INFINITY))
}
