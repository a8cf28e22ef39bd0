use super::*;
use crate::contender::contender;
use crate::scenario::builtin;

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
