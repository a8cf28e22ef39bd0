use super::*;
use crate::provider::{Change, LimitKind, LimitSettings, Limited};
use crate::scenario::parse;
use proptest::prelude::*;

/// Time steps of the brute force, so few that all subsets can be tried.
const STEPS: u32 = 14;

fn small(kind: LimitKind, limit: f64, secs: f64, change: Option<(f64, f64)>) -> Scenario {
    let text = format!(
        "about = \"\"\nduration_secs = {STEPS}\nservice = {{ network_secs_each_way = 0, slots = 1 }}"
    );
    let mut scenario = parse("small", &text).unwrap();
    scenario.service.slots = None;
    let change = change.map(|(at_secs, limit)| Change { at_secs, limit, over_secs: 0.0 });
    scenario.limits = vec![LimitSettings {
        dimension: Limited::Requests,
        kind,
        limit,
        secs,
        first_edge_secs: Some(0.0),
        refusals_count: false,
        changes: change.into_iter().collect(),
        wave: None,
        tenant: None,
    }];
    scenario
}

/// The most calls that the limits admit by the end, over all sets of whole seconds: in a chosen second as many are
/// sent as are admitted.
fn most(scenario: &Scenario) -> usize {
    let count = |chosen: u32| {
        let mut limits = Limits::new(&scenario.limits, 0);
        let sends = |second: &u32| chosen & (1 << second) != 0;
        let mut admitted = 0;
        for second in (0..STEPS).filter(sends) {
            while limits.admit(f64::from(second), &Cost::request(1.0, 1.0), 0) == Ruling::Admitted {
                admitted += 1;
            }
        }
        admitted
    };
    (0..1 << STEPS).map(count).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nobody_gets_more_calls_in_than_the_oracle(
        kind in prop_oneof![Just(LimitKind::Bucket), Just(LimitKind::FixedWindow), Just(LimitKind::SlidingWindow)],
        limit in 12.0..60.0_f64,
        secs in 5.0..8.0_f64,
        change in prop::option::of((1.0..13.0_f64, 12.0..60.0_f64)),
    ) {
        let scenario = small(kind, limit, secs, change);
        let last = f64::from(STEPS - 1);
        let ours = possible(&scenario, 0).iter().filter(|one| one.at <= last).count();
        prop_assert!(ours >= most(&scenario), "{} < {}", ours, most(&scenario));
    }
}

#[test]
fn the_oracle_takes_the_burst_and_then_the_refill() {
    let scenario = small(LimitKind::Bucket, 60.0, 5.0, None);
    let times: Vec<f64> = possible(&scenario, 0).iter().map(|one| one.at.round()).collect();
    let wanted: Vec<f64> = [0.0; 5].into_iter().chain((1..STEPS).map(f64::from)).collect();
    assert_eq!(times, wanted);
}

#[test]
fn calls_at_once_are_never_more_than_their_limit_and_never_fewer() {
    let mut scenario = small(LimitKind::InFlight, 3.0, 60.0, None);
    scenario.limits[0].dimension = Limited::InFlight;
    scenario.service.latency_sigma = 0.0;
    scenario.service.latency_secs = 1.0;
    assert_eq!(possible(&scenario, 0).len(), 3 * STEPS as usize);
}
