use super::*;
use flow::cost::Cost;
use proptest::prelude::*;

fn limit(kind: LimitKind, limit: f64, secs: f64) -> LimitSettings {
    LimitSettings {
        dimension: Limited::Requests,
        kind,
        limit,
        secs,
        first_edge_secs: None,
        refusals_count: false,
        changes: Vec::new(),
        wave: None,
        tenant: None,
    }
}

/// Times of the admitted among calls at these gaps.
fn admitted(settings: &LimitSettings, seed: u64, gaps: &[f64]) -> Vec<f64> {
    let mut limits = Limits::new(std::slice::from_ref(settings), seed);
    let mut now = 0.0;
    let mut times = Vec::new();
    for gap in gaps {
        now += gap;
        if limits.admit(now, &Cost::request(10.0, 1.0), 0) == Ruling::Admitted {
            times.push(now);
        }
    }
    times
}

fn gaps() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![0.0..0.05_f64, 0.0..1.0_f64, 0.0..10.0_f64], 1..300)
}

proptest! {
    #[test]
    fn a_bucket_admits_at_most_its_capacity_and_the_refill(gaps in gaps(), rpm in 60.0..600.0_f64) {
        let times = admitted(&limit(LimitKind::Bucket, rpm, 10.0), 1, &gaps);
        for (first, start) in times.iter().enumerate() {
            for (last, end) in times.iter().enumerate().skip(first) {
                let bound = rpm / 6.0 + rpm / 60.0 * (end - start) + 1e-3;
                prop_assert!((last - first + 1) as f64 <= bound);
            }
        }
    }

    #[test]
    fn a_sliding_window_admits_at_most_the_limit_in_any_window(gaps in gaps(), rpm in 5.0..100.0_f64) {
        let times = admitted(&limit(LimitKind::SlidingWindow, rpm, 60.0), 1, &gaps);
        for start in &times {
            let inside = times.iter().filter(|at| **at >= *start && **at < *start + 60.0).count();
            prop_assert!(inside as f64 <= rpm);
        }
    }

    #[test]
    fn a_fixed_window_admits_the_limit_between_edges_and_not_more(
        gaps in gaps(), rpm in 5.0..100.0_f64, edge in 0.0..60.0_f64,
    ) {
        let mut settings = limit(LimitKind::FixedWindow, rpm, 60.0);
        settings.first_edge_secs = Some(edge);
        let times = admitted(&settings, 1, &gaps);
        let mut now = 0.0;
        let mut asked = std::collections::BTreeMap::<i64, usize>::new();
        for gap in &gaps {
            now += gap;
            *asked.entry(((now - edge) / 60.0).floor() as i64).or_default() += 1;
        }
        for (window, asked) in asked {
            let inside = times.iter().filter(|at| ((**at - edge) / 60.0).floor() as i64 == window).count();
            prop_assert_eq!(inside, asked.min(rpm.floor() as usize));
        }
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_admitted_and_no_sooner(
        gaps in gaps(), kind in prop_oneof![Just(LimitKind::Bucket), Just(LimitKind::FixedWindow), Just(LimitKind::SlidingWindow)],
    ) {
        let settings = limit(kind, 20.0, 60.0);
        let mut limits = Limits::new(&[settings], 7);
        let cost = Cost::request(1.0, 1.0);
        let mut now = 0.0;
        for gap in gaps {
            now += gap;
            if let Ruling::Refused { wait, .. } = limits.admit(now, &cost, 0) {
                let wait = wait.unwrap();
                let early = limits.clone().admit(now + wait - 0.01, &cost, 0);
                prop_assert!(early != Ruling::Admitted || wait <= 0.01);
                prop_assert_eq!(limits.clone().admit(now + wait + 1e-6, &cost, 0), Ruling::Admitted);
            }
        }
    }
}

#[test]
fn a_call_that_one_limit_refuses_uses_nothing_of_the_others() {
    let tokens =
        LimitSettings { dimension: Limited::InputTokens, ..limit(LimitKind::Bucket, 100.0, 60.0) };
    let mut limits = Limits::new(&[limit(LimitKind::Bucket, 10.0, 60.0), tokens], 1);
    let refused = limits.admit(0.0, &Cost::request(101.0, 1.0), 0);
    assert_eq!(refused, Ruling::Refused { dimension: quota::Dimension::InputTokens, wait: None });
    let left: Vec<f64> = limits.state(0.0, 0).iter().map(|state| state.remaining).collect();
    assert_eq!(left, [10.0, 100.0]);
}

#[test]
fn refusals_that_count_keep_a_hammering_client_out() {
    let calm = limit(LimitKind::SlidingWindow, 60.0, 60.0);
    let strict = LimitSettings { refusals_count: true, ..calm.clone() };
    let hammer = vec![0.1; 3000];
    assert_eq!(admitted(&calm, 1, &hammer).len(), 300);
    assert_eq!(admitted(&strict, 1, &hammer).len(), 60);
}

#[test]
fn a_bucket_refills_by_the_limit_in_force_at_each_time() {
    let mut settings = limit(LimitKind::Bucket, 600.0, 1.0);
    settings.changes = vec![Change { at_secs: 10.0, limit: 300.0, over_secs: 0.0 }];
    let count = |from: f64, to: f64| {
        let times = admitted(&settings, 1, &vec![0.01; 2000]);
        times.iter().filter(|at| **at >= from && **at < to).count()
    };
    // The bucket's ten are gone after the first tenth of a second.
    assert!((98..=100).contains(&count(0.2, 10.0)), "{}", count(0.2, 10.0));
    assert!((48..=50).contains(&count(10.2, 20.0)), "{}", count(10.2, 20.0));
}

#[test]
fn a_tenant_leaves_what_it_does_not_take() {
    for kind in [LimitKind::Bucket, LimitKind::FixedWindow, LimitKind::SlidingWindow] {
        let settings = LimitSettings {
            tenant: Some(Tenant { share: 0.3, from_secs: 0.0, until_secs: None, pulse_secs: None }),
            ..limit(kind, 600.0, 1.0)
        };
        let ours = admitted(&settings, 1, &vec![0.005; 20_000]).len();
        assert!((690..=716).contains(&ours), "{kind:?}: {ours}");
    }
}

#[test]
fn slots_bound_the_throughput_and_the_rest_waits() {
    let settings = ServiceSettings {
        slots: Some(2),
        latency_sigma: 0.0,
        latency_secs: 1.0,
        ..ServiceSettings::default()
    };
    let mut service = Service::new(&settings, 1);
    let done: Vec<f64> = (0..6).map(|_| service.serve(0.0, 0.0).done.round()).collect();
    assert_eq!(done, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
}

#[test]
fn other_limits_keep_what_was_used_of_those_that_stay() {
    let bucket = |amount| limit(LimitKind::Bucket, amount, 60.0);
    let mut limits = Limits::new(&[bucket(4.0)], 1);
    let passed = |limits: &mut Limits| {
        let call = Cost::request(10.0, 1.0);
        (0..20).filter(|_| limits.admit(0.0, &call, 0) == Ruling::Admitted).count()
    };
    assert_eq!(passed(&mut limits), 4);
    limits.retune(&[bucket(8.0)]);
    assert_eq!(passed(&mut limits), 0, "a larger bucket is not a fuller one");
    limits.retune(&[limit(LimitKind::SlidingWindow, 3.0, 60.0), bucket(5.0)]);
    assert_eq!(passed(&mut limits), 3, "neither limit is the one that stood in its place");
}
