use super::*;
use proptest::prelude::*;

/// Limits that have seen so many answers of `seconds` at this cost.
fn after(answers: u32, cost: f64, seconds: f64) -> Timeouts {
    let mut timeouts = Timeouts::new(0.1, CAP);
    (0..answers).for_each(|_| timeouts.on_answer(0.0, cost, seconds));
    timeouts
}

proptest! {
    #[test]
    fn a_limit_is_never_outside_the_floor_and_the_cap(
        floor in 0.01f64..10.0,
        above in 0.0f64..100.0,
        calls in prop::collection::vec((0.0f64..1e7, 0.0f64..1e5, 0u8..4), 0..200),
        cost in 0.0f64..1e7,
    ) {
        let mut timeouts = Timeouts::new(floor, floor + above);
        for (at, (cost, seconds, kind)) in calls.into_iter().enumerate() {
            match kind {
                0 => timeouts.on_timeout(at as f64, cost, seconds),
                _ => timeouts.on_answer(at as f64, cost, seconds),
            }
            let limit = timeouts.limit(at as f64, cost);
            prop_assert!(floor <= limit && limit <= floor + above);
        }
        prop_assert!(timeouts.limit(1e3, cost) >= floor);
    }

    #[test]
    fn hardly_any_call_of_the_usual_kind_hits_the_limit(seed: u64, median in 0.1f64..5.0) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut timeouts = Timeouts::new(0.1, CAP);
        // A long tail: one in a hundred takes between three and ten times as long as usual.
        let mut duration = move || {
            let slow = if random.u8(0..100) == 0 { 3.0 + 7.0 * random.f64() } else { 1.0 };
            median * slow * (0.5 + random.f64())
        };
        let mut late = 0;
        for call in 0..5000 {
            let (now, seconds) = (f64::from(call), duration());
            let limit = timeouts.limit(now, 100.0);
            if seconds > limit {
                late += 1;
                timeouts.on_timeout(now, 100.0, limit);
            } else {
                timeouts.on_answer(now, 100.0, seconds);
            }
        }
        prop_assert!(late <= 25, "{late} of 5000");
    }
}

#[test]
fn before_thirty_answers_of_that_cost_the_limit_is_the_cap() {
    assert!(after(29, 100.0, 1.0).limit(0.0, 100.0) >= 60.0);
    let known = after(30, 100.0, 1.0);
    assert!(known.limit(0.0, 100.0) < 3.0);
    assert!(known.limit(0.0, 10_000.0) >= 60.0);
}

#[test]
fn the_limit_is_half_more_than_the_slow_calls_take_and_a_round_trip() {
    let mut timeouts = after(990, 100.0, 1.0);
    (0..10).for_each(|_| timeouts.on_answer(0.0, 100.0, 4.0));
    let limit = timeouts.limit(0.0, 100.0);
    assert!((limit - 7.0).abs() < 0.1, "{limit}");
}

#[test]
fn large_calls_have_their_own_limit() {
    let mut timeouts = after(100, 100.0, 0.2);
    (0..100).for_each(|_| timeouts.on_answer(0.0, 100_000.0, 8.0));
    assert!(timeouts.limit(0.0, 100.0) < 1.0);
    assert!(timeouts.limit(0.0, 100_000.0) > 12.0);
}

#[test]
fn more_than_one_in_a_hundred_timeouts_widen_every_limit_for_a_minute() {
    let mut timeouts = after(99, 100.0, 1.0);
    (0..100).for_each(|_| timeouts.on_answer(0.0, 10_000.0, 1.0));
    let before = timeouts.limit(0.0, 10_000.0);
    timeouts.on_timeout(3.0, 100.0, 2.5);
    assert!(timeouts.limit(3.0, 10_000.0) <= before, "one in two hundred is none too many");
    timeouts.on_timeout(3.0, 100.0, 2.5);
    timeouts.on_timeout(3.0, 100.0, 2.5);
    assert!((timeouts.limit(62.9, 10_000.0) - 1.5 * before).abs() < 1e-9);
    assert!((timeouts.limit(63.1, 10_000.0) - before).abs() < 1e-9);
}

#[test]
fn calls_that_were_under_way_do_not_widen_again() {
    let mut timeouts = after(100, 100.0, 1.0);
    let before = timeouts.limit(0.0, 10.0);
    (0..40).for_each(|_| timeouts.on_answer(0.0, 10.0, 1.0));
    let base = timeouts.limit(0.0, 10.0);
    assert!(base < before);
    (0..50).for_each(|_| timeouts.on_timeout(5.0, 100.0, 2.5));
    assert!((timeouts.limit(5.0, 10.0) - 1.5 * base).abs() < 1e-9);
    // Sent with the wider limit and still too late.
    timeouts.on_timeout(8.8, 100.0, 3.75);
    assert!((timeouts.limit(8.8, 10.0) - 2.25 * base).abs() < 1e-9);
}

#[test]
fn an_outage_does_not_tighten_the_limit() {
    let mut timeouts = after(1000, 100.0, 1.0);
    let mut limit = timeouts.limit(0.0, 100.0);
    // Everything takes longer than it may, for five minutes; only one in five gets through fast.
    for second in 1..300 {
        let now = f64::from(second);
        let given = timeouts.limit(now, 100.0);
        match second % 5 {
            0 => timeouts.on_answer(now, 100.0, 0.2),
            _ => timeouts.on_timeout(now, 100.0, given),
        }
        let next = timeouts.limit(now, 100.0);
        // The shortest answer stands for the round trip, and may become shorter.
        assert!(next >= limit - 0.8 * 1.5 || next >= CAP, "{next} after {limit}");
        limit = next;
    }
    assert!(limit >= CAP);
}

#[test]
fn the_past_fades() {
    let mut timeouts = after(1000, 100.0, 20.0);
    (0..2000).for_each(|_| timeouts.on_answer(0.0, 100.0, 1.0));
    assert!(timeouts.limit(0.0, 100.0) < 3.0);
}

#[test]
fn the_slowest_kind_of_calls_tells_how_long_answers_take() {
    let mut timeouts = after(100, 100.0, 0.2);
    assert!((timeouts.p99().unwrap() - 0.2).abs() < 0.01);
    (0..100).for_each(|_| timeouts.on_answer(0.0, 100_000.0, 8.0));
    assert!((timeouts.p99().unwrap() - 8.0).abs() < 0.1);
    assert_eq!(Timeouts::new(FLOOR, CAP).p99(), None);
}

#[test]
#[should_panic(expected = "timeouts from 5 to 1 seconds")]
fn a_floor_above_the_cap_is_refused() {
    Timeouts::new(5.0, 1.0);
}
