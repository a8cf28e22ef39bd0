use super::*;
use crate::dispatch::{BatchCaps, Role, Route, Settings};
use crate::fixed::Fixed;
use quota::Hint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

type Script = dyn Fn(usize, &[u32]) -> (f64, Result<(), &'static str>) + Send + Sync;

/// A callee that the test writes the script of: seconds of work, then an end, by the batch.
struct Scripted {
    script: Box<Script>,
    calls: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    batches: Mutex<Vec<Vec<u32>>>,
}

impl Scripted {
    fn new(
        script: impl Fn(usize, &[u32]) -> (f64, Result<(), &'static str>) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            calls: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            batches: Mutex::default(),
        })
    }
}

/// Calls are counted also when they are given up.
struct Under<'a>(&'a AtomicUsize);

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Callee for Scripted {
    type Item = u32;
    type Output = u32;
    type Error = &'static str;

    fn call<'a>(
        &'a self,
        _route: usize,
        items: &'a [&'a u32],
    ) -> BoxFuture<'a, Result<Reply<u32>, &'static str>> {
        Box::pin(async move {
            let number = self.calls.fetch_add(1, Ordering::SeqCst);
            let under = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            let _under = Under(&self.now);
            self.most.fetch_max(under, Ordering::SeqCst);
            let batch: Vec<u32> = items.iter().map(|item| **item).collect();
            self.batches.lock().unwrap().push(batch.clone());
            let (seconds, end) = (self.script)(number, &batch);
            let wake = Instant::now() + Duration::from_secs_f64(seconds);
            tokio::time::sleep_until(wake).await;
            end?;
            let outputs = batch.iter().map(|item| item * 10).collect();
            Ok(Reply { outputs, hint: Hint::default(), usage: None })
        })
    }

    fn judge(&self, error: &&'static str) -> Outcome {
        match *error {
            "bad" => Outcome::plain(Verdict::Rejected),
            "busy" => Outcome {
                hint: Hint { retry_after: Some(2.0), ..Hint::default() },
                ..Outcome::plain(Verdict::Overloaded)
            },
            "key" => Outcome::plain(Verdict::Parked),
            _ => Outcome::plain(Verdict::Failed),
        }
    }

    fn timed_out(&self, _limit: Duration) -> &'static str {
        "slow"
    }

    fn miscounted(&self, _got: usize, _wanted: usize) -> &'static str {
        "miscounted"
    }
}

fn lane(callee: &Arc<Scripted>, items: usize, width: usize) -> Lane<Scripted> {
    let settings = Settings {
        batch: BatchCaps { items, tokens: 1e9, bytes: 1 << 30 },
        linger: 0.0,
        failures_max: 3,
        patience: 600.0,
        seed: 1,
    };
    let route = Route::new(Box::new(Fixed::new(width)), Role::Primary, 1);
    Lane::new(Dispatcher::new(settings, vec![route], None), Arc::clone(callee))
}

async fn all(lane: &mut Lane<Scripted>, count: u32) -> Vec<(u32, End<u32, &'static str>)> {
    for item in 0..count {
        lane.push(Class::Normal, Size { tokens: 1.0, bytes: 1 }, item);
    }
    lane.close();
    let mut ends = Vec::new();
    while let Some(finished) = lane.next().await.unwrap() {
        ends.push((finished.item, finished.end));
    }
    ends.sort_by_key(|(item, _)| *item);
    ends
}

#[tokio::test(start_paused = true)]
async fn each_item_comes_back_once_with_its_own_output() {
    let callee = Scripted::new(|number, _| (f64::from(number as u32 % 3), Ok(())));
    let mut lane = lane(&callee, 7, 4);
    let ends = all(&mut lane, 100).await;
    let expected: Vec<_> = (0..100).map(|item| (item, End::Done(item * 10))).collect();
    assert_eq!(ends, expected);
    assert_eq!(callee.most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refused_item_is_found_and_its_neighbours_are_done() {
    let callee =
        Scripted::new(|_, batch| (0.1, if batch.contains(&11) { Err("bad") } else { Ok(()) }));
    let mut lane = lane(&callee, 16, 2);
    let ends = all(&mut lane, 32).await;
    assert_eq!(ends.len(), 32);
    for (item, end) in ends {
        let expected = if item == 11 { End::Refused("bad") } else { End::Done(item * 10) };
        assert_eq!(end, expected);
    }
    assert!(callee.calls.load(Ordering::SeqCst) <= 2 + 2 * 4 + 2);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_ten_minutes_loses_nothing() {
    let started = Instant::now();
    let callee = Scripted::new(move |_, _| {
        let away = started.elapsed() < Duration::from_secs(590);
        (0.05, if away { Err("busy") } else { Ok(()) })
    });
    let mut lane = lane(&callee, 4, 8);
    let ends = all(&mut lane, 400).await;
    assert!(ends.iter().all(|(item, end)| *end == End::Done(item * 10)));
    assert_eq!(ends.len(), 400);
    let calls = callee.calls.load(Ordering::SeqCst);
    assert!(calls < 100 + 700, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_ends_is_given_up_and_made_again() {
    let callee = Scripted::new(|number, _| (if number == 0 { 1e6 } else { 0.1 }, Ok(())));
    let mut lane = lane(&callee, 4, 2);
    let ends = all(&mut lane, 40).await;
    assert_eq!(ends.len(), 40);
    assert!(ends.iter().all(|(item, end)| *end == End::Done(item * 10)));
    assert_eq!(callee.now.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_halts_with_what_was_said() {
    let callee = Scripted::new(|_, _| (0.1, Err("key")));
    let mut lane = lane(&callee, 4, 2);
    lane.push(Class::Normal, Size { tokens: 1.0, bytes: 1 }, 1);
    lane.close();
    let halted = lane.next().await.unwrap_err();
    assert_eq!((halted.why, halted.error), (Halt::Parked, Some("key")));
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_calls_in_flight_end_and_nothing_starts() {
    let callee = Scripted::new(|_, _| (5.0, Ok(())));
    let mut lane = lane(&callee, 1, 3);
    for item in 0..10 {
        lane.push(Class::Normal, Size { tokens: 1.0, bytes: 1 }, item);
    }
    let asked = tokio::time::timeout(Duration::from_secs(1), lane.next()).await;
    assert!(asked.is_err(), "nothing is done yet");
    lane.stop();
    let mut done = Vec::new();
    while let Some(finished) = lane.next().await.unwrap() {
        done.push(finished.item);
    }
    done.sort_unstable();
    assert_eq!(done, [0, 1, 2]);
    assert_eq!(callee.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_asking_loses_nothing() {
    let callee = Scripted::new(|_, _| (0.5, Ok(())));
    let mut lane = lane(&callee, 2, 1);
    for item in 0..6 {
        lane.push(Class::Normal, Size { tokens: 1.0, bytes: 1 }, item);
    }
    lane.close();
    let mut done = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(70), lane.next()).await {
            Err(_) => {}
            Ok(Ok(Some(finished))) => done.push(finished.item),
            Ok(Ok(None)) => break,
            Ok(Err(halted)) => panic!("{halted:?}"),
        }
    }
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    assert_eq!(callee.calls.load(Ordering::SeqCst), 3);
}
