//! A callee with its line in front: items go in, each comes out once, with what became of it.
//!
//! The driver of a [`Dispatcher`] under tokio. It owns the calls in flight; dropping it gives them up.

#[cfg(test)]
mod tests;

use crate::cost::Cost;
use crate::dispatch::{Call, Counts, Dispatcher, Halt, Settled, Size, Step, Terms};
use crate::fair::Class;
use crate::policy::{Changes, Outcome, Reading, Verdict};
use futures_util::stream::{FuturesUnordered, StreamExt};
use quota::Hint;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One box per call: invisible beside a round trip.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is called: one attempt per call, no retries, no waiting for limits.
pub trait Callee: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Output: Send + 'static;
    type Error: Send + 'static;

    /// One call over the route of this index, all or nothing. Dropping the future gives it up.
    fn call<'a>(
        &'a self,
        route: usize,
        items: &'a [&'a Self::Item],
    ) -> BoxFuture<'a, Result<Reply<Self::Output>, Self::Error>>;

    /// What an error means for flow control.
    fn judge(&self, error: &Self::Error) -> Outcome;

    /// The call took longer than `limit`.
    fn timed_out(&self, limit: Duration) -> Self::Error;

    /// The reply held `got` outputs for `wanted` items.
    fn miscounted(&self, got: usize, wanted: usize) -> Self::Error;
}

/// A call's answer.
#[derive(Debug)]
pub struct Reply<O> {
    /// One per item, in their order.
    pub outputs: Vec<O>,
    /// What the reply said of limits.
    pub hint: Hint,
    /// What the provider charges, where it says so.
    pub usage: Option<Cost>,
}

/// What became of an item.
#[derive(Debug, PartialEq)]
pub enum End<O, E> {
    Done(O),
    /// This item is what cannot be done.
    Refused(E),
    /// Its deadline passed before it was sent.
    Expired,
}

/// An item back with its end.
pub struct Finished<C: Callee> {
    pub item: C::Item,
    pub end: End<C::Output, C::Error>,
    /// Seconds that its call took, and how many items it held; told with the first item of a call.
    pub took: Option<(f64, usize)>,
}

impl<C: Callee> std::fmt::Debug for Finished<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finished").field("took", &self.took).finish_non_exhaustive()
    }
}

/// Nothing more can be sent.
#[derive(Debug)]
pub struct Halted<E> {
    pub why: Halt,
    /// What the callee said last.
    pub error: Option<E>,
}

/// A call's end, as it came.
struct Ended<C: Callee> {
    call: Call<C::Item>,
    result: Result<Reply<C::Output>, C::Error>,
    /// Set where the error is our own.
    outcome: Option<Outcome>,
    at: Instant,
}

/// Needs a runtime with time. Everything is in here: a caller that stops asking stops the calls.
pub struct Lane<C: Callee> {
    dispatcher: Dispatcher<C::Item>,
    callee: Arc<C>,
    calls: FuturesUnordered<BoxFuture<'static, Ended<C>>>,
    finished: VecDeque<Finished<C>>,
    last_error: Option<C::Error>,
    started: Instant,
    /// The latest time that the dispatcher was told.
    latest: f64,
    closed: bool,
    stopped: bool,
    /// What others do to the same limits.
    changes: Vec<Changes>,
}

impl<C: Callee> std::fmt::Debug for Lane<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("in_flight", &self.calls.len()).finish_non_exhaustive()
    }
}

impl<C: Callee> Lane<C> {
    pub fn new(dispatcher: Dispatcher<C::Item>, callee: Arc<C>) -> Self {
        Self {
            changes: dispatcher.changes(),
            dispatcher,
            callee,
            calls: FuturesUnordered::new(),
            finished: VecDeque::new(),
            last_error: None,
            started: Instant::now(),
            latest: 0.0,
            closed: false,
            stopped: false,
        }
    }

    /// Hands in an item. Never waits: the caller bounds what it hands in, see [`Lane::waiting`].
    pub fn push(&mut self, class: Class, size: Size, item: C::Item) {
        let now = self.now();
        self.dispatcher.push(now, Terms { class, size, deadline: None }, item);
    }

    /// As [`Lane::push`], but an item that is not sent within this time comes back as [`End::Expired`].
    pub fn push_within(&mut self, terms: (Class, Size), within: Duration, item: C::Item) {
        let now = self.now();
        let deadline = Some(now + within.as_secs_f64());
        self.dispatcher.push(now, Terms { class: terms.0, size: terms.1, deadline }, item);
    }

    /// Nothing more comes.
    pub fn close(&mut self) {
        self.closed = true;
        self.dispatcher.close();
    }

    /// Starts nothing more: the lane ends when the calls in flight have ended, and drops what waits.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Items in line, not in flight; a call to be made again counts as one.
    pub fn waiting(&self) -> usize {
        self.dispatcher.waiting()
    }

    /// The items in line, after the lane was stopped or has halted: they will not be sent.
    pub fn take_waiting(&mut self) -> Vec<C::Item> {
        self.dispatcher.take_waiting()
    }

    pub fn in_flight(&self) -> usize {
        self.dispatcher.in_flight()
    }

    pub fn counts(&self) -> Counts {
        self.dispatcher.counts()
    }

    pub fn readings(&self) -> impl Iterator<Item = Reading> {
        self.dispatcher.readings()
    }

    /// Makes calls until an item is finished; `None` when all are and the lane is closed. Waits for ever when
    /// there is nothing to do and the lane is open. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Finished<C>>, Halted<C::Error>> {
        loop {
            if let Some(finished) = self.finished.pop_front() {
                return Ok(Some(finished));
            }
            if self.stopped && self.calls.is_empty() {
                return Ok(None);
            }
            let wake = match self.start_calls() {
                Wake::Finished => continue,
                Wake::At(at) => at,
                Wake::Halted(why) => {
                    return Err(Halted { why, error: self.last_error.take() });
                }
            };
            if self.closed && self.dispatcher.is_idle() {
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some(ended) = self.calls.next(), if !self.calls.is_empty() => self.settle(ended),
                () = until(self.started, wake) => {}
                () = changed(&mut self.changes) => {}
            }
        }
    }

    /// Seconds of the lane's clock, which never goes back.
    fn now(&mut self) -> f64 {
        self.latest = self.latest.max(self.started.elapsed().as_secs_f64());
        self.latest
    }

    fn start_calls(&mut self) -> Wake {
        if self.stopped {
            return Wake::At(None);
        }
        loop {
            let now = self.now();
            match self.dispatcher.next_call(now) {
                Step::Call(call) => self.calls.push(Box::pin(run(Arc::clone(&self.callee), call))),
                Step::Expired(item) => {
                    self.finished.push_back(Finished { item, end: End::Expired, took: None });
                    return Wake::Finished;
                }
                Step::NotBefore(at) => return Wake::At(Some(at)),
                Step::Wait => return Wake::At(None),
                Step::Halt(why) => return Wake::Halted(why),
            }
        }
    }

    fn settle(&mut self, ended: Ended<C>) {
        let Ended { call, result, outcome, at } = ended;
        // As long as the call took, however late it is looked at; but time never goes back.
        let now = at.duration_since(self.started).as_secs_f64().max(self.latest);
        self.latest = now;
        let took = Some((now - call.attempt().sent_at, call.items().len()));
        match result {
            Ok(Reply { outputs, hint, usage }) => {
                let outcome = Outcome { verdict: Verdict::Answered, hint, usage };
                if let Settled::Answered(items) = self.dispatcher.settle(now, call, &outcome) {
                    let ends = items.into_iter().zip(outputs).enumerate();
                    self.finished.extend(ends.map(|(index, (item, output))| {
                        let took = took.filter(|_| index == 0);
                        Finished { item, end: End::Done(output), took }
                    }));
                }
            }
            Err(error) => {
                let outcome = outcome.unwrap_or_else(|| self.callee.judge(&error));
                match self.dispatcher.settle(now, call, &outcome) {
                    Settled::GaveUp(item) => {
                        self.finished.push_back(Finished { item, end: End::Refused(error), took });
                    }
                    _ => self.last_error = Some(error),
                }
            }
        }
    }
}

enum Wake {
    Finished,
    At(Option<f64>),
    Halted(Halt),
}

/// The innermost layers: the timeout measures the call alone.
async fn run<C: Callee>(callee: Arc<C>, call: Call<C::Item>) -> Ended<C> {
    let limit = Duration::try_from_secs_f64(call.timeout).unwrap_or(Duration::MAX);
    let items: Vec<&C::Item> = call.items().collect();
    let wanted = items.len();
    let result = tokio::time::timeout(limit, callee.call(call.route, &items)).await;
    drop(items);
    let at = Instant::now();
    let ours = |verdict| Some(Outcome::plain(verdict));
    match result {
        Err(_) => {
            let result = Err(callee.timed_out(limit));
            Ended { call, result, outcome: ours(Verdict::TimedOut), at }
        }
        Ok(Ok(reply)) if reply.outputs.len() != wanted => {
            let result = Err(callee.miscounted(reply.outputs.len(), wanted));
            Ended { call, result, outcome: ours(Verdict::Failed), at }
        }
        Ok(result) => Ended { call, result, outcome: None, at },
    }
}

/// Returns when somebody else's result may have made room.
async fn changed(changes: &mut [Changes]) {
    if changes.is_empty() {
        return std::future::pending().await;
    }
    let any = changes.iter_mut().map(|changes| Box::pin(changes.changed()));
    // Who sends is held by the routes of this lane.
    let (Ok(()) | Err(_)) = futures_util::future::select_all(any).await.0;
}

async fn until(started: Instant, at: Option<f64>) {
    let Some(at) = at.and_then(|at| Duration::try_from_secs_f64(at).ok()) else {
        return std::future::pending().await;
    };
    let deadline = started + at;
    // `sleep_until` is tokio's timer itself; there is no work that this stands for.
    tokio::time::sleep_until(deadline).await;
}
