use super::*;
use proptest::prelude::*;

/// Ends `count` calls, each sent at 0 s and over at `latency`.
fn end(aimd: &mut Aimd, count: u64, verdict: Verdict, latency: f64) {
    for id in 0..count {
        let attempt = Attempt { id, sent_at: 0.0, cost: Cost::request(1.0, 1.0), in_flight: 1 };
        aimd.on_sent(&attempt);
        aimd.on_result(latency, &attempt, &Outcome::plain(verdict));
    }
}

fn width(aimd: &Aimd) -> usize {
    aimd.reading().in_flight.unwrap() as usize
}

#[test]
fn twenty_answers_of_400_ms_raise_by_two() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 19, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 20);
    end(&mut aimd, 1, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 22);
}

#[test]
fn five_refusals_lower_to_seven_tenths_once() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 5, Verdict::Throttled, 0.05);
    assert_eq!(width(&aimd), 14);
}

#[test]
fn a_quota_that_is_used_up_is_a_refusal_like_any_other() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 5, Verdict::Parked, 0.05);
    assert_eq!(width(&aimd), 14);
    assert_eq!(aimd.can_send(0.1, &Cost::request(1.0, 1.0), 9), Admission::NotBefore(2.05));
}

#[test]
fn two_refusals_lower_nothing_and_are_remembered() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 2, Verdict::Throttled, 0.05);
    end(&mut aimd, 3, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 20);
    end(&mut aimd, 1, Verdict::Throttled, 0.05);
    end(&mut aimd, 4, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 14);
}

#[test]
fn refusals_forget_the_latencies() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 15, Verdict::Answered, 0.4);
    end(&mut aimd, 5, Verdict::Throttled, 0.05);
    end(&mut aimd, 15, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 14);
    end(&mut aimd, 5, Verdict::Answered, 0.4);
    assert_eq!(width(&aimd), 16);
}

#[test]
fn slow_answers_lower_to_nine_tenths() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 20, Verdict::Answered, 1.3);
    assert_eq!(width(&aimd), 18);
}

#[test]
fn answers_between_the_bounds_change_nothing_and_are_forgotten() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 20, Verdict::Answered, 0.9);
    assert_eq!(width(&aimd), 20);
    end(&mut aimd, 15, Verdict::Answered, 0.1);
    assert_eq!(width(&aimd), 20);
    end(&mut aimd, 5, Verdict::Answered, 0.1);
    assert_eq!(width(&aimd), 22);
}

#[test]
fn failures_are_no_latencies() {
    let mut aimd = Aimd::default();
    end(&mut aimd, 40, Verdict::Failed, 0.1);
    assert_eq!(width(&aimd), 20);
}

#[test]
fn a_refused_call_keeps_its_slot_for_twice_as_long_each_time_up_to_32_s() {
    let mut aimd = Aimd::new(Rule { start: 1, min: 1, ..Rule::REMOTE });
    let cost = Cost::request(1.0, 1.0);
    let mut now = 0.0;
    let mut waits = Vec::new();
    for id in 0..7 {
        assert_eq!(aimd.can_send(now, &cost, 0), Admission::Send);
        let attempt = Attempt { id, sent_at: now, cost, in_flight: 1 };
        aimd.on_sent(&attempt);
        aimd.on_result(now, &attempt, &Outcome::plain(Verdict::Throttled));
        let Admission::NotBefore(wakes) = aimd.can_send(now, &cost, 0) else { panic!("no wait") };
        waits.push(wakes - now);
        now = wakes;
    }
    assert_eq!(waits, [2.0, 4.0, 8.0, 16.0, 32.0, 32.0, 32.0]);
}

proptest! {
    #[test]
    fn the_slots_stay_in_their_range(ends in prop::collection::vec((0..3_u8, 0.0..3.0_f64), 0..400)) {
        let mut aimd = Aimd::new(Rule::LOCAL);
        for (kind, latency) in ends {
            let verdict =
                [Verdict::Answered, Verdict::Throttled, Verdict::TimedOut][usize::from(kind)];
            end(&mut aimd, 1, verdict, latency);
            prop_assert!((2..=25).contains(&width(&aimd)));
        }
    }
}
