//! What there is to do: an endless pile, or what arrives by a schedule.

use crate::provider::normal;
use crate::scenario::{Size, WorkSettings};
use flow::cost::Cost;
use flow::fair::Class;

/// One request to be made, with the same cost at every attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// In the order in which it was taken from the pile, from 0.
    pub id: u64,
    pub cost: Cost,
    pub class: Class,
    /// When it came to the pile; the endless part comes when it is taken.
    pub came_at: f64,
    /// Attempts that ended in failure so far, refusals not counted.
    pub failures: u32,
}

/// The pile. The same seed gives the same sizes in the same order, whoever takes them.
#[derive(Debug, Clone)]
pub struct Backlog {
    settings: WorkSettings,
    rng: fastrand::Rng,
    /// From the pile.
    taken: u64,
    /// In all.
    drawn: u64,
    urgent: Option<Urgent>,
}

/// Requests that somebody waits for: a Poisson stream beside the pile.
#[derive(Debug, Clone)]
struct Urgent {
    per_sec: f64,
    next: f64,
    rng: fastrand::Rng,
}

impl Urgent {
    fn new(per_sec: f64, seed: u64) -> Self {
        let mut urgent = Self { per_sec, next: 0.0, rng: fastrand::Rng::with_seed(!seed) };
        urgent.pass();
        urgent
    }

    /// On to the next arrival.
    fn pass(&mut self) {
        self.next -= (1.0 - self.rng.f64()).ln() / self.per_sec;
    }
}

impl Backlog {
    pub fn new(settings: &WorkSettings, seed: u64) -> Self {
        Self {
            settings: settings.clone(),
            rng: fastrand::Rng::with_seed(seed),
            taken: 0,
            drawn: 0,
            urgent: settings.urgent_per_sec.map(|per_sec| Urgent::new(per_sec, seed)),
        }
    }

    /// Takes what is urgent, else the next from the pile, if there is any at this time.
    pub fn take(&mut self, now: f64) -> Option<Work> {
        if let Some(urgent) = self.take_urgent(now) {
            return Some(urgent);
        }
        if self.pile_at(now)? > now {
            return None;
        }
        self.taken += 1;
        Some(self.work(now, now, Class::Low))
    }

    /// Takes what is urgent only.
    pub fn take_urgent(&mut self, now: f64) -> Option<Work> {
        let urgent = self.urgent.as_mut().filter(|urgent| urgent.next <= now)?;
        let came_at = urgent.next;
        urgent.pass();
        Some(self.work(now, came_at, Class::Urgent))
    }

    fn work(&mut self, now: f64, came_at: f64, class: Class) -> Work {
        let factor = self.settings.factor_at(now);
        let tokens = draw(&self.settings.tokens, &mut self.rng) * factor;
        let items = draw(&self.settings.items, &mut self.rng);
        let cost = Cost::request(tokens.round(), items.round());
        self.drawn += 1;
        Work { id: self.drawn - 1, cost, class, came_at, failures: 0 }
    }

    /// From when on there is something to take, `now` at the earliest; none: never again.
    pub fn next_at(&self, now: f64) -> Option<f64> {
        [self.urgent_at(now), self.pile_at(now)].into_iter().flatten().min_by(f64::total_cmp)
    }

    /// The same of what is urgent.
    pub fn urgent_at(&self, now: f64) -> Option<f64> {
        self.urgent.as_ref().map(|urgent| urgent.next.max(now))
    }

    fn pile_at(&self, now: f64) -> Option<f64> {
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
