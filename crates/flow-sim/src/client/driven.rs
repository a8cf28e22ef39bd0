//! A client that asks a policy before every call.

use super::{Call, Client, Step};
use crate::work::{Backlog, Work};
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};
use std::collections::VecDeque;

/// Queue, retries and a policy: refused work goes back to the head of the queue at once, since waiting is the
/// policy's part; failed work after a delay.
#[derive(Debug)]
pub struct Driven {
    policy: Box<dyn Policy>,
    /// Refused or due again; sent before anything new.
    ready: VecDeque<Work>,
    /// Failed: when to try again. Few, so searched.
    delayed: Vec<(f64, Work)>,
    in_flight: usize,
    attempts: u64,
    rng: fastrand::Rng,
}

impl Driven {
    pub fn new(policy: Box<dyn Policy>, seed: u64) -> Self {
        Self {
            policy,
            ready: VecDeque::new(),
            delayed: Vec::new(),
            in_flight: 0,
            attempts: 0,
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    fn due(&mut self, now: f64) {
        self.delayed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let due = self.delayed.partition_point(|(at, _)| *at <= now);
        for (_, work) in self.delayed.drain(..due).rev() {
            self.ready.push_front(work);
        }
    }

    /// Equal jitter, so that no retry comes at once: base 0.1 s for failures, 1 s where the server is short of room.
    fn delay(&mut self, failures: u32, outcome: &Outcome) -> f64 {
        let (base, longest) =
            if outcome.verdict == Verdict::Overloaded { (1.0, 20.0) } else { (0.1, 8.0) };
        let full = f64::min(base * 2.0_f64.powi(failures.min(16) as i32), longest);
        outcome.hint.retry_after.unwrap_or(full * (0.5 + 0.5 * self.rng.f64()))
    }
}

impl Client for Driven {
    fn next(&mut self, now: f64, backlog: &mut Backlog) -> Step {
        self.due(now);
        if self.ready.is_empty() {
            self.ready.extend(backlog.take(now));
        }
        let retry = self.delayed.first().map(|(at, _)| *at);
        let Some(work) = self.ready.front().copied() else {
            let until = [retry, backlog.next_at(now)].into_iter().flatten().min_by(f64::total_cmp);
            return Step::Idle { until };
        };
        match self.policy.can_send(now, &work.cost, self.in_flight) {
            Admission::Send => {}
            Admission::NotBefore(at) => {
                return Step::Idle { until: Some(retry.map_or(at, |retry| retry.min(at))) };
            }
            Admission::Wait => return Step::Idle { until: retry },
        }
        self.ready.pop_front();
        self.in_flight += 1;
        self.attempts += 1;
        let attempt =
            Attempt { id: self.attempts, sent_at: now, cost: work.cost, in_flight: self.in_flight };
        self.policy.on_sent(&attempt);
        Step::Call(Call { work, attempt, timeout: f64::INFINITY })
    }

    fn on_end(&mut self, now: f64, call: &Call, outcome: &Outcome) {
        self.in_flight -= 1;
        self.policy.on_result(now, &call.attempt, outcome);
        match outcome.verdict {
            Verdict::Answered | Verdict::Rejected => {}
            Verdict::Throttled | Verdict::Parked => self.ready.push_front(call.work),
            Verdict::Overloaded | Verdict::Failed | Verdict::TimedOut => {
                let at = now + self.delay(call.work.failures, outcome);
                self.delayed.push((at, Work { failures: call.work.failures + 1, ..call.work }));
            }
        }
    }

    fn reading(&self) -> Reading {
        self.policy.reading()
    }
}
