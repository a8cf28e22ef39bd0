//! One limit group: what a provider counts together.
//!
//! Several keys of one group share a route; another group, another server or a standby is another route.

use super::CutShort;
use crate::breaker::Breaker;
use crate::cost::Cost;
use crate::policy::{Admission, Attempt, Changes, Outcome, Policy, Verdict};
use crate::retry::{Retries, Retry};
use crate::timeout::{self, Timeouts};

/// When a route is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Primary,
    /// Only while no primary route can be used at all.
    Standby,
}

/// A limit group with the states that belong to it.
#[derive(Debug)]
pub struct Route {
    policy: Box<dyn Policy>,
    breaker: Breaker,
    pub(super) retries: Retries,
    timeouts: Timeouts,
    pub(super) role: Role,
    pub(super) in_flight: usize,
    last_sent: f64,
    parked: Option<Parked>,
    /// Asked and refused: not asked again before, unless something ends or less is wanted.
    refused: Option<Refused>,
    /// After others' results a refusal does not stand any more.
    changes: Option<Changes>,
    pub(super) last_answer: Option<f64>,
    /// Since when calls fail without any answer between them.
    failing_since: Option<f64>,
    /// Of attempts, smoothed; seconds.
    latency: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parked {
    at: f64,
    /// None: nobody knows.
    pub until: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    until: f64,
    cost: Cost,
}

/// Seconds of failures without an answer after which a standby takes over.
const OUT_AFTER: f64 = 10.0;

/// Seconds after which a route that fails gets one call again while a standby does its work.
const LOOK_AGAIN: f64 = 30.0;

/// Weight of the newest attempt in the smoothed latency.
const LATENCY_WEIGHT: f64 = 0.1;

impl Route {
    pub fn new(policy: Box<dyn Policy>, role: Role, seed: u64) -> Self {
        Self {
            changes: policy.changes(),
            policy,
            breaker: Breaker::new(seed),
            retries: Retries::new(seed),
            timeouts: Timeouts::new(timeout::FLOOR, timeout::CAP),
            role,
            in_flight: 0,
            last_sent: f64::NEG_INFINITY,
            parked: None,
            refused: None,
            last_answer: None,
            failing_since: None,
            latency: None,
        }
    }

    /// Calls may take up to `secs` seconds, instead of [`timeout::CAP`].
    #[must_use]
    pub fn with_timeout_cap(mut self, secs: f64) -> Self {
        self.timeouts = Timeouts::new(timeout::FLOOR.min(secs), secs);
        self
    }

    pub(super) fn reading(&self) -> crate::policy::Reading {
        self.policy.reading()
    }

    pub(super) fn parked(&self, now: f64) -> Option<Parked> {
        self.parked.filter(|parked| parked.until.is_none_or(|until| now < until))
    }

    /// Nothing can be had from this route for now.
    ///
    /// One that fails is looked at again now and then, or it would never be known that it is back.
    pub(super) fn is_out(&self, now: f64) -> bool {
        let failing = self.failing_since.is_some_and(|since| now - since > OUT_AFTER);
        self.parked(now).is_some() || (failing && now - self.last_sent < LOOK_AGAIN)
    }

    /// Seconds that a call of this cost may take.
    pub(super) fn timeout(&self, now: f64, cost: &Cost) -> f64 {
        self.timeouts.limit(now, size(cost))
    }

    /// Expected time until an answer, for the choice between routes.
    pub(super) fn load(&self) -> f64 {
        self.latency.unwrap_or(0.0) * (self.in_flight + 1) as f64
    }

    /// The layers of a call, outermost first: parking, breaker, then rate and concurrency as the policy holds them.
    pub(super) fn admit(&mut self, now: f64, cost: &Cost) -> Admission {
        if let Some(parked) = self.parked(now) {
            return parked.until.map_or(Admission::Wait, Admission::NotBefore);
        }
        if self.has_changed() {
            self.refused = None;
        }
        if let Some(refused) = self.refused
            && now < refused.until
            && !smaller(cost, &refused.cost)
        {
            return later(refused.until);
        }
        let admission = match self.breaker.admit(now) {
            Err(at) => Admission::NotBefore(at),
            Ok(()) => self.policy.can_send(now, cost, self.in_flight),
        };
        self.refused = match admission {
            Admission::Send => None,
            Admission::NotBefore(until) => Some(Refused { until, cost: *cost }),
            Admission::Wait => Some(Refused { until: f64::INFINITY, cost: *cost }),
        };
        admission
    }

    pub(super) fn changes(&self) -> Option<Changes> {
        self.changes.clone()
    }

    fn has_changed(&mut self) -> bool {
        let Some(changes) = &mut self.changes else { return false };
        // The policy holds the sender, so that asking cannot fail.
        let has = changes.has_changed().unwrap_or(false);
        changes.mark_unchanged();
        has
    }

    pub(super) fn sent(&mut self, now: f64, id: u64, cost: Cost) -> Attempt {
        self.in_flight += 1;
        self.last_sent = now;
        self.breaker.on_sent(now);
        let attempt = Attempt { id, sent_at: now, cost, in_flight: self.in_flight };
        self.policy.on_sent(&attempt);
        attempt
    }

    /// `tried`: of the call, what it was before this attempt.
    pub(super) fn ended(
        &mut self,
        now: f64,
        attempt: &Attempt,
        outcome: &Outcome,
        tried: Tried,
    ) -> Retry {
        self.in_flight -= 1;
        self.refused = None;
        self.policy.on_result(now, attempt, outcome);
        // A call that nobody could wait for says nothing of the provider.
        let gave_up = outcome.verdict == Verdict::TimedOut && tried.cut_short == CutShort::Yes;
        let seen = if gave_up { Verdict::Throttled } else { outcome.verdict };
        self.breaker.on_result(now, seen);
        match seen {
            Verdict::Answered => {
                self.answered(now);
                // What was sent before says nothing of a key that was refused since.
                if self.parked.is_some_and(|parked| attempt.sent_at >= parked.at) {
                    self.parked = None;
                }
                self.retries.on_success(now, tried.paid);
                let took = now - attempt.sent_at;
                self.timeouts.on_answer(now, size(&attempt.cost), took);
                if let Some(p99) = self.timeouts.p99() {
                    self.breaker.set_p99(p99);
                }
                let latency = self.latency.unwrap_or(took);
                self.latency = Some(latency + LATENCY_WEIGHT * (took - latency));
            }
            Verdict::Rejected => self.answered(now),
            Verdict::TimedOut => {
                let took = now - attempt.sent_at;
                self.timeouts.on_timeout(now, size(&attempt.cost), took);
                self.failing_since.get_or_insert(now);
            }
            Verdict::Failed | Verdict::Overloaded => {
                self.failing_since.get_or_insert(now);
            }
            Verdict::Throttled | Verdict::Parked => {}
        }
        let retry = self.retries.after(now, outcome, tried.failures);
        if let Retry::Park { until } = retry {
            self.parked = Some(Parked { at: now, until });
        }
        retry
    }

    fn answered(&mut self, now: f64) {
        self.last_answer = Some(now);
        self.failing_since = None;
    }
}

/// How it went with a call so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tried {
    /// Attempts that failed, not counting those that met a limit.
    pub failures: u32,
    /// Price of its last retry.
    pub paid: f64,
    /// This attempt.
    pub cut_short: CutShort,
}

/// What a call's duration depends on.
fn size(cost: &Cost) -> f64 {
    cost.of(quota::Dimension::InputTokens)
}

fn smaller(cost: &Cost, than: &Cost) -> bool {
    cost.0.iter().zip(than.0).any(|(a, b)| *a < b)
}

fn later(until: f64) -> Admission {
    if until.is_finite() { Admission::NotBefore(until) } else { Admission::Wait }
}
