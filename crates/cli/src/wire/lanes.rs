//! Flow control of each limit group, made once for each run.

use super::embedder::Chosen;
use super::groups::Groups;
use super::verdict;
use crate::settings::{EmbedCaps, LimitPolicy, Settings};
use connectors::embed::local;
use flow::adaptive::{Adaptive, Bounds};
use flow::aimd::{Aimd, Rule};
use flow::dispatch::{Role, Route};
use flow::fixed::Fixed;
use flow::group::{Counted, Group};
use flow::policy::Policy;
use ingest::model::ModelAccess;
use std::sync::Arc;
use types::embedding::ModelId;
use types::seam::BatchLimits;

/// The model that was chosen, with the lines in front of it.
pub(crate) fn access(
    chosen: Chosen,
    settings: &Settings,
    groups: &Groups,
    run_id: &str,
) -> ModelAccess {
    let lanes = Lanes {
        ways: chosen
            .ways
            .iter()
            .map(|way| (way.role, groups.get(way.limits.as_deref()).cloned()))
            .collect(),
        kind: kind(chosen.embedder.model()),
        caps: settings.embed,
        limits: chosen.embedder.limits(),
        seed: seed(run_id),
    };
    ModelAccess {
        embedder: chosen.embedder,
        fingerprint: chosen.fingerprint,
        groups: chosen.ways.into_iter().map(|way| way.group).collect(),
        routes: Arc::new(move || lanes.routes()),
        verdict: verdict::verdict,
    }
}

pub(crate) fn kind(model: &ModelId) -> Kind {
    match model.provider.as_str() {
        "builtin" | local::PROVIDER => Kind::Local,
        _ => Kind::Remote,
    }
}

/// Runs side by side must not wait and retry in step.
pub(crate) fn seed(run_id: &str) -> u64 {
    let hash = blake3::hash(run_id.as_bytes());
    u64::from_le_bytes(std::array::from_fn(|index| hash.as_bytes()[index]))
}

/// What the routes of a run are made of.
#[derive(Clone)]
struct Lanes {
    /// Each with its limiter, where others share it.
    ways: Vec<(Role, Option<Group>)>,
    kind: Kind,
    caps: EmbedCaps,
    limits: BatchLimits,
    seed: u64,
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
    fn routes(&self) -> Vec<Route> {
        let routes = self.ways.iter().zip(0u64..).map(|((role, group), index)| {
            let seed = self.seed.wrapping_add(index);
            let policy = match group {
                Some(group) => Box::new(group.member(Counted::All).at_most(self.width())),
                None => self.policy(seed),
            };
            Route::new(policy, *role, seed)
        });
        routes.collect()
    }

    fn width(&self) -> usize {
        self.caps.in_flight.map_or(self.limits.in_flight, |n| n.min(self.limits.in_flight))
    }

    fn policy(&self, seed: u64) -> Box<dyn Policy> {
        let width = self.width();
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
