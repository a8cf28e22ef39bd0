use super::*;
use proptest::prelude::*;
use quota::Hint;

fn told(verdict: Verdict, wait: f64) -> Outcome {
    Outcome { hint: Hint { retry_after: Some(wait), ..Hint::default() }, ..Outcome::plain(verdict) }
}

fn delay(retry: Retry, now: f64) -> f64 {
    match retry {
        Retry::At { due, .. } => due - now,
        other => panic!("{other:?}"),
    }
}

fn troubles() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::Failed, Verdict::TimedOut, Verdict::Overloaded])
}

proptest! {
    #[test]
    fn a_delay_lies_in_the_upper_half_of_its_power_of_two(
        seed: u64,
        now in 0.0f64..1e6,
        verdict in troubles(),
        failures in 0u32..200,
    ) {
        let (first, longest) = if verdict == Verdict::Overloaded { (1.0, 20.0) } else { (0.25, 8.0) };
        let most = f64::min(longest, first * 2f64.powf(f64::from(failures)));
        let delay = delay(Retries::new(seed).after(now, &Outcome::plain(verdict), failures), now);
        prop_assert!(delay >= most / 2.0 - 1e-6 && delay <= most + 1e-6, "{delay} of {most}");
    }

    #[test]
    fn what_the_server_told_is_honoured_and_hardly_exceeded(
        seed: u64,
        verdict in troubles(),
        failures in 0u32..20,
        wait in 0.0f64..120.0,
    ) {
        let retry = Retries::new(seed).after(7.0, &told(verdict, wait), failures);
        let least = wait.max(if verdict == Verdict::Overloaded { 1.0 } else { 0.25 });
        let delay = delay(retry, 7.0);
        prop_assert!(delay >= least - 1e-9 && delay <= least * 1.1 + 1e-9 && delay <= least + 5.0);
    }

    #[test]
    fn retries_that_fail_stay_within_the_reserve_its_refill_and_a_fifth_of_the_successes(
        steps in prop::collection::vec((0.0f64..2.0, 0usize..5, any::<bool>(), any::<bool>()), 1..300),
    ) {
        let mut retries = Retries::new(1);
        let (mut now, mut failed, mut answered) = (0.0, 0.0, 0.0);
        for (pause, successes, timeout, lucky) in steps {
            now += pause;
            for _ in 0..successes {
                retries.on_success(now, 0.0);
                answered += 1.0;
            }
            let price = if timeout { 2.0 } else { 1.0 };
            while retries.release(now, price).is_ok() {
                if lucky {
                    retries.on_success(now, price);
                    answered += 1.0;
                    break;
                }
                failed += price;
            }
            let bound = RESERVE + REFILL * now + EARNED * answered;
            prop_assert!(failed <= bound + 1e-6, "{failed} failed, bound {bound}");
        }
    }

    #[test]
    fn who_asks_again_at_the_time_it_was_given_is_released(
        taken in 0u32..30,
        price in prop::sample::select(vec![0.0, 1.0, 2.0]),
    ) {
        let mut retries = Retries::new(1);
        let released = (0..taken).take_while(|_| retries.release(0.0, 1.0).is_ok()).count();
        prop_assert_eq!(released, (taken as usize).min(10));
        if let Err(again) = retries.release(0.0, price) {
            prop_assert!(again > 0.0 && again <= price / REFILL);
            prop_assert_eq!(retries.release(again + 1e-9, price), Ok(()));
        }
    }
}

#[test]
fn throttled_calls_wait_for_the_gate_alone_and_pay_nothing() {
    let mut retries = Retries::new(1);
    for wait in [0.0, 20.0, 120.0] {
        let retry = retries.after(0.0, &told(Verdict::Throttled, wait), 9);
        assert_eq!(retry, Retry::WhenAdmitted);
    }
    assert_eq!(retries.after(0.0, &Outcome::plain(Verdict::Throttled), 9), Retry::WhenAdmitted);
}

#[test]
fn a_wait_of_more_than_two_minutes_parks_the_group_until_then() {
    for verdict in [Verdict::Throttled, Verdict::Overloaded, Verdict::Failed, Verdict::TimedOut] {
        let retry = Retries::new(1).after(10.0, &told(verdict, 121.0), 0);
        assert_eq!(retry, Retry::Park { until: Some(131.0) });
    }
}

#[test]
fn a_refused_credential_parks_the_group_for_good_unless_a_time_is_told() {
    let mut retries = Retries::new(1);
    let plain = Outcome::plain(Verdict::Parked);
    assert_eq!(retries.after(1.0, &plain, 0), Retry::Park { until: None });
    let until = retries.after(1.0, &told(Verdict::Parked, 3600.0), 0);
    assert_eq!(until, Retry::Park { until: Some(3601.0) });
}

#[test]
fn what_was_answered_or_refused_for_its_input_is_not_tried_again() {
    for verdict in [Verdict::Answered, Verdict::Rejected] {
        assert_eq!(Retries::new(1).after(0.0, &told(verdict, 500.0), 0), Retry::Never);
    }
}

#[test]
fn a_timeout_costs_twice_as_much_as_a_failure() {
    let price = |verdict| match Retries::new(1).after(0.0, &Outcome::plain(verdict), 0) {
        Retry::At { price, .. } => price as u32,
        other => panic!("{other:?}"),
    };
    let prices = [Verdict::Failed, Verdict::Overloaded, Verdict::TimedOut].map(price);
    assert_eq!(prices, [1, 1, 2]);
}

#[test]
fn the_first_failures_are_retried_without_any_success() {
    let mut retries = Retries::new(1);
    let released = (0..100).take_while(|_| retries.release(0.0, 1.0).is_ok()).count();
    assert_eq!(released, 10);
    assert_eq!(retries.release(0.0, 1.0), Err(1.0));
}

#[test]
fn what_successes_earned_expires() {
    let mut retries = Retries::new(1);
    (0..500).for_each(|_| retries.on_success(0.0, 0.0));
    assert!(retries.at_hand() > 109.0);
    retries.release(30.0, 0.0).unwrap();
    assert!((10.0..16.0).contains(&retries.at_hand()), "{}", retries.at_hand());
}

#[test]
fn a_pile_of_retries_speeds_up_once_they_succeed() {
    let mut retries = Retries::new(1);
    let (mut left, mut rounds) = (1000, 0);
    // One round: as many as are released go out together and are answered after half a second.
    while left > 0 {
        let now = f64::from(rounds) * 0.5;
        let released = (0..left).take_while(|_| retries.release(now, 1.0).is_ok()).count();
        (0..released).for_each(|_| retries.on_success(now + 0.5, 1.0));
        left -= released;
        rounds += 1;
    }
    assert!(rounds <= 30, "{rounds} rounds");
}
