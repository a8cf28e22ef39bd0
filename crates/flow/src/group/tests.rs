use super::*;
use crate::adaptive::{Adaptive, Bounds};
use crate::dispatch::{BatchCaps, Dispatcher, Role, Route, Settings, Size};
use crate::fair::Class;
use crate::fixed::Fixed;
use crate::lane::{BoxFuture, Callee, Lane, Reply};
use quota::Hint;
use std::time::Duration;

/// Notes when it is called; the first call may be refused.
struct Provider {
    calls: Mutex<Vec<f64>>,
    started: Instant,
    takes: f64,
    /// Seconds to wait that the first call is answered with.
    refuses: Option<f64>,
}

impl Provider {
    fn new(takes: f64, refuses: Option<f64>) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::default(), started: Instant::now(), takes, refuses })
    }

    fn calls(&self) -> Vec<f64> {
        self.calls.lock().unwrap().clone()
    }
}

impl Callee for Provider {
    type Item = ();
    type Output = ();
    type Error = f64;

    fn call<'a>(
        &'a self,
        _route: usize,
        _items: &'a [&'a ()],
    ) -> BoxFuture<'a, Result<Reply<()>, f64>> {
        Box::pin(async move {
            let number = {
                let mut calls = self.calls.lock().unwrap();
                calls.push(self.started.elapsed().as_secs_f64());
                calls.len()
            };
            tokio::time::sleep_until(Instant::now() + Duration::from_secs_f64(self.takes)).await;
            match self.refuses.filter(|_| number == 1) {
                Some(wait) => Err(wait),
                None => Ok(Reply { outputs: vec![()], hint: Hint::default(), usage: None }),
            }
        })
    }

    fn judge(&self, wait: &f64) -> Outcome {
        let hint = Hint { retry_after: Some(*wait), ..Hint::default() };
        Outcome { hint, ..Outcome::plain(Verdict::Throttled) }
    }

    fn timed_out(&self, _limit: Duration) -> f64 {
        0.0
    }

    fn miscounted(&self, _got: usize, _wanted: usize) -> f64 {
        0.0
    }
}

fn lane(group: &Group, callee: &Arc<Provider>) -> Lane<Provider> {
    let settings = Settings {
        batch: BatchCaps { items: 1, tokens: 1e9, bytes: 1 << 30 },
        linger: 0.0,
        failures_max: 3,
        patience: 600.0,
        seed: 1,
    };
    let route = Route::new(Box::new(group.member(Counted::All)), Role::Primary, 1);
    Lane::new(Dispatcher::new(settings, vec![route], None), Arc::clone(callee))
}

/// Sends so many, one after the other as it may.
async fn sends(lane: &mut Lane<Provider>, count: usize) {
    for _ in 0..count {
        lane.push(Class::Normal, Size { tokens: 1.0, bytes: 1 }, ());
    }
    lane.close();
    while lane.next().await.unwrap().is_some() {}
}

async fn wait(seconds: f64) {
    tokio::time::sleep_until(Instant::now() + Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_to_one_line_closes_the_gate_for_the_others() {
    let group = Group::new(Box::new(Adaptive::new(Bounds::default(), 1)));
    let (asked, embedded) = (Provider::new(0.1, Some(20.0)), Provider::new(0.1, None));
    let (mut asking, mut embedding) = (lane(&group, &asked), lane(&group, &embedded));
    let later = async {
        // The line's clock is not the group's.
        wait(1.0).await;
        sends(&mut embedding, 5).await;
    };
    tokio::join!(sends(&mut asking, 1), later);
    assert_eq!((asked.calls().len(), embedded.calls().len()), (2, 5));
    let early = |at: &&f64| **at > 0.1 && **at < 20.1;
    let (asked, embedded) = (asked.calls(), embedded.calls());
    assert_eq!(asked.iter().chain(&embedded).find(early), None, "{asked:?} {embedded:?}");
}

#[tokio::test(start_paused = true)]
async fn lines_share_the_places_and_wake_each_other() {
    let group = Group::new(Box::new(Fixed::new(1)));
    let provider = Provider::new(5.0, None);
    let (mut one, mut other) = (lane(&group, &provider), lane(&group, &provider));
    tokio::join!(sends(&mut one, 2), sends(&mut other, 2));
    let expected = [0.0, 5.0, 10.0, 15.0];
    let calls = provider.calls();
    let close = calls.iter().zip(expected).all(|(at, expected)| (at - expected).abs() < 0.01);
    assert!(calls.len() == 4 && close, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_given_up_gives_back_its_places() {
    let group = Group::new(Box::new(Fixed::new(1)));
    let provider = Provider::new(5.0, None);
    let (mut one, mut other) = (lane(&group, &provider), lane(&group, &provider));
    let given_up = async {
        assert!(tokio::time::timeout(Duration::from_secs(1), sends(&mut one, 1)).await.is_err());
        drop(one);
    };
    tokio::join!(given_up, sends(&mut other, 1));
    let calls = provider.calls();
    assert!((calls[1] - 1.0).abs() < 0.01, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_line_counts_for_itself_is_nothing_to_the_group() {
    let bounds = Bounds { per_minute: [None, Some(60.0), None, None], ..Bounds::default() };
    for (counted, expected) in [(Counted::All, false), (Counted::Requests, true)] {
        let group = Group::new(Box::new(Adaptive::new(bounds, 1)));
        let mut member = group.member(counted);
        let cost = Cost::request(1e6, 1.0);
        let first = member.can_send(0.0, &cost, 0);
        assert_eq!(
            first,
            Admission::Send,
            "a call larger than its limit goes when nothing else does"
        );
        member.on_sent(&Attempt { id: 7, sent_at: 0.0, cost, in_flight: 1 });
        assert_eq!(member.can_send(0.5, &cost, 1) == Admission::Send, expected, "{counted:?}");
    }
}
