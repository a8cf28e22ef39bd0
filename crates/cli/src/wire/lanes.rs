//! Flow control of each limit group, made once for each run.

use crate::settings::{EmbedCaps, LimitPolicy};
use flow::adaptive::{Adaptive, Bounds};
use flow::aimd::{Aimd, Rule};
use flow::dispatch::{Role, Route};
use flow::fixed::Fixed;
use flow::policy::Policy;
use types::seam::BatchLimits;

/// What the routes of a run are made of.
#[derive(Clone)]
pub(crate) struct Lanes {
    pub roles: Vec<Role>,
    pub kind: Kind,
    pub caps: EmbedCaps,
    pub limits: BatchLimits,
    pub seed: u64,
}

/// Where the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In this process: no limit but its workers.
    Local,
    /// At a provider, whose limits are hidden.
    Remote,
}

impl Lanes {
    pub(crate) fn routes(&self) -> Vec<Route> {
        let routes = self.roles.iter().zip(0u64..).map(|(role, index)| {
            let seed = self.seed.wrapping_add(index);
            Route::new(self.policy(seed), *role, seed)
        });
        routes.collect()
    }

    fn policy(&self, seed: u64) -> Box<dyn Policy> {
        let width =
            self.caps.in_flight.map_or(self.limits.in_flight, |n| n.min(self.limits.in_flight));
        if self.kind == Kind::Local {
            return Box::new(Fixed::new(width));
        }
        match self.caps.policy {
            LimitPolicy::Simple => {
                let max = Rule::REMOTE.max.min(width);
                let (start, min) = (Rule::REMOTE.start.min(max), Rule::REMOTE.min.min(max));
                Box::new(Aimd::new(Rule { start, min, max, ..Rule::REMOTE }))
            }
            LimitPolicy::Adaptive => {
                let known = |limit: Option<u64>| limit.map(|n| n as f64);
                let per_minute = [
                    known(self.caps.requests_per_minute),
                    known(self.caps.tokens_per_minute),
                    None,
                    None,
                ];
                Box::new(Adaptive::new(
                    Bounds { per_minute, in_flight_max: width, ..Bounds::default() },
                    seed,
                ))
            }
        }
    }
}
