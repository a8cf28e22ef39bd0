//! What is simulated, and what must come out: data files.

use crate::provider::{HintSettings, LimitSettings, Limited, ServiceSettings};
use crate::score::Bars;
use quota::Dimension;
use serde::Deserialize;

mod builtin;
mod check;
mod file;
mod work;

pub use builtin::{builtin, fresh, held_out};
pub use file::{ScenarioError, load, parse};
pub use work::{Arrival, Shift, Size, WorkSettings};

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// One line for people.
    pub about: String,
    pub duration_secs: f64,
    /// The first one is what utilisation is measured in.
    #[serde(default, rename = "limit")]
    pub limits: Vec<LimitSettings>,
    #[serde(default)]
    pub hints: HintSettings,
    #[serde(default)]
    pub service: ServiceSettings,
    #[serde(default)]
    pub work: WorkSettings,
    /// Independent clients on the same limits.
    #[serde(default = "one")]
    pub workers: usize,
    /// Times at which the clients' machine stands still; replies wait for it.
    #[serde(default)]
    pub suspended: Vec<Span>,
    #[serde(default)]
    pub bars: Bars,
}

fn one() -> usize {
    1
}

impl Scenario {
    /// What utilisation is measured in: the first limit's dimension, requests where it is not a rate of cost.
    pub fn measured(&self) -> Dimension {
        match self.limits.first().map(|limit| limit.dimension) {
            Some(limited @ (Limited::InputTokens | Limited::Items)) => limited.dimension(),
            _ => Dimension::Requests,
        }
    }

    /// Changes of the limits, of the work and of the service, after which a client has to find its way again.
    pub fn disturbances(&self) -> Vec<f64> {
        let limits = self.limits.iter().flat_map(|limit| {
            let tenant = limit
                .tenant
                .into_iter()
                .flat_map(|tenant| [Some(tenant.from_secs), tenant.until_secs]);
            limit
                .changes
                .iter()
                .map(|change| change.at_secs + change.over_secs)
                .chain(tenant.flatten())
        });
        let shifts = self.work.shifts.iter().map(|shift| shift.at_secs);
        let troubles = self.service.troubles.iter().map(|trouble| trouble.until_secs);
        let spans = self.suspended.iter().chain(&self.work.pauses).map(|span| span.until_secs);
        let mut times: Vec<f64> =
            limits.chain(shifts).chain(troubles).chain(spans).filter(|at| *at > 0.0).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }
}

/// From a time, up to but without another one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub from_secs: f64,
    pub until_secs: f64,
}

impl Span {
    pub fn contains(&self, now: f64) -> bool {
        self.from_secs <= now && now < self.until_secs
    }
}
