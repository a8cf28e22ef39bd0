//! One limit and what has been used of it.

use super::schedule::Schedule;
use super::settings::{LimitKind, LimitSettings, Limited};
use std::collections::VecDeque;

/// Sums of fractions do not meet limits exactly; far below one unit.
const TOLERANCE: f64 = 1e-6;

#[derive(Debug, Clone)]
enum Used {
    Bucket { level: f64, at: f64 },
    Window { edge: f64, sum: f64 },
    Log { entries: VecDeque<(f64, f64)>, sum: f64 },
    InFlight,
}

/// One hidden limit with its state.
#[derive(Debug, Clone)]
pub(super) struct Limiter {
    pub(super) dimension: Limited,
    schedule: Schedule,
    secs: f64,
    refusals_count: bool,
    used: Used,
}

impl Limiter {
    /// Windows begin where `rng` says, unless the settings do.
    pub(super) fn new(settings: &LimitSettings, rng: &mut fastrand::Rng) -> Self {
        let schedule = Schedule::new(settings);
        let secs = settings.secs;
        let first_edge = settings.first_edge_secs.unwrap_or_else(|| rng.f64() * secs);
        let used = match settings.kind {
            LimitKind::Bucket => {
                Used::Bucket { level: schedule.ours(0.0) * secs / per(settings.dimension), at: 0.0 }
            }
            LimitKind::FixedWindow => Used::Window { edge: first_edge - secs, sum: 0.0 },
            LimitKind::SlidingWindow => Used::Log { entries: VecDeque::new(), sum: 0.0 },
            LimitKind::InFlight => Used::InFlight,
        };
        Self {
            dimension: settings.dimension,
            schedule,
            secs,
            refusals_count: settings.refusals_count,
            used,
        }
    }

    /// `self`, with what was used of `old` if it is the same but for its amounts.
    pub(super) fn heir(self, old: Self) -> Self {
        let same_kind = std::mem::discriminant(&self.used) == std::mem::discriminant(&old.used);
        let same = same_kind
            && self.dimension == old.dimension
            && self.secs.to_bits() == old.secs.to_bits();
        if same { Self { used: old.used, ..self } } else { self }
    }

    pub(super) fn limit(&self, now: f64) -> f64 {
        self.schedule.at(now)
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Where the windows' edges are, for limits that have them: one edge and the distance.
    pub(super) fn edges(&self) -> Option<(f64, f64)> {
        match self.used {
            Used::Window { edge, .. } => Some((edge, self.secs)),
            _ => None,
        }
    }

    /// What fits at once at most.
    fn capacity(&self, now: f64) -> f64 {
        match self.used {
            Used::InFlight => self.schedule.ours(now),
            _ => self.schedule.ours(now) * self.secs / per(self.dimension),
        }
    }

    /// Brings the state to `now`.
    pub(super) fn advance(&mut self, now: f64) {
        let per = per(self.dimension);
        match &mut self.used {
            Used::Bucket { level, at } => {
                while *at < now {
                    let until = self.schedule.next_step(*at).map_or(now, |step| step.min(now));
                    let limit = self.schedule.ours(*at);
                    *level = (*level + limit / per * (until - *at)).min(limit * self.secs / per);
                    *at = until;
                }
                *level = level.min(self.schedule.ours(now) * self.secs / per);
            }
            Used::Window { edge, sum } => {
                let passed = ((now - *edge) / self.secs).floor();
                if passed > 0.0 {
                    *edge += passed * self.secs;
                    *sum = 0.0;
                }
            }
            Used::Log { entries, sum } => {
                while let Some((_, amount)) =
                    entries.pop_front_if(|entry| entry.0 + self.secs <= now)
                {
                    *sum -= amount;
                }
                if entries.is_empty() {
                    *sum = 0.0;
                }
            }
            Used::InFlight => {}
        }
    }

    /// What is left for us. May be negative. The state must be at `now`.
    pub(super) fn remaining(&self, now: f64, in_flight: usize) -> f64 {
        match &self.used {
            Used::Bucket { level, .. } => *level,
            Used::Window { sum, .. } | Used::Log { sum, .. } => self.capacity(now) - sum,
            Used::InFlight => self.capacity(now) - in_flight as f64,
        }
    }

    pub(super) fn fits(&self, now: f64, amount: f64, in_flight: usize) -> bool {
        self.remaining(now, in_flight) + TOLERANCE >= amount
    }

    /// Seconds until `amount` fits if nothing else comes and the limit stays; none where that is never or unknown.
    pub(super) fn wait(&self, now: f64, amount: f64) -> Option<f64> {
        let capacity = self.capacity(now);
        if amount > capacity + TOLERANCE {
            return None;
        }
        match &self.used {
            Used::Bucket { level, .. } => {
                Some(((amount - level) / (self.schedule.ours(now) / per(self.dimension))).max(0.0))
            }
            Used::Window { edge, .. } => Some(edge + self.secs - now),
            Used::Log { entries, sum } => {
                let mut left = *sum;
                for (at, freed) in entries {
                    if left + amount <= capacity + TOLERANCE {
                        break;
                    }
                    left -= freed;
                    if left + amount <= capacity + TOLERANCE {
                        return Some(at + self.secs - now);
                    }
                }
                Some(0.0)
            }
            Used::InFlight => None,
        }
    }

    /// Seconds until nothing counts any more.
    pub(super) fn reset(&self, now: f64) -> Option<f64> {
        match &self.used {
            Used::Bucket { level, .. } => {
                let rate = self.schedule.ours(now) / per(self.dimension);
                (rate > 0.0).then(|| (self.capacity(now) - level) / rate)
            }
            Used::Window { edge, .. } => Some(edge + self.secs - now),
            Used::Log { entries, .. } => {
                Some(entries.back().map_or(0.0, |last| last.0 + self.secs - now))
            }
            Used::InFlight => None,
        }
    }

    pub(super) fn charge(&mut self, now: f64, amount: f64) {
        match &mut self.used {
            Used::Bucket { level, .. } => *level -= amount,
            Used::Window { sum, .. } => *sum += amount,
            Used::Log { entries, sum } => {
                entries.push_back((now, amount));
                *sum += amount;
            }
            Used::InFlight => {}
        }
    }

    /// A refusal that counts empties a bucket at most: a level has no debt.
    pub(super) fn refuse(&mut self, now: f64, amount: f64) {
        if !self.refusals_count {
            return;
        }
        if let Used::Bucket { level, .. } = &mut self.used {
            *level = level.min((*level - amount).max(0.0));
        } else {
            self.charge(now, amount);
        }
    }
}

/// Seconds that the limit's number stands for.
fn per(dimension: Limited) -> f64 {
    if dimension == Limited::Day { 86_400.0 } else { 60.0 }
}
