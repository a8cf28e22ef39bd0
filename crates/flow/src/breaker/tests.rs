use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A provider behind the breaker, and a client that sends `rate` calls per second whenever it may.
struct World {
    breaker: Breaker,
    rate: f64,
    in_flight_max: usize,
    random: fastrand::Rng,
    /// By end in milliseconds.
    under_way: BTreeMap<u64, Vec<Verdict>>,
    in_flight: usize,
    millis: u64,
    owed: f64,
    sent: usize,
    accepted: usize,
}

impl World {
    fn new(seed: u64, rate: f64) -> Self {
        Self {
            breaker: Breaker::new(seed),
            rate,
            in_flight_max: 50,
            random: fastrand::Rng::with_seed(seed + 1),
            under_way: BTreeMap::new(),
            in_flight: 0,
            millis: 0,
            owed: 0.0,
            sent: 0,
            accepted: 0,
        }
    }

    /// Lets time pass with the provider failing so often and answering after so long; gives what was sent and
    /// accepted in it.
    fn run(&mut self, seconds: u64, failing: f64, latency: f64) -> (usize, usize) {
        let before = (self.sent, self.accepted);
        for _ in 0..seconds * 100 {
            self.millis += 10;
            let now = self.millis as f64 / 1e3;
            self.answer(now);
            self.owed = (self.owed + self.rate / 100.0).min(self.rate.max(1.0));
            while self.owed >= 1.0
                && self.in_flight < self.in_flight_max
                && self.breaker.admit(now).is_ok()
            {
                self.owed -= 1.0;
                self.send(now, failing, latency);
            }
        }
        (self.sent - before.0, self.accepted - before.1)
    }

    fn send(&mut self, now: f64, failing: f64, latency: f64) {
        self.breaker.on_sent(now);
        self.sent += 1;
        self.in_flight += 1;
        let failed = self.random.f64() < failing;
        let verdict = if failed { Verdict::Overloaded } else { Verdict::Answered };
        let end = self.millis + (latency * 1e3) as u64;
        self.under_way.entry(end).or_default().push(verdict);
    }

    fn answer(&mut self, now: f64) {
        let later = self.under_way.split_off(&(self.millis + 1));
        for verdict in std::mem::replace(&mut self.under_way, later).into_values().flatten() {
            self.in_flight -= 1;
            self.accepted += usize::from(verdict == Verdict::Answered);
            self.breaker.on_result(now, verdict);
        }
    }
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::{Answered, Failed, Overloaded, Parked, Rejected, Throttled, TimedOut};
    prop::sample::select(vec![Answered, Failed, Overloaded, Parked, Rejected, Throttled, TimedOut])
}

proptest! {
    #[test]
    fn calls_always_flow_at_least_every_five_seconds(
        seed: u64,
        steps in prop::collection::vec((0.0f64..20.0, verdict()), 0..200),
    ) {
        let mut breaker = Breaker::new(seed);
        let mut now = 0.0;
        for (pause, verdict) in steps {
            breaker.on_sent(now);
            if let Err(again) = breaker.admit(now) {
                prop_assert!(again > now && again <= now + 5.0, "{again} at {now}");
            }
            now += pause;
            breaker.on_result(now, verdict);
            prop_assert!((0.0..1.0).contains(&breaker.rejection(now)));
        }
        prop_assert!(breaker.admit(now + 5.0).is_ok());
    }

    #[test]
    fn throttled_calls_and_refused_credentials_change_nothing(
        verdicts in prop::collection::vec(verdict(), 0..200),
    ) {
        let (mut all, mut counted) = (Breaker::new(1), Breaker::new(1));
        let mut now = 0.0;
        for verdict in verdicts {
            now += 0.1;
            all.on_sent(now);
            all.on_result(now, verdict);
            if !matches!(verdict, Verdict::Throttled | Verdict::Parked) {
                counted.on_sent(now);
                counted.on_result(now, verdict);
            }
            prop_assert!((all.rejection(now) - counted.rejection(now)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_share_held_back_is_that_of_the_formula(
        accepted in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let mut breaker = Breaker::new(1);
        for accepted in &accepted {
            breaker.on_sent(0.0);
            breaker.on_result(0.0, if *accepted { Verdict::Answered } else { Verdict::Failed });
        }
        let requests = accepted.len() as f64;
        let accepts = accepted.iter().filter(|accepted| **accepted).count() as f64;
        let expected = ((requests - 2.0 * accepts) / (requests + 1.0)).max(0.0);
        prop_assert!((breaker.rejection(0.0) - expected).abs() < 1e-12);
        prop_assert_eq!(breaker.admit(0.0).is_ok(), expected == 0.0);
    }
}

#[test]
fn an_outage_of_ten_minutes_costs_few_calls_and_is_over_within_ten_seconds() {
    for seed in 0..20 {
        for (rate, latency) in [(1.0, 0.4), (10.0, 0.4), (100.0, 0.4), (1000.0, 0.05), (10.0, 2.0)]
        {
            let mut world = World::new(seed, rate);
            world.run(60, 0.0, latency);
            let (calls, _) = world.run(600, 1.0, 0.05);
            assert!(calls <= SAMPLE + world.in_flight_max + 600 / 4, "{calls} calls at {rate}/s");
            world.run(9, 0.0, latency);
            let (_, accepted) = world.run(2, 0.0, latency);
            let capacity = rate.min(world.in_flight_max as f64 / latency);
            assert!(accepted as f64 >= 0.9 * 2.0 * capacity - 1.0, "{accepted} at {rate}/s");
        }
    }
}

#[test]
fn a_brown_out_is_not_made_worse_and_not_throttled_while_most_calls_succeed() {
    for seed in 0..20 {
        let mut world = World::new(seed, 20.0);
        world.run(60, 0.0, 0.4);
        let (sent, accepted) = world.run(60, 0.3, 2.0);
        assert!(sent as f64 <= 1.5 * accepted as f64 + 50.0, "{sent} sent, {accepted} accepted");
        assert!(sent >= 1100, "{sent} of 1200 sent");
        let (_, after) = world.run(10, 0.0, 0.4);
        assert!(after >= 190, "{after} of 200 accepted after it");
    }
}

#[test]
fn calls_become_rarer_the_more_of_them_fail() {
    let mut sent = Vec::new();
    for failing in [0.0, 0.6, 0.8, 0.95, 1.0] {
        sent.push(World::new(7, 100.0).run(60, failing, 0.1).0);
    }
    assert!(sent.is_sorted_by(|more, fewer| more > fewer), "{sent:?}");
}

#[test]
fn probing_slows_down_from_one_second_to_five() {
    let mut breaker = Breaker::new(3);
    for _ in 0..SAMPLE {
        breaker.on_sent(0.0);
        breaker.on_result(0.0, Verdict::Failed);
    }
    let mut now = 0.0;
    let mut gaps = Vec::new();
    for _ in 0..12 {
        let again = breaker.admit(now).unwrap_err();
        gaps.push(again - now);
        now = again;
        assert!(breaker.admit(now).is_ok());
        breaker.on_sent(now);
        breaker.on_result(now, Verdict::TimedOut);
    }
    assert!(gaps[..8].iter().all(|gap| (1.0..=5.0).contains(gap)), "{gaps:?}");
    assert!(gaps[8..].iter().all(|gap| (4.0..=5.0).contains(gap)), "{gaps:?}");
}

#[test]
fn a_breaker_that_hears_nothing_closes() {
    let mut breaker = Breaker::new(3);
    for _ in 0..SAMPLE {
        breaker.on_sent(0.0);
        breaker.on_result(0.0, Verdict::Failed);
    }
    assert!(breaker.admit(0.5).is_err());
    assert!(breaker.admit(30.1).is_ok());
    assert!(breaker.rejection(30.1) <= 0.0);
    // What it learnt of probing is forgotten with the rest.
    for _ in 0..SAMPLE {
        breaker.on_sent(30.1);
        breaker.on_result(30.1, Verdict::Failed);
    }
    let gap = breaker.admit(30.1).unwrap_err() - 30.1;
    assert!(gap > 3.0, "{gap}");
    breaker.admit(61.0).unwrap();
    breaker.on_sent(61.0);
    breaker.on_result(61.0, Verdict::Failed);
    let gap = breaker.admit(61.0).unwrap_err() - 61.0;
    assert!(gap <= 0.25, "{gap}");
}

#[test]
fn calls_that_are_never_answered_count_once_they_take_longer_than_nearly_all() {
    let mut breaker = Breaker::new(3);
    breaker.set_p99(1.0);
    for _ in 0..10 {
        breaker.on_sent(0.0);
    }
    assert!(breaker.admit(1.9).is_ok());
    assert!(breaker.rejection(2.0) > 0.9);
    // They may still be answered.
    for _ in 0..10 {
        breaker.on_result(2.5, Verdict::Answered);
    }
    assert!(breaker.admit(2.5).is_ok());
}

#[test]
fn a_fast_provider_is_not_suspected_within_a_second() {
    let mut breaker = Breaker::new(3);
    breaker.set_p99(0.05);
    (0..10).for_each(|_| breaker.on_sent(0.0));
    assert!(breaker.admit(0.9).is_ok());
    assert!(breaker.rejection(1.0) > 0.9);
}

#[test]
fn the_same_seed_gives_the_same_gaps() {
    let run = |seed| World::new(seed, 50.0).run(30, 0.9, 0.1);
    assert_eq!(run(5), run(5));
}
