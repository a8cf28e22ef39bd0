//! Our limiter on every scenario: no bar is missed but those written down here.
//!
//! The list is what the worst of twenty seeds misses as yet; the test takes few, which is enough to see what a change
//! breaks. Whoever meets a bar takes it off the list. `gristmill simulate` tells all.

use flow_sim::contender::contender;
use flow_sim::scenario::{Scenario, builtin, held_out};
use flow_sim::score::score_seeds;

const SEEDS: u64 = 2;

/// Scenarios with the bars that are missed.
const MISSED: &[(&str, &[&str])] = &[
    ("steady-60-fixed", &["throttled_max", "utilisation_min"]),
    ("steady-6000-second", &["utilisation_min"]),
    ("steady-60-ten", &["throttled_max", "utilisation_min"]),
    ("slow-600-fixed", &["utilisation_min"]),
    ("slow-600-second", &["utilisation_min"]),
    ("slow-6000-fixed", &["utilisation_min"]),
    ("tokens-fixed", &["utilisation_min"]),
    ("tokens-sliding", &["throttled_max", "utilisation_min"]),
    ("tokens-requests-bind", &["throttled_max"]),
    ("halve-fixed", &["throttled_max"]),
    ("double-fixed", &["reconverged_secs_max", "throttled_max"]),
    ("halve-6000-sliding", &["utilisation_min"]),
    ("double-6000-sliding", &["reconverged_secs_max"]),
    ("halve-6000-second", &["utilisation_min"]),
    ("headers-6000-bucket", &["utilisation_min"]),
    ("retry-after-fixed", &["throttled_max"]),
    ("knee", &["p50_ratio_max", "p99_ratio_max", "utilisation_min"]),
    ("knee-slow", &["p50_ratio_max", "p99_ratio_max"]),
    ("workers-8-bucket", &["jain_min", "throttled_max"]),
    ("workers-8-fixed", &["throttled_max", "utilisation_min"]),
    ("workers-8-sliding", &["throttled_max"]),
    ("urgent", &["urgent_wait_p99_secs_max"]),
    ("diurnal", &["throttled_max"]),
    ("tenant-pulse", &["throttled_max"]),
    ("window-30s", &["throttled_max", "utilisation_min"]),
    ("sliding-30s", &["utilisation_min"]),
    ("items", &["throttled_max", "utilisation_min"]),
    ("ramp-down", &["throttled_max"]),
    ("second-and-minute", &["utilisation_min"]),
    ("jitter", &["throttled_max"]),
    ("slow-refusals", &["throttled_max"]),
];

fn all() -> impl Iterator<Item = Scenario> {
    builtin().into_iter().chain(held_out())
}

fn known(scenario: &Scenario, bar: &str) -> bool {
    MISSED.iter().any(|(name, bars)| *name == scenario.name && bars.contains(&bar))
}

#[test]
fn our_limiter_meets_every_bar_that_it_met() {
    let ours = contender("adaptive").expect("we take part ourselves");
    let mut missed = Vec::new();
    for scenario in all() {
        for score in score_seeds(&scenario, SEEDS, &ours.make).0 {
            let misses = scenario.bars.misses(&score).into_iter();
            missed.extend(misses.filter(|miss| !known(&scenario, miss.bar)).map(|miss| {
                format!(
                    "{} seed {}: {} {} (got {:.4})",
                    scenario.name, score.seed, miss.bar, miss.wanted, miss.got
                )
            }));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_list_of_missed_bars_names_bars_that_there_are() {
    for (name, bars) in MISSED {
        let scenario = all().find(|scenario| scenario.name == *name);
        let scenario = scenario.unwrap_or_else(|| panic!("no scenario {name}"));
        let demanded = format!("{:?}", scenario.bars);
        for bar in *bars {
            assert!(demanded.contains(&format!("{bar}: Some(")), "{name} has no bar {bar}");
        }
    }
}
