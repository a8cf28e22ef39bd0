//! The limit over time.

use super::settings::{LimitSettings, Tenant, Wave};

/// Ramps and waves move in steps of this length, so that the limit is constant in between.
const STEP_SECS: f64 = 1.0;

/// One limit over time: constant between the times that [`Schedule::next_step`] names.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    start: f64,
    /// When, to what, over how long; ordered by time.
    changes: Vec<(f64, f64, f64)>,
    wave: Option<Wave>,
    tenant: Option<Tenant>,
}

impl Schedule {
    pub fn new(settings: &LimitSettings) -> Self {
        let mut changes: Vec<_> =
            settings.changes.iter().map(|c| (c.at_secs, c.limit, c.over_secs)).collect();
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { start: settings.limit, changes, wave: settings.wave, tenant: settings.tenant }
    }

    /// What is left for us of the limit.
    pub fn ours(&self, now: f64) -> f64 {
        let taken =
            self.tenant.filter(|tenant| tenant.is_there(now)).map_or(0.0, |tenant| tenant.share);
        self.at(now) * (1.0 - taken)
    }

    /// The limit in force, in the unit of the settings.
    pub fn at(&self, now: f64) -> f64 {
        let step = (now / STEP_SECS).floor() * STEP_SECS;
        let mut limit = self.start;
        for &(at, to, over) in self.changes.iter().take_while(|change| change.0 <= now) {
            let done = if over > 0.0 { ((step - at) / over).clamp(0.0, 1.0) } else { 1.0 };
            limit += (to - limit) * done;
        }
        let swing = self.wave.map_or(1.0, |wave| {
            1.0 + wave.depth * (std::f64::consts::TAU * step / wave.period_secs).sin()
        });
        limit * swing
    }

    /// The first time after `now` at which the limit, or our share of it, may be another one.
    pub fn next_step(&self, now: f64) -> Option<f64> {
        let ramps = |&(at, _, over): &(f64, f64, f64)| {
            over > 0.0 && at <= now && now < at + over + STEP_SECS
        };
        let moving = self.wave.is_some() || self.changes.iter().any(ramps);
        let step = moving.then(|| (now / STEP_SECS).floor() * STEP_SECS + STEP_SECS);
        let change = self.changes.iter().map(|change| change.0).find(|&at| at > now);
        let tenant = self.tenant.and_then(|tenant| tenant.next_step(now));
        [step, change, tenant].into_iter().flatten().min_by(f64::total_cmp)
    }

    /// Times of the changes as written.
    pub fn changes(&self) -> impl Iterator<Item = f64> + '_ {
        self.changes.iter().map(|change| change.0)
    }
}
