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
        let possible = oracle::possible(&scenario, 2);
        for policy in ["fixed-20", "aws"] {
            let run = simulate(&scenario, 2, &contender(policy).unwrap().make);
            let score = judge(&scenario, &run, &possible);
            let got = score.utilisation_whole;
            assert!(got <= 1.0 + luck, "{policy}, {}: {got}", scenario.name);
            // A window's calls cannot be more than its limit, and the oracle's are never fewer.
            let got = score.utilisation;
            assert!(got <= 1.0 + luck, "{policy}, {}: {got} in whole windows", scenario.name);
        }
    }
}

fn parsed(text: &str) -> Scenario {
    crate::scenario::parse("small", &format!("about = \"\"\nduration_secs = 200\n{text}")).unwrap()
}

/// A run that admitted so much in each second.
fn run_of(scenario: &Scenario, per_sec: impl Fn(usize) -> f64) -> Run {
    let mut run = simulate(scenario, 1, &contender("fixed-5").unwrap().make);
    let seconds = 0..scenario.duration_secs as usize;
    run.admitted =
        seconds.map(|at| Admitted { at: at as f64 + 0.5, amount: per_sec(at) }).collect();
    run
}

const HALVED: &str = "[[limit]]\ndimension = \"requests\"\nlimit = 600\nfirst_edge_secs = 10\n\
                      change = [{ at_secs = 100, limit = 300 }]\n";

#[test]
fn whole_windows_are_judged_and_only_those_in_which_the_limit_stays() {
    let whole = |kind: &str| {
        let scenario = parsed(&format!("{HALVED}kind = \"{kind}\""));
        judged(&scenario, &run_of(&scenario, |_| 0.0))
    };
    let rounded: Vec<(f64, f64)> =
        whole("fixed_window").iter().map(|span| (span.0.round(), span.1.round())).collect();
    assert_eq!(rounded, [(10.0, 70.0), (130.0, 190.0)]);
    assert_eq!(whole("sliding_window"), [(0.0, 200.0)]);
}

#[test]
fn convergence_is_half_a_minute_at_nine_tenths_of_the_limit_in_force() {
    let scenario = parsed(&format!("{HALVED}kind = \"bucket\""));
    let secs = |per_sec: &dyn Fn(usize) -> f64| {
        let score = judge(&scenario, &run_of(&scenario, per_sec), &[]);
        (score.converged, score.reconverged)
    };
    let slow_start = |at| if at < 20 { 1.0 } else { 9.1 };
    assert_eq!(secs(&slow_start), (Some(20.0), vec![Some(0.0)]));
    let late_again = |at| if (100..140).contains(&at) { 1.0 } else { 9.1 };
    assert_eq!(secs(&late_again), (Some(0.0), vec![Some(35.0)]));
    assert_eq!(secs(&|_| 4.4), (None, vec![None]));
}

#[test]
fn every_bar_that_is_missed_is_named_with_what_was_wanted_and_got() {
    let scenario = parsed(&format!(
        "{HALVED}kind = \"bucket\"\n[bars]\nutilisation_min = 0.9\nthrottled_max = 0.5\nreconverged_secs_max = 5\n"
    ));
    let mut score = judge(&scenario, &run_of(&scenario, |_| 4.4), &[]);
    score.utilisation = 0.8;
    score.throttled = 0.4;
    let misses = scenario.bars.misses(&score);
    let named: Vec<&str> = misses.iter().map(|miss| miss.bar).collect();
    assert_eq!(named, ["utilisation_min", "reconverged_secs_max"]);
    assert_eq!((misses[0].wanted, misses[0].got), (0.9, 0.8));
    assert!(misses[1].got.is_infinite());
}

#[test]
fn jains_index_is_one_for_even_workers_and_a_half_when_one_of_two_gets_all() {
    let scenario = parsed("workers = 2\nservice.slots = 5\n");
    let mut run = simulate(&scenario, 1, &contender("fixed-5").unwrap().make);
    assert!(jain(&run) > 0.999);
    for call in &mut run.calls {
        call.worker = 0;
    }
    assert!((jain(&run) - 0.5).abs() < 1e-9);
}
