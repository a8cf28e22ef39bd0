use super::{Adaptive, Bounds};
use crate::cost::{Cost, RATES};
use crate::policy::{Admission, Attempt, Outcome, Policy, Verdict};
use proptest::prelude::*;
use quota::{Dimension, Hint, Level};

mod parts;

/// Sends whenever it may until `until`, on a server that answers in 0.4 s and refuses in 0.1 s; `server` says
/// whether a call that arrives at a time fits.
struct Line {
    policy: Adaptive,
    cost: Cost,
    now: f64,
    id: u64,
    under_way: Vec<(f64, Attempt, Outcome)>,
    accepted: Vec<f64>,
    refused: Vec<f64>,
}

impl Line {
    fn new(bounds: Bounds) -> Self {
        Self {
            policy: Adaptive::new(bounds, 1),
            cost: Cost::request(100.0, 1.0),
            now: 0.0,
            id: 0,
            under_way: Vec::new(),
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn run(&mut self, until: f64, mut server: impl FnMut(f64, usize) -> Outcome) {
        let cost = self.cost;
        while self.now < until {
            let next = match self.policy.can_send(self.now, &cost, self.under_way.len()) {
                Admission::Send => {
                    self.send(cost, &mut server);
                    continue;
                }
                Admission::NotBefore(at) => at,
                Admission::Wait => f64::INFINITY,
            };
            let reply = self.under_way.iter().map(|call| call.0).fold(f64::INFINITY, f64::min);
            self.now = next.min(reply).max(self.now + 1e-6).min(until);
            self.hear();
        }
    }

    fn send(&mut self, cost: Cost, server: &mut impl FnMut(f64, usize) -> Outcome) {
        self.id += 1;
        let in_flight = self.under_way.len() + 1;
        let attempt = Attempt { id: self.id, sent_at: self.now, cost, in_flight };
        self.policy.on_sent(&attempt);
        let outcome = server(self.now, in_flight);
        let (list, secs) = match outcome.verdict {
            Verdict::Answered => (&mut self.accepted, 0.4),
            _ => (&mut self.refused, 0.1),
        };
        list.push(self.now);
        self.under_way.push((self.now + secs, attempt, outcome));
    }

    fn hear(&mut self) {
        self.under_way.sort_by(|a, b| a.0.total_cmp(&b.0));
        while self.under_way.first().is_some_and(|call| call.0 <= self.now) {
            let (_, attempt, outcome) = self.under_way.remove(0);
            self.policy.on_result(self.now, &attempt, &outcome);
        }
    }

    fn accepted_in(&self, from: f64, to: f64) -> usize {
        self.accepted.iter().filter(|at| (from..to).contains(at)).count()
    }
}

/// Lets a call through while it does not exceed what there is.
fn ruling(amount: usize, there: usize) -> Outcome {
    Outcome::plain(if amount <= there { Verdict::Answered } else { Verdict::Throttled })
}

/// Takes one from the level if there is one.
fn take(level: &mut f64) -> Outcome {
    let there = level.max(0.0) as usize;
    *level -= there.min(1) as f64;
    ruling(1, there)
}

fn bucket(rate: f64, capacity: f64) -> impl FnMut(f64, usize) -> Outcome {
    let (mut level, mut last) = (capacity, 0.0);
    move |now, _| {
        level = f64::min(level + (now - last) * rate, capacity);
        last = now;
        take(&mut level)
    }
}

fn window(limit: usize, length: f64, first_edge: f64) -> impl FnMut(f64, usize) -> Outcome {
    let (mut edge, mut used) = (first_edge - length, 0);
    move |now, _| {
        if now >= edge + length {
            edge += ((now - edge) / length).floor() * length;
            used = 0;
        }
        let ruled = ruling(used + 1, limit);
        used = (used + 1).min(limit);
        ruled
    }
}

fn log(limit: usize, length: f64) -> impl FnMut(f64, usize) -> Outcome {
    let mut sent: Vec<f64> = Vec::new();
    move |now, _| {
        sent.retain(|at| at + length > now);
        let ruled = ruling(sent.len() + 1, limit);
        if sent.len() < limit {
            sent.push(now);
        }
        ruled
    }
}

#[test]
fn a_bucket_is_measured_exactly_at_its_first_wall() {
    let mut line = Line::new(Bounds::default());
    line.run(30.0, bucket(10.0, 600.0));
    let rate = line.policy.reading().rates[0].unwrap();
    assert!((9.8..10.2).contains(&rate), "{rate}");
}

#[test]
fn a_log_of_a_minute_is_followed_as_an_echo() {
    let mut line = Line::new(Bounds::default());
    line.run(600.0, log(600, 60.0));
    assert!(line.accepted_in(120.0, 600.0) >= 4750, "{}", line.accepted_in(120.0, 600.0));
    assert!(line.refused.len() <= 45, "{}", line.refused.len());
}

#[test]
fn fixed_windows_are_spent_whole_wherever_they_begin() {
    for first_edge in [17.0, 31.0, 44.0] {
        let mut line = Line::new(Bounds::default());
        line.run(600.0, window(600, 60.0, first_edge));
        let (from, to) = (first_edge + 120.0, first_edge + 540.0);
        let share = line.accepted_in(from, to) as f64 / 4200.0;
        assert!(share >= 0.99, "{first_edge}: {share}");
        assert!(line.refused.len() <= 90, "{first_edge}: {}", line.refused.len());
    }
}

#[test]
fn a_bucket_of_a_second_is_paced() {
    let mut line = Line::new(Bounds::default());
    line.run(300.0, bucket(10.0, 10.0));
    assert!(line.accepted_in(60.0, 300.0) >= 2300, "{}", line.accepted_in(60.0, 300.0));
    assert!(line.refused.len() <= 30, "{}", line.refused.len());
}

#[test]
fn calls_at_once_are_capped_without_a_rate() {
    let mut line = Line::new(Bounds::default());
    line.run(200.0, |_, in_flight| ruling(in_flight, 12));
    assert!(line.accepted_in(100.0, 200.0) >= 2700, "{}", line.accepted_in(100.0, 200.0));
    assert!(line.refused.len() <= 50, "{}", line.refused.len());
}

#[test]
fn while_the_gate_is_closed_one_canary_is_under_way_at_most() {
    let mut line = Line::new(Bounds::default());
    let mut at_once = 0;
    line.run(10.0, bucket(10.0, 60.0));
    let before = line.refused.len();
    line.under_way.clear();
    line.run(70.0, |now, in_flight| {
        // What was under way at the first refusal has been answered by then.
        if now > 11.0 {
            at_once = at_once.max(in_flight);
        }
        ruling(1, 0)
    });
    assert!(at_once <= 1, "{at_once} at once");
    assert!(line.refused.len() > before);
    assert!(line.refused.len() - before <= 40, "{}", line.refused.len() - before);
}

/// A server that is out of sorts once: what was accepted before is too little to be a limit.
#[test]
fn one_refusal_without_a_limit_costs_a_pause() {
    for which in 1..6 {
        for width in [1, 4, 40] {
            let mut asked = 0;
            let mut line = Line::new(Bounds { in_flight_max: width, ..Bounds::default() });
            line.run(330.0, |_, _| {
                asked += 1;
                Outcome::plain(if asked == which { Verdict::Throttled } else { Verdict::Answered })
            });
            let (soon, late) = (line.accepted_in(0.0, 30.0), line.accepted_in(300.0, 330.0));
            assert!(soon >= 45, "refused call {which}, width {width}: {soon} in 30 s");
            // Calls of 0.4 s, as many at once as may be.
            let all = 75 * width;
            assert!(late * 10 >= all * 9, "refused call {which}, width {width}: {late} of {all}");
        }
    }
}

#[test]
fn a_refused_admission_consumes_nothing() {
    let mut once = Line::new(Bounds::default());
    let mut often = Line::new(Bounds::default());
    once.run(20.0, bucket(10.0, 60.0));
    often.run(20.0, bucket(10.0, 60.0));
    let dear = Cost([1.0, 1e6, 0.0, 1e6]);
    for _ in 0..100 {
        let _ = often.policy.can_send(20.0, &dear, often.under_way.len());
    }
    let cost = Cost::request(100.0, 1.0);
    assert_eq!(
        once.policy.can_send(20.1, &cost, once.under_way.len()),
        often.policy.can_send(20.1, &cost, often.under_way.len())
    );
}

#[test]
fn a_known_limit_is_held_from_the_start() {
    let bounds = Bounds { per_minute: [Some(120.0), None, None, None], ..Bounds::default() };
    let mut line = Line::new(bounds);
    line.run(300.0, |_, _| ruling(0, 0));
    for start in 0..240 {
        assert!(line.accepted_in(f64::from(start), f64::from(start) + 60.0) <= 120);
    }
    assert!(line.accepted.len() >= 500, "{}", line.accepted.len());
}

#[test]
fn a_parked_key_is_asked_once_a_minute_at_most() {
    let mut line = Line::new(Bounds::default());
    line.run(600.0, |now, _| {
        Outcome::plain(if now < 5.0 { Verdict::Answered } else { Verdict::Parked })
    });
    let asked = line.refused.iter().filter(|at| **at > 10.0).count();
    assert!((1..=9).contains(&asked), "{asked}");
}

#[test]
fn headers_are_held_to_without_a_refusal() {
    let mut line = Line::new(Bounds::default());
    let (mut level, mut last) = (600.0, 0.0);
    line.run(300.0, move |now, _| {
        level = f64::min(level + (now - last) * 10.0, 600.0);
        last = now;
        let ruled = take(&mut level);
        let told = Level {
            dimension: Dimension::Requests,
            limit: Some(600.0),
            remaining: Some(f64::floor(level)),
            reset_after: Some((600.0 - level) / 10.0),
        };
        Outcome { hint: Hint { levels: vec![told], ..Hint::default() }, ..ruled }
    });
    assert_eq!(line.refused.len(), 0);
    assert!(line.accepted.len() >= 3540, "{}", line.accepted.len());
}

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(-1.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        0.0..1e4
    ]
}

fn hint() -> impl Strategy<Value = Hint> {
    let dimensions = [
        Dimension::Requests,
        Dimension::InputTokens,
        Dimension::Items,
        Dimension::InFlight,
        Dimension::Day,
    ];
    let level = (prop::sample::select(dimensions.to_vec()), [amount(), amount(), amount()])
        .prop_map(|(dimension, [limit, remaining, reset])| Level {
            dimension,
            limit: Some(limit),
            remaining: Some(remaining),
            reset_after: Some(reset),
        });
    let named = prop::option::of(prop::sample::select(dimensions.to_vec()));
    (prop::option::of(amount()), named, prop::collection::vec(level, 0..3), any::<bool>()).prop_map(
        |(retry_after, refused_by, levels, overloaded)| Hint {
            retry_after,
            refused_by,
            levels,
            overloaded,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let verdicts = [
        Verdict::Answered,
        Verdict::Answered,
        Verdict::Throttled,
        Verdict::Overloaded,
        Verdict::Failed,
        Verdict::TimedOut,
        Verdict::Rejected,
        Verdict::Parked,
    ];
    let usage = prop::option::of([amount(), amount(), amount(), amount()].prop_map(Cost));
    (prop::sample::select(verdicts.to_vec()), hint(), usage)
        .prop_map(|(verdict, hint, usage)| Outcome { verdict, hint, usage })
}

proptest! {
    #[test]
    fn nothing_that_a_server_says_breaks_it(
        steps in prop::collection::vec((outcome(), 0.0f64..5.0, 0.0f64..1e5), 1..200),
        most in 1usize..40,
    ) {
        let bounds = Bounds { in_flight_max: most, ..Bounds::default() };
        let mut policy = Adaptive::new(bounds, 7);
        let mut now = 0.0;
        let mut under_way: Vec<Attempt> = Vec::new();
        for (id, (outcome, pause, tokens)) in steps.into_iter().enumerate() {
            let cost = Cost::request(tokens, 1.0);
            match policy.can_send(now, &cost, under_way.len()) {
                Admission::Send => {
                    prop_assert!(under_way.len() < most);
                    let in_flight = under_way.len() + 1;
                    let attempt = Attempt { id: id as u64, sent_at: now, cost, in_flight };
                    policy.on_sent(&attempt);
                    under_way.push(attempt);
                }
                Admission::NotBefore(at) => prop_assert!(at > now, "{at} at {now}"),
                Admission::Wait => prop_assert!(!under_way.is_empty()),
            }
            if id % 3 == 0 && !under_way.is_empty() {
                now += pause;
                let attempt = under_way.remove(0);
                policy.on_result(now, &attempt, &outcome);
            }
            let reading = policy.reading();
            prop_assert!(reading.rates.iter().flatten().all(|rate| rate.is_finite() && *rate > 0.0));
            prop_assert_eq!(reading.rates.len(), RATES.len());
        }
    }
}
