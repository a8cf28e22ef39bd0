use super::*;
use crate::contender::{contender, driven};
use crate::provider::{Limits, Ruling};
use crate::scenario::{builtin, held_out};
use crate::world::streams;
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading};

/// Holds a copy of the provider's limits and asks it first: the oracle as a client, without the future.
#[derive(Debug)]
struct Mirror {
    limits: Limits,
    network: f64,
}

impl Mirror {
    fn new(scenario: &Scenario, seed: u64) -> Self {
        let limits = Limits::new(&scenario.limits, seed ^ streams::LIMITS);
        Self { limits, network: scenario.service.network_secs_each_way }
    }
}

impl Policy for Mirror {
    fn can_send(&mut self, now: f64, cost: &Cost, _in_flight: usize) -> Admission {
        let arrives = now + self.network;
        match self.limits.would(arrives, cost, 0) {
            Ruling::Admitted => Admission::Send,
            Ruling::Refused { wait, .. } => {
                let step = self.limits.next_step(arrives).unwrap_or(f64::INFINITY);
                let next = wait.map_or(step, |wait| step.min(arrives + wait));
                if next.is_finite() {
                    Admission::NotBefore(next - self.network)
                } else {
                    Admission::Wait
                }
            }
        }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.limits.admit(attempt.sent_at + self.network, &attempt.cost, 0);
    }

    fn on_result(&mut self, _now: f64, _attempt: &Attempt, _outcome: &Outcome) {}

    fn reading(&self) -> Reading {
        Reading::default()
    }
}

/// Limits by rate that nothing but time acts on.
fn plain(scenario: &Scenario) -> bool {
    let service = &scenario.service;
    wanted_per_sec(scenario, 0.0).is_some_and(|rate| rate > 0.0)
        && service.slots.is_none()
        && service.troubles.is_empty()
        && service.failed_share <= 0.0
        && service.network_jitter_secs <= 0.0
        && scenario.workers == 1
}

#[test]
fn whoever_holds_a_copy_of_the_limits_gets_all_that_is_possible_and_is_never_refused() {
    for scenario in builtin().into_iter().chain(held_out()).filter(plain) {
        let mirror =
            |scenario: &Scenario, seed, worker| driven(Mirror::new(scenario, seed), seed, worker);
        let (score, _) = score(&scenario, 3, &mirror);
        assert_eq!(score.throttled_count, 0, "{}", scenario.name);
        assert!(score.utilisation > 0.998, "{}: {}", scenario.name, score.utilisation);
        assert!(score.utilisation_whole > 0.998, "{}: {}", scenario.name, score.utilisation_whole);
    }
}

#[test]
fn nobody_gets_more_than_the_oracle() {
    for mut scenario in builtin().into_iter().chain(held_out()) {
        scenario.duration_secs = scenario.duration_secs.min(150.0);
        // Where calls hold their places for as long as they take, luck with their lengths has a part in it; and
        // calls of different sizes that come out of their order may fill a window better.
        let sizes = [scenario.work.tokens, scenario.work.items];
        let unequal = sizes.iter().any(|size| size.sigma > 0.0);
        let drawn = wanted_per_sec(&scenario, 0.0).is_none() || scenario.service.failed_share > 0.0;
        let luck = if unequal || drawn { 0.02 } else { 1e-9 };
        for policy in ["fixed-20", "aws"] {
            let (score, _) = score(&scenario, 2, &contender(policy).unwrap().make);
            let got = score.utilisation_whole;
            assert!(got <= 1.0 + luck, "{policy}, {}: {got}", scenario.name);
            // A window's calls cannot be more than its limit, and the oracle's are never fewer.
            let got = score.utilisation;
            assert!(got <= 1.0 + luck, "{policy}, {}: {got} in whole windows", scenario.name);
        }
    }
}
