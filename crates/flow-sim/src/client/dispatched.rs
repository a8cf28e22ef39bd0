//! The client that runs in production: queue, classes, breaker, retries, timeouts and a policy, in virtual time.

use super::{Call, Client, Step};
use crate::work::{Backlog, Work};
use flow::dispatch::{self, BatchCaps, Dispatcher, Role, Route, Settings, Size, Terms};
use flow::policy::{Outcome, Policy, Reading, Verdict};
use std::collections::BTreeMap;

/// Taken from the pile ahead of sending, so that there is something to choose from while retries wait.
const AHEAD: usize = 8;

/// Drives [`Dispatcher`] with one route. One piece of work is one request: nothing is batched here, so that all
/// clients make the same requests.
#[derive(Debug)]
pub struct Dispatched {
    dispatcher: Dispatcher<Work>,
    /// Under way, by attempt.
    calls: BTreeMap<u64, dispatch::Call<Work>>,
}

impl Dispatched {
    pub fn new(policy: Box<dyn Policy>, seed: u64) -> Self {
        let settings = Settings {
            batch: BatchCaps { items: 1, tokens: f64::INFINITY, bytes: usize::MAX },
            linger: 0.0,
            // Scenarios ask for an answer to everything, however long it takes.
            failures_max: u32::MAX,
            patience: f64::INFINITY,
            seed,
        };
        let route = Route::new(policy, Role::Primary, seed);
        Self { dispatcher: Dispatcher::new(settings, vec![route], None), calls: BTreeMap::new() }
    }

    fn fill(&mut self, now: f64, backlog: &mut Backlog) {
        loop {
            let ahead = self.dispatcher.waiting() >= AHEAD;
            let work = if ahead { backlog.take_urgent(now) } else { backlog.take(now) };
            let Some(work) = work else { return };
            let size = Size { tokens: work.cost.of(quota::Dimension::InputTokens), bytes: 0 };
            self.dispatcher.push(now, Terms { class: work.class, size, deadline: None }, work);
        }
    }
}

impl Client for Dispatched {
    fn next(&mut self, now: f64, backlog: &mut Backlog) -> Step {
        self.fill(now, backlog);
        let new = if self.dispatcher.waiting() >= AHEAD {
            backlog.urgent_at(now)
        } else {
            backlog.next_at(now)
        };
        let call = match self.dispatcher.next_call(now) {
            dispatch::Step::Call(call) => call,
            dispatch::Step::NotBefore(at) => {
                return Step::Idle { until: Some(new.map_or(at, |new| new.min(at))) };
            }
            dispatch::Step::Wait => return Step::Idle { until: new },
            dispatch::Step::Expired(_) => unreachable!("no work has a deadline"),
            dispatch::Step::Halt(halt) => {
                unreachable!("patience has no end, and no budget: {halt:?}")
            }
        };
        let attempt = *call.attempt();
        let timeout = call.timeout;
        let work = *call.items().next().expect("a call carries what it was made for");
        self.calls.insert(attempt.id, call);
        Step::Call(Call { work, attempt, timeout })
    }

    fn on_end(&mut self, now: f64, call: &Call, outcome: &Outcome) {
        let call = self.calls.remove(&call.attempt.id).expect("a call ends once");
        let settled = self.dispatcher.settle(now, call, outcome);
        assert!(
            !matches!(settled, dispatch::Settled::GaveUp(_))
                || outcome.verdict == Verdict::Rejected,
            "nothing is given up"
        );
    }

    fn reading(&self) -> Reading {
        self.dispatcher.readings().next().unwrap_or_default()
    }
}
