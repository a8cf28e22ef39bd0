use super::*;
use crate::baseline::fixed::Fixed;
use crate::baseline::paced::Paced;
use crate::contender::{contender, dispatched, fixed};
use crate::provider::ServiceSettings;
use crate::scenario::{builtin, held_out};
use std::collections::BTreeSet;

fn named(name: &str) -> Scenario {
    builtin().into_iter().find(|scenario| scenario.name == name).unwrap()
}

fn run(scenario: &str, seed: u64, policy: &str) -> Run {
    simulate(&named(scenario), seed, &contender(policy).unwrap().make)
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_seed_gives_others() {
    let first = run("steady-600-fixed", 1, "fixed-20");
    assert_eq!(first, run("steady-600-fixed", 1, "fixed-20"));
    assert_ne!(first.log.hash(), run("steady-600-fixed", 2, "fixed-20").log.hash());
}

#[test]
fn whoever_knows_the_limit_is_never_refused_and_uses_nearly_all_of_it() {
    for scenario in [
        "steady-600-bucket",
        "steady-600-fixed",
        "steady-600-sliding",
        "steady-600-second",
        "halve-bucket",
    ] {
        let scenario = named(scenario);
        let (score, _) = crate::score::score(&scenario, 1, &contender("paced").unwrap().make);
        assert_eq!(score.throttled_count, 0, "{}", scenario.name);
        assert!(score.utilisation_late > 0.97, "{}: {}", scenario.name, score.utilisation_late);
    }
}

/// Whoever changes the world on purpose writes the new number down here: no change comes unseen. Without spread of
/// latencies, since logarithms and cosines may differ in their last bit from one machine to another.
#[test]
fn the_log_is_the_one_that_was_written_down() {
    let mut scenario = named("steady-600-fixed");
    scenario.service.latency_sigma = 0.0;
    let run = simulate(&scenario, 1, &contender("fixed-20").unwrap().make);
    assert_eq!(run.log.hash(), 6_019_330_022_070_110_166);
}

#[test]
fn a_machine_that_stands_still_sends_and_hears_nothing() {
    let run = run("clock-jump", 1, "fixed-5");
    assert!(run.calls.iter().all(|call| call.at < 240.0 || call.at >= 360.0));
    assert!(run.calls.iter().all(|call| call.replied_at < 240.0 || call.replied_at >= 360.0));
    assert!(run.calls.iter().any(|call| call.at < 240.0 && call.replied_at >= 360.0));
}

/// Whatever a client does under refusals, failures and an outage: every piece of work is answered once.
#[test]
fn no_work_is_lost_and_none_is_done_twice() {
    let mut scenario = named("bursty");
    let storm = named("outage");
    scenario.service = ServiceSettings { failed_share: 0.1, ..storm.service };
    scenario.duration_secs = 1200.0;
    let clients: [&MakeClient<'_>; 2] =
        [&|_: &Scenario, seed, worker| fixed(20, seed, worker), &|_: &Scenario, seed, worker| {
            dispatched(Fixed::new(20, seed), seed, worker)
        }];
    for make in clients {
        let run = simulate(&scenario, 1, make);
        let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
        let mut answered: Vec<u64> = answers.map(|call| call.work.id).collect();
        answered.sort_unstable();
        assert_eq!(answered, (0..3000).collect::<Vec<u64>>());
        assert!(run.calls.iter().any(|call| call.verdict == Verdict::Throttled));
        assert!(run.calls.iter().any(|call| call.verdict == Verdict::Overloaded));
    }
}

#[test]
fn a_reply_that_comes_too_late_is_a_timeout_and_its_work_is_done_again() {
    let mut scenario = named("steady-600-bucket");
    scenario.duration_secs = 200.0;
    scenario.service.latency_secs = 100.0;
    let run =
        simulate(&scenario, 1, &|_, seed, worker| dispatched(Fixed::new(5, seed), seed, worker));
    let first = run.calls[0];
    assert_eq!(first.verdict, Verdict::TimedOut);
    assert!(first.replied_at - first.at < 100.0);
    assert!(run.calls.iter().skip(1).any(|call| call.work.id == first.work.id));
}

#[test]
fn the_dispatcher_lives_through_every_scenario_and_does_nothing_twice() {
    for mut scenario in builtin().into_iter().chain(held_out()) {
        scenario.duration_secs = scenario.duration_secs.min(150.0);
        let paced =
            |scenario: &Scenario, seed, worker| dispatched(Paced::new(scenario), seed, worker);
        let run = simulate(&scenario, 1, &paced);
        let answers = run.calls.iter().filter(|call| call.verdict == Verdict::Answered);
        let answered: Vec<u64> = answers.map(|call| call.work.id).collect();
        let once: BTreeSet<u64> = answered.iter().copied().collect();
        assert_eq!(once.len(), answered.len(), "{}", scenario.name);
        assert!(run.calls.len() <= run.attempts as usize, "{}", scenario.name);
    }
}
