//! The adaptive limiter: finds the limits of a provider that may not tell them, and holds to them.
//!
//! Three ideas carry it. At a wall the limit is measurable, not guessable: what was accepted until the first
//! refusal is the limit, once the time when capacity comes back has shown how it is counted. After a refusal
//! nobody sends but a canary, at the times when one of the explanations that are left says that there is room.
//! And asking for more is an experiment of one call, with a price: refusals are a budget.

mod admission;
mod attribution;
mod bucket;
mod budget;
mod edges;
mod explain;
mod gain;
mod gate;
mod ledger;
mod limit;
mod pace;
mod part;
mod push;
mod reopen;
mod review;
mod shape;
mod slots;
mod start;
mod told;
mod walls;
mod width;

use crate::cost::{Cost, RATES};
use crate::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};
use admission::Pass;
use budget::Budget;
use explain::Met;
use gate::Gate;
use ledger::Ledger;
use limit::Limit;
pub use part::Part;
use push::{By, Push};
use quota::Hint;
use shape::Sent;
use slots::Slots;
use start::Start;
use told::Told;
use width::Width;

/// What a user may know better than refusals can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Units per minute that must not be exceeded, in the order of [`RATES`]; none: find out.
    pub per_minute: [Option<f64>; RATES.len()],
    /// Calls at once, at most.
    pub in_flight_max: usize,
    /// Calls at once, to begin with.
    pub in_flight_start: usize,
}

impl Default for Bounds {
    /// Nothing known. Eight calls at once start fast and are few enough for a local model.
    fn default() -> Self {
        Self { per_minute: [None; RATES.len()], in_flight_max: 1000, in_flight_start: 8 }
    }
}

/// Limiter of one limit group.
#[derive(Debug)]
pub struct Adaptive {
    limits: [Limit; RATES.len()],
    told: [Told; RATES.len()],
    ledger: Ledger,
    gate: Gate,
    push: Push,
    start: Start,
    width: Width,
    slots: Slots,
    budget: Budget,
    pass: Pass,
    /// The last refusals, each once however many calls it hit.
    met: Vec<Met>,
    /// Refusals of calls sent until then belong to a wall that is known.
    epoch: f64,
    /// The server asked for a pause.
    held_until: f64,
    parked: Option<Parked>,
    rng: fastrand::Rng,
    without: Option<Part>,
}

/// The credential is of no use for now.
#[derive(Debug, Clone, Copy)]
struct Parked {
    since: f64,
    until: f64,
    wait: f64,
}

/// A parked key is asked once a minute at first, and less often the longer it lasts.
const PARKED_SECS: f64 = 60.0;
const PARKED_SECS_MAX: f64 = 3600.0;

/// Longer waits are not about limits per minute.
const RETRY_AFTER_SECS_MAX: f64 = 3600.0;

impl Adaptive {
    /// `seed` decides the jitter of canaries, nothing else.
    pub fn new(bounds: Bounds, seed: u64) -> Self {
        let mut limits = [0, 1, 2, 3].map(Limit::new);
        for (limit, known) in limits.iter_mut().zip(bounds.per_minute) {
            limit.bound(known);
        }
        Self {
            limits,
            told: Default::default(),
            ledger: Ledger::default(),
            gate: Gate::Open,
            push: Push::new(),
            start: Start::new(),
            width: Width::new(bounds.in_flight_start, bounds.in_flight_max),
            slots: Slots::new(),
            budget: Budget::new(),
            pass: Pass::Normal,
            met: Vec::new(),
            epoch: f64::NEG_INFINITY,
            held_until: f64::NEG_INFINITY,
            parked: None,
            rng: fastrand::Rng::with_seed(seed),
            without: None,
        }
    }

    fn answered(&mut self, now: f64, attempt: &Attempt) {
        self.budget.earn();
        self.start.succeeded(now - attempt.sent_at);
        self.width.sample(now, now - attempt.sent_at, attempt.in_flight);
        if self.parked.is_some_and(|parked| attempt.sent_at > parked.since) {
            self.parked = None;
        }
    }

    /// The limits have let the call through, whatever became of it then.
    fn admitted(&mut self, now: f64, attempt: &Attempt) {
        self.slots.accepted(now, attempt.in_flight);
        self.exonerate(now, attempt);
        match &self.gate {
            Gate::Canary { id, .. } if *id == attempt.id => self.reopen(now),
            _ if self.push.is_extra(attempt.id) => self.gain(now, attempt, By::Answer),
            _ => self.edge_passed(attempt),
        }
    }

    fn hear(&mut self, attempt: &Attempt, hint: &Hint) {
        for (index, dimension) in RATES.into_iter().enumerate() {
            if let Some(level) = hint.level(dimension) {
                let limit = &mut self.limits[index];
                self.told[index].hear(attempt, level, limit, &mut self.ledger);
            }
        }
    }

    fn hear_refusal(&mut self, hint: &Hint) {
        for (index, dimension) in RATES.into_iter().enumerate() {
            if let Some(level) = hint.level(dimension) {
                Told::refused(level, &mut self.limits[index]);
            }
        }
    }

    fn overloaded(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        self.width.overloaded(now);
        self.push.forget(attempt.id);
        self.push.rest(now + push::OVERLOAD_SECS);
        if let Some(wait) = hint.retry_after.filter(|wait| wait.is_finite()) {
            self.held_until = self.held_until.max(now + wait.clamp(0.0, RETRY_AFTER_SECS_MAX));
        }
    }

    fn park(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        if self.parked.is_some_and(|parked| attempt.sent_at <= parked.since) {
            return;
        }
        let wait =
            self.parked.map_or(PARKED_SECS, |parked| (parked.wait * 2.0).min(PARKED_SECS_MAX));
        let day = hint.level(quota::Dimension::Day).and_then(|level| level.reset_after);
        let told = [hint.retry_after, day].into_iter().flatten().filter(|wait| wait.is_finite());
        let told = told.fold(0.0, f64::max).min(86_400.0);
        self.parked = Some(Parked { since: now, until: now + told.max(wait), wait });
    }

    /// The provider has not counted the call, or has counted something else.
    fn settle(&mut self, now: f64, attempt: &Attempt, actual: &Cost) {
        let mut change = [0.0; RATES.len()];
        for (index, change) in change.iter_mut().enumerate() {
            let actual = actual.0[index];
            if actual.is_finite() && actual >= 0.0 {
                *change = actual - attempt.cost.0[index];
                self.limits[index].settle(now, *change);
            }
        }
        self.ledger.adjust(attempt.sent_at, &change);
    }
}

impl Policy for Adaptive {
    fn can_send(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Admission {
        self.admission(now, cost, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        let now = attempt.sent_at;
        self.ledger.push(now, &attempt.cost);
        let sent = match self.pass {
            Pass::Extra { .. } => Sent::Beyond,
            _ => Sent::Within,
        };
        for (limit, amount) in self.limits.iter_mut().zip(attempt.cost.0) {
            limit.charge(now, amount);
            limit.keep_pace(now, amount, sent, &self.ledger);
        }
        self.start.sent(now);
        self.boost(now);
        self.commit(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        match outcome.verdict {
            Verdict::Answered => {
                self.hear(attempt, &outcome.hint);
                if let Some(usage) = &outcome.usage {
                    self.settle(now, attempt, usage);
                }
                self.answered(now, attempt);
                self.admitted(now, attempt);
            }
            Verdict::Failed => {
                self.hear(attempt, &outcome.hint);
                self.admitted(now, attempt);
            }
            Verdict::TimedOut => {
                self.width.timed_out(now);
                self.admitted(now, attempt);
            }
            Verdict::Rejected => {
                self.settle(now, attempt, &Cost::default());
                self.admitted(now, attempt);
            }
            Verdict::Throttled if outcome.hint.overloaded => {
                self.overloaded(now, attempt, &outcome.hint);
                self.retry_canary(now, attempt);
            }
            Verdict::Throttled => {
                self.hear_refusal(&outcome.hint);
                self.refused(now, attempt, &outcome.hint);
            }
            Verdict::Overloaded => {
                self.overloaded(now, attempt, &outcome.hint);
                self.retry_canary(now, attempt);
            }
            Verdict::Parked => {
                self.park(now, attempt, &outcome.hint);
                self.retry_canary(now, attempt);
            }
        }
    }

    fn reading(&self) -> Reading {
        let mut rates = [None; RATES.len()];
        for (rate, limit) in rates.iter_mut().zip(&self.limits) {
            *rate = limit.binds().then_some(limit.rate);
        }
        let closed = match &self.gate {
            Gate::Closed { until, .. } => Some(*until),
            _ => None,
        };
        let parked = self.parked.map(|parked| parked.until);
        Reading {
            rates,
            in_flight: Some(
                self.slots
                    .cap()
                    .map_or(self.width.limit(), |cap| self.width.limit().min(cap as f64)),
            ),
            closed_until: [closed, parked].into_iter().flatten().max_by(f64::total_cmp),
        }
    }
}

#[cfg(test)]
mod tests;
