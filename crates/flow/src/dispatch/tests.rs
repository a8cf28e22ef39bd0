use super::*;
use crate::fair::Class;
use crate::fixed::Fixed;
use crate::policy::Policy;
use proptest::prelude::*;
use quota::Hint;
use std::collections::BTreeMap;

fn settings(items: usize) -> Settings {
    Settings {
        batch: BatchCaps { items, tokens: 1e6, bytes: 1 << 20 },
        linger: 0.0,
        failures_max: 4,
        patience: 3600.0,
        seed: 7,
    }
}

fn route(width: usize, role: Role) -> Route {
    Route::new(Box::new(Fixed::new(width)), role, 11)
}

fn line(items: usize, width: usize) -> Dispatcher<u32> {
    Dispatcher::new(settings(items), vec![route(width, Role::Primary)], None)
}

const SIZE: Size = Size { tokens: 10.0, bytes: 40 };

fn push(line: &mut Dispatcher<u32>, now: f64, items: impl IntoIterator<Item = u32>) {
    for item in items {
        line.push(now, Terms { class: Class::Normal, size: SIZE, deadline: None }, item);
    }
}

fn call(line: &mut Dispatcher<u32>, now: f64) -> Call<u32> {
    match line.next_call(now) {
        Step::Call(call) => call,
        other => panic!("{other:?} instead of a call"),
    }
}

fn items(call: &Call<u32>) -> Vec<u32> {
    call.items().copied().collect()
}

fn plain(verdict: Verdict) -> Outcome {
    Outcome::plain(verdict)
}

/// Answers everything as `judge` says until nothing is left to do; gives the ends and the number of calls.
fn drive(
    line: &mut Dispatcher<u32>,
    mut judge: impl FnMut(&[u32]) -> Verdict,
) -> (BTreeMap<u32, bool>, usize) {
    let (mut ends, mut calls, mut now) = (BTreeMap::new(), 0, 0.0);
    while !line.is_idle() {
        match line.next_call(now) {
            Step::Call(call) => {
                calls += 1;
                let verdict = judge(&items(&call));
                now += 0.1;
                match line.settle(now, call, &plain(verdict)) {
                    Settled::Answered(done) => {
                        for item in done {
                            assert_eq!(ends.insert(item, true), None, "{item} ended twice");
                        }
                    }
                    Settled::GaveUp(item) => assert_eq!(ends.insert(item, false), None),
                    Settled::Later => {}
                }
            }
            Step::NotBefore(at) => now = now.max(at),
            other => panic!("{other:?}"),
        }
    }
    (ends, calls)
}

#[test]
fn a_batch_is_cut_when_a_call_may_start() {
    let mut line = line(4, 1);
    push(&mut line, 0.0, 0..2);
    let first = call(&mut line, 0.0);
    assert_eq!(items(&first), [0, 1]);
    push(&mut line, 0.1, 2..9);
    assert!(matches!(line.next_call(0.2), Step::Wait));
    line.settle(0.3, first, &plain(Verdict::Answered));
    assert_eq!(items(&call(&mut line, 0.3)), [2, 3, 4, 5]);
}

#[test]
fn a_partial_batch_waits_for_company_and_no_longer_than_it_may() {
    let mut line = Dispatcher::new(
        Settings { linger: 0.05, ..settings(3) },
        vec![route(9, Role::Primary)],
        None,
    );
    push(&mut line, 1.0, 0..2);
    assert!(matches!(line.next_call(1.0), Step::NotBefore(at) if (at - 1.05).abs() < 1e-9));
    push(&mut line, 1.01, 2..4);
    assert_eq!(items(&call(&mut line, 1.01)), [0, 1, 2]);
    assert!(matches!(line.next_call(1.02), Step::NotBefore(at) if (at - 1.06).abs() < 1e-9));
    assert_eq!(items(&call(&mut line, 1.07)), [3]);
    push(&mut line, 2.0, 4..5);
    line.close();
    assert_eq!(items(&call(&mut line, 2.0)), [4]);
}

#[test]
fn caps_of_tokens_and_bytes_bind_and_an_oversized_item_travels_alone() {
    let caps = BatchCaps { items: 100, tokens: 25.0, bytes: 1 << 20 };
    let mut line = Dispatcher::new(
        Settings { batch: caps, ..settings(1) },
        vec![route(9, Role::Primary)],
        None,
    );
    push(&mut line, 0.0, 0..3);
    line.push(
        0.0,
        Terms { class: Class::Normal, size: Size { tokens: 99.0, bytes: 1 }, deadline: None },
        3,
    );
    push(&mut line, 0.0, 4..5);
    for expected in [vec![0, 1], vec![2], vec![3], vec![4]] {
        assert_eq!(items(&call(&mut line, 0.0)), expected);
    }
}

#[test]
fn one_refused_item_costs_itself_and_few_requests() {
    for bad in [0, 1, 31, 62, 63] {
        let mut line = line(64, 4);
        push(&mut line, 0.0, 0..64);
        let (ends, calls) = drive(&mut line, |batch| {
            if batch.contains(&bad) { Verdict::Rejected } else { Verdict::Answered }
        });
        assert_eq!(ends.len(), 64);
        assert!(ends.iter().all(|(item, done)| *done == (*item != bad)));
        assert!(calls <= 1 + 2 * 6 + 2, "{calls} calls");
    }
}

#[test]
fn an_outage_uses_up_no_attempt() {
    let mut line = line(8, 4);
    push(&mut line, 0.0, 0..100);
    let mut refusals = 0;
    let (ends, _) = drive(&mut line, |_| {
        refusals += 1;
        if refusals < 200 { Verdict::Failed } else { Verdict::Answered }
    });
    assert_eq!(ends.len(), 100);
    assert!(ends.values().all(|done| *done));
}

#[test]
fn a_batch_that_fails_while_others_are_answered_is_split_until_its_cause_is_alone() {
    let mut line = line(4, 2);
    push(&mut line, 0.0, 0..40);
    let (ends, _) = drive_concurrent(&mut line, |batch| {
        if batch.contains(&5) { Verdict::Failed } else { Verdict::Answered }
    });
    assert_eq!(ends.len(), 40);
    assert!(ends.iter().all(|(item, done)| *done == (*item != 5)), "{ends:?}");
}

/// As [`drive`], with calls side by side, and work that keeps coming so that the provider is seen to answer.
fn drive_concurrent(
    line: &mut Dispatcher<u32>,
    judge: impl Fn(&[u32]) -> Verdict,
) -> (BTreeMap<u32, bool>, usize) {
    let (mut ends, mut calls, mut now, mut filler) = (BTreeMap::new(), 0, 0.0, 1000);
    while ends.len() < 40 {
        let mut flight = Vec::new();
        let wake = loop {
            match line.next_call(now) {
                Step::Call(call) => flight.push(call),
                Step::NotBefore(at) => break at,
                _ => break now,
            }
        };
        if flight.is_empty() {
            push(line, now, [filler]);
            filler += 1;
            now = now.max(wake.min(now + 1.0));
        }
        // The failing call ends last.
        flight.sort_by_key(|call| judge(&items(call)) == Verdict::Failed);
        for call in flight {
            calls += 1;
            now += 0.1;
            let verdict = judge(&items(&call));
            match line.settle(now, call, &plain(verdict)) {
                Settled::Answered(done) => {
                    ends.extend(
                        done.into_iter().filter(|item| *item < 40).map(|item| (item, true)),
                    );
                }
                Settled::GaveUp(item) => {
                    ends.insert(item, false);
                }
                Settled::Later => {}
            }
        }
    }
    (ends, calls)
}

#[test]
fn a_refused_key_ends_the_line_and_a_known_reset_is_waited_for() {
    let mut line = line(4, 1);
    push(&mut line, 0.0, 0..4);
    let first = call(&mut line, 0.0);
    let soon = Hint { retry_after: Some(90.0), ..Hint::default() };
    line.settle(0.1, first, &Outcome { hint: soon, ..plain(Verdict::Parked) });
    assert!(matches!(line.next_call(1.0), Step::NotBefore(at) if (at - 90.1).abs() < 1e-9));
    let again = call(&mut line, 90.2);
    assert_eq!(items(&again), [0, 1, 2, 3]);
    line.settle(90.3, again, &plain(Verdict::Parked));
    assert!(matches!(line.next_call(90.4), Step::Halt(Halt::Parked)));
}

#[test]
fn a_standby_is_used_only_while_no_primary_can_be() {
    let routes = vec![route(1, Role::Primary), route(1, Role::Standby)];
    let mut line = Dispatcher::new(settings(1), routes, None);
    push(&mut line, 0.0, 0..4);
    let first = call(&mut line, 0.0);
    assert_eq!(first.route, 0);
    assert!(matches!(line.next_call(0.0), Step::Wait), "the standby took work of a busy primary");
    line.settle(0.1, first, &plain(Verdict::Parked));
    let second = call(&mut line, 0.2);
    assert_eq!((second.route, items(&second)), (1, vec![0]));
}

#[test]
fn two_groups_share_the_work() {
    let routes = vec![route(1, Role::Primary), route(2, Role::Primary)];
    let mut line = Dispatcher::new(settings(1), routes, None);
    push(&mut line, 0.0, 0..9);
    let mut used: Vec<usize> = (0..3).map(|_| call(&mut line, 0.0).route).collect();
    used.sort_unstable();
    assert_eq!(used, [0, 1, 1]);
    assert!(matches!(line.next_call(0.0), Step::Wait));
}

#[test]
fn nothing_is_sent_that_could_cost_more_than_may_be_spent() {
    let mut line = Dispatcher::new(settings(1), vec![route(9, Role::Primary)], Some(35.0));
    push(&mut line, 0.0, 0..9);
    let flight: Vec<_> = (0..3).map(|_| call(&mut line, 0.0)).collect();
    assert!(matches!(line.next_call(0.0), Step::Wait), "a call in flight may yet cost nothing");
    let mut flight = flight.into_iter();
    line.settle(0.1, flight.next().unwrap(), &plain(Verdict::Throttled));
    let again = call(&mut line, 0.1);
    for call in flight.chain([again]) {
        line.settle(0.2, call, &plain(Verdict::Answered));
    }
    assert!(matches!(line.next_call(0.3), Step::Halt(Halt::Spent)));
    assert!((line.counts().tokens - 30.0).abs() < 1e-9);
}

#[test]
fn estimates_follow_what_is_charged() {
    let mut line = line(1, 1);
    push(&mut line, 0.0, 0..200);
    let mut last = 0.0;
    for n in 0..200 {
        let call = call(&mut line, f64::from(n));
        last = call.attempt().cost.0[1];
        let usage = Some(Cost::request(13.0, 1.0));
        line.settle(f64::from(n) + 0.5, call, &Outcome { usage, ..plain(Verdict::Answered) });
    }
    assert!((last - 13.0).abs() < 0.1, "{last}");
    assert!((line.counts().tokens - 2600.0).abs() < 1e-6);
}

#[test]
fn silence_for_too_long_ends_the_line() {
    let mut line = line(1, 1);
    push(&mut line, 0.0, 0..1);
    let mut now = 0.0;
    let halt = loop {
        match line.next_call(now) {
            Step::Call(call) => {
                now += 1.0;
                line.settle(now, call, &plain(Verdict::Overloaded));
            }
            Step::NotBefore(at) => now = at,
            Step::Halt(halt) => break halt,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(halt, Halt::Away);
    assert!((3600.0..3700.0).contains(&now), "{now}");
}

#[test]
fn what_nobody_waits_for_is_not_sent() {
    let mut line = line(1, 1);
    line.push(0.0, Terms { class: Class::High, size: SIZE, deadline: Some(5.0) }, 1);
    line.push(0.0, Terms { class: Class::High, size: SIZE, deadline: None }, 2);
    assert!(matches!(line.next_call(6.0), Step::Expired(1)));
    assert_eq!(items(&call(&mut line, 6.0)), [2]);
}

#[test]
fn a_call_never_gets_longer_than_its_deadline() {
    let mut line = line(1, 1);
    line.push(0.0, Terms { class: Class::High, size: SIZE, deadline: Some(5.0) }, 1);
    assert!((call(&mut line, 3.0).timeout - 2.0).abs() < 1e-9);
}

#[test]
fn a_class_that_waits_for_company_holds_up_no_whole_batch_of_another() {
    let mut line = Dispatcher::new(
        Settings { linger: 1.0, ..settings(2) },
        vec![route(9, Role::Primary)],
        None,
    );
    line.push(0.0, Terms { class: Class::Urgent, size: SIZE, deadline: None }, 1);
    push(&mut line, 0.0, 2..4);
    assert_eq!(items(&call(&mut line, 0.1)), [2, 3]);
    assert_eq!(items(&call(&mut line, 1.1)), [1]);
}

#[test]
fn an_item_that_expired_inside_a_batch_does_not_travel() {
    let mut line = line(3, 1);
    let terms = |deadline| Terms { class: Class::High, size: SIZE, deadline };
    line.push(0.0, terms(None), 1);
    line.push(0.0, terms(Some(2.0)), 2);
    line.push(0.0, terms(Some(9.0)), 3);
    let sent = call(&mut line, 5.0);
    assert_eq!(items(&sent), [1, 3]);
    assert!((sent.timeout - 4.0).abs() < 1e-9);
    assert!(matches!(line.next_call(5.0), Step::Expired(2)));
}

#[test]
fn idle_time_is_no_outage() {
    let mut line = line(1, 1);
    line.push(0.0, Terms { class: Class::High, size: SIZE, deadline: Some(1.0) }, 1);
    let first = call(&mut line, 0.0);
    line.settle(0.9, first, &plain(Verdict::Failed));
    let Step::NotBefore(at) = line.next_call(1.0) else { panic!("no retry") };
    assert!(matches!(line.next_call(at), Step::Expired(1)));
    assert!(line.is_idle());
    push(&mut line, 9000.0, 2..3);
    assert_eq!(items(&call(&mut line, 9000.0)), [2]);
}

#[test]
fn a_told_wait_is_no_outage() {
    let mut line = Dispatcher::new(
        Settings { patience: 5.0, ..settings(1) },
        vec![route(1, Role::Primary)],
        None,
    );
    push(&mut line, 0.0, 0..1);
    let first = call(&mut line, 0.0);
    let told = Hint { retry_after: Some(60.0), ..Hint::default() };
    line.settle(0.1, first, &Outcome { hint: told, ..plain(Verdict::Overloaded) });
    let Step::NotBefore(at) = line.next_call(10.0) else { panic!("gave up") };
    assert!(at >= 60.0);
    assert_eq!(items(&call(&mut line, at)), [0]);
}

#[test]
fn an_answer_to_an_older_call_does_not_unpark() {
    let mut line = line(1, 2);
    push(&mut line, 0.0, 0..3);
    let (older, newer) = (call(&mut line, 0.0), call(&mut line, 0.0));
    line.settle(0.1, newer, &plain(Verdict::Parked));
    line.settle(0.2, older, &plain(Verdict::Answered));
    assert!(matches!(line.next_call(0.3), Step::Halt(Halt::Parked)));
}

#[test]
fn a_primary_that_is_back_gets_its_work_back() {
    let routes = vec![route(1, Role::Primary), route(1, Role::Standby)];
    let mut line = Dispatcher::new(settings(1), routes, None);
    let (mut now, mut last) = (0.0, [0.0, 0.0]);
    push(&mut line, 0.0, 0..400);
    while now < 300.0 {
        match line.next_call(now) {
            Step::Call(call) => {
                let route = call.route;
                last[route] = now;
                now += if route == 0 { 0.5 } else { 0.1 };
                // Slower than the standby when it works, so that nothing but a look at it shows that it is back.
                let away = route == 0 && (20.0..60.0).contains(&now);
                let verdict = if away { Verdict::Failed } else { Verdict::Answered };
                line.settle(now, call, &plain(verdict));
            }
            Step::NotBefore(at) => now = at,
            _ => break,
        }
        if line.is_idle() {
            push(&mut line, now + 1.0, 0..1);
            now += 1.0;
        }
    }
    assert!(last[0] > 290.0 && last[1] < 150.0, "{last:?}");
}

/// Refuses by the clock alone, and notes who asked while it was closed.
#[derive(Debug)]
struct Gate {
    opens: f64,
}

impl Policy for Gate {
    fn can_send(&mut self, now: f64, _: &Cost, _: usize) -> Admission {
        if now < self.opens { Admission::NotBefore(self.opens) } else { Admission::Send }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        assert!(attempt.sent_at >= self.opens, "sent through a closed gate");
    }

    fn on_result(&mut self, now: f64, _: &Attempt, outcome: &Outcome) {
        if outcome.verdict == Verdict::Throttled {
            self.opens = now + outcome.hint.retry_after.unwrap_or(1.0);
        }
    }

    fn reading(&self) -> Reading {
        Reading::default()
    }
}

proptest! {
    /// Whatever happens to calls, each item ends exactly once, and no gate is passed while it is closed.
    #[test]
    fn every_item_ends_once(
        verdicts in proptest::collection::vec(0..7u8, 1..300),
        items_max in 1..9usize,
        count in 1..60u32,
    ) {
        let routes = vec![Route::new(Box::new(Gate { opens: 0.0 }), Role::Primary, 3)];
        let mut line = Dispatcher::new(settings(items_max), routes, None);
        push(&mut line, 0.0, 0..count);
        let mut verdicts = verdicts.into_iter();
        let (ends, _) = drive(&mut line, |_| match verdicts.next() {
            Some(1) => Verdict::Throttled,
            Some(2) => Verdict::Overloaded,
            Some(3) => Verdict::Failed,
            Some(4) => Verdict::TimedOut,
            Some(5) => Verdict::Rejected,
            _ => Verdict::Answered,
        });
        prop_assert_eq!(ends.len(), count as usize);
        prop_assert_eq!(line.in_flight(), 0);
    }
}

#[test]
fn what_waits_can_be_taken_back_each_item_once() {
    let mut line = line(2, 1);
    push(&mut line, 0.0, 0..7);
    let failed = call(&mut line, 0.0);
    line.settle(0.1, failed, &plain(Verdict::Throttled));
    let failed = call(&mut line, 0.2);
    line.settle(0.3, failed, &plain(Verdict::Failed));
    let under_way = call(&mut line, 60.0);
    let mut taken = line.take_waiting();
    taken.extend(items(&under_way));
    taken.sort_unstable();
    assert_eq!(taken, (0..7).collect::<Vec<_>>());
    assert_eq!(line.waiting(), 0);
}
