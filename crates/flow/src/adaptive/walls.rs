//! What a refusal says.

use super::Adaptive;
use super::RETRY_AFTER_SECS_MAX;
use super::explain::Met;
use super::gate::{Gate, Wall};
use super::ledger::Amounts;
use super::limit::{Limit, Standing};
use super::pace::Refusal;
use super::part::Part;
use super::push;
use super::shape::{Sent, Shape, guard};
use crate::cost::{Cost, RATES};
use crate::policy::Attempt;
use quota::Hint;

/// Calls in a minute, below which finding out where short windows begin costs more refusals than it is worth.
const FEW_CALLS: f64 = 45.0;

/// A log that refuses when it should have had room holds less than it did: canaries when so much of it is free again.
/// The first is for an echo that came late, the middle ones for a limit that was halved.
const LOG_FELL: [f64; 7] = [0.0, 0.0, 0.1, 0.26, 0.51, 0.76, 0.91];

/// Sent with the refused call; later refusals take out of it what was not accepted.
const SAME_SECS: f64 = 1e-9;

/// The call that opened a window of a second is not of the next one, however it is rounded.
const CLOCK_SECS: f64 = 0.002;

/// What was under way at the wall takes what comes in until the refusal is heard.
const REFUSAL_SECS: f64 = 0.1;

/// The gate is closed for this long at least; for longer where all go at once when it opens.
const CLOSED_SECS: f64 = 0.02;
const CLOSED_SECS_FOR_ALL: f64 = 0.25;

/// Waits that the provider tells are believed so often at one wall.
const TOLD_TRIES: u32 = 2;

/// Back-off of canaries where the limit is known: each waits so much longer.
const BACKOFF: f64 = 1.8;

impl Adaptive {
    pub(super) fn refused(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        self.budget.spend();
        self.push.refused_after(now - attempt.sent_at);
        self.ledger.refuse(attempt.sent_at, &attempt.cost);
        for (limit, amount) in self.limits.iter_mut().zip(attempt.cost.0) {
            limit.refund(attempt.sent_at, amount);
            if amount > 0.0 {
                limit.drain(now, attempt.sent_at);
            }
        }
        if matches!(&self.gate, Gate::Canary { id, .. } if *id == attempt.id) {
            return self.canary_refused(now, attempt, hint);
        }
        if self.push.is_extra(attempt.id) {
            return self.push_refused(now, attempt);
        }
        let asking = self
            .limits
            .iter()
            .all(|limit| !limit.binds() || limit.lent > 0.0 || matches!(limit.shape, Shape::Paced));
        if asking && self.push.going() && attempt.sent_at > self.epoch {
            return self.push_refused(now, attempt);
        }
        if self.edge_held(attempt) || attempt.sent_at <= self.epoch {
            return;
        }
        self.epoch = now;
        self.push.rest(now);
        if self.capped(now, attempt, hint) {
            return;
        }
        self.wall(now, attempt, hint);
    }

    fn wall(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        let at = attempt.sent_at;
        self.start.end();
        self.width.interrupted(now);
        self.accuse(now, attempt, hint);
        let mut wall = Wall {
            refused_at: at,
            last_sent: self.ledger.last_sent().unwrap_or(at),
            cost: attempt.cost.0,
            first_sent: self.ledger.first_since(at - 60.0).unwrap_or(at),
            second: Amounts::default(),
            minute: Amounts::default(),
            log_counted: at - 60.0,
            told: told(now, hint),
            canary_refused: None,
            canaries: 0,
        };
        let until = self.next_canary(now, &mut wall, &attempt.cost);
        self.gate = Gate::Closed { until, wall: Box::new(wall) };
    }

    /// What had been accepted before the wall; by the next canary all of its flight has been heard.
    pub(super) fn measure(&self, wall: &mut Wall) {
        let to = wall.refused_at + SAME_SECS;
        wall.second = self.ledger.accepted(wall.refused_at - 1.0, to);
        wall.minute = self.ledger.accepted(wall.refused_at - 60.0, to);
        let refused = self.ledger.refused_since(wall.refused_at);
        wall.log_counted = self.ledger.sent_until(wall.refused_at - 60.0, refused + 1.0);
    }

    /// A limit of a known shape was met where there should have been room.
    pub(super) fn estimate(&mut self, index: usize, wall: &Wall) {
        if self.limits[index].standing == Standing::Told {
            return;
        }
        let at = wall.refused_at;
        let after = self.ledger.accepted(at + SAME_SECS, f64::INFINITY)[index];
        let refusal = self.refusal(index, wall.refused_at, wall.cost[index], Sent::Within);
        let limit = &mut self.limits[index];
        match limit.shape {
            Shape::Unknown => {
                limit.empty_at = at;
                limit.since = after;
            }
            Shape::Paced => {
                limit.empty(refusal, after);
                if let Some(hinted) = limit.hinted.take() {
                    limit.set_rate(hinted);
                }
            }
            _ if limit.hinted.is_some() => {
                let hinted = limit.hinted.take().unwrap_or(limit.rate);
                limit.set_rate(hinted);
            }
            Shape::Log { length } => {
                let held = self.ledger.accepted(at - length, at + SAME_SECS)[index];
                lower(limit, held, length);
            }
            Shape::Fixed(edges) => {
                let held = self.ledger.accepted(edges.begun(at), at + SAME_SECS)[index];
                let trailing = self.ledger.accepted(at - edges.length, at + SAME_SECS)[index];
                let whole = limit.allowance();
                if held < 0.45 * whole || (held < 0.9 * whole && trailing > 0.97 * whole) {
                    limit.shape = Shape::Log { length: edges.length };
                    lower(limit, trailing, edges.length);
                } else {
                    lower(limit, held, edges.length);
                }
            }
        }
    }

    fn canary_refused(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        let Gate::Canary { wall, .. } = &self.gate else { return };
        let mut wall = wall.clone();
        self.epoch = now;
        wall.canary_refused = Some(attempt.sent_at);
        wall.canaries += 1;
        wall.told = told(now, hint);
        let until = self.next_canary(now, &mut wall, &attempt.cost);
        self.gate = Gate::Closed { until, wall };
    }

    /// The canary did not reach the limits: another one, soon.
    pub(super) fn retry_canary(&mut self, now: f64, attempt: &Attempt) {
        if let Gate::Canary { id, wall, .. } = &self.gate
            && *id == attempt.id
        {
            self.gate = Gate::Closed { until: now + 1.0, wall: wall.clone() };
        }
    }

    fn next_canary(&mut self, now: f64, wall: &mut Wall, cost: &Cost) -> f64 {
        self.measure(wall);
        let jitter = 1.0 + 0.02 * self.rng.f64();
        if let Some(told) = wall.told.filter(|_| wall.canaries < TOLD_TRIES) {
            return told;
        }
        let mut until = now;
        let mut unknown = true;
        let tries = f64::from(wall.canaries);
        for index in 0..RATES.len() {
            let limit = &self.limits[index];
            if limit.standing == Standing::Free || cost.0[index] <= 0.0 {
                continue;
            }
            let at = match limit.shape {
                Shape::Unknown => continue,
                _ if limit
                    .shape
                    .length()
                    .is_some_and(|length| length < 60.0 && now - wall.refused_at > length) =>
                {
                    continue;
                }
                Shape::Paced => {
                    let first = (1.2 * cost.0[index] / limit.rate + REFUSAL_SECS).clamp(0.05, 60.0);
                    let wait = first * BACKOFF.powf(tries);
                    if wait > 3.0 * first && wait > 1.3 {
                        continue;
                    }
                    wall.refused_at + wait * jitter
                }
                Shape::Log { length }
                    if length < 60.0 && tries >= 1.0 && wall.minute[0] < FEW_CALLS =>
                {
                    wall.refused_at + length + guard(length) + REFUSAL_SECS
                }
                Shape::Log { length } => {
                    let whole = limit.allowance();
                    let length = length + guard(length);
                    let fell = LOG_FELL.get(wall.canaries as usize).copied().unwrap_or(1.0);
                    self.ledger.mark(index, wall.refused_at - length);
                    let freed = (fell * whole).max(cost.0[index] * (1.0 + 3.0 * tries));
                    self.ledger.freed_at(index, freed, length).unwrap_or(now + 0.25 * length)
                }
                Shape::Fixed(edges)
                    if wall.held(&self.ledger, index, edges) < 0.9 * limit.allowance()
                        && wall.canaries < 8 =>
                {
                    continue;
                }
                Shape::Fixed(edges) if wall.canaries == 0 => edges.next(now),
                Shape::Fixed(edges) => now + 0.25 * edges.length,
            };
            unknown = false;
            until = until.max(at);
        }
        if unknown {
            let extra = EXTRA_SHARE.mul_add(wall.minute[0].min(MINUTE_CALLS_MAX), 0.0);
            until = wall.next_experiment(now, extra);
        }
        until.max(now + if self.has(Part::Canary) { CLOSED_SECS } else { CLOSED_SECS_FOR_ALL })
    }

    fn push_refused(&mut self, now: f64, attempt: &Attempt) {
        let all = [true; RATES.len()];
        let beyond = self.push.beyond(attempt.id).unwrap_or(all);
        self.push.rest(now);
        if attempt.sent_at <= self.epoch {
            return;
        }
        self.epoch = now;
        if self.capped(now, attempt, &Hint::default()) {
            return;
        }
        self.convict(now, attempt, beyond);
        let mut changed = false;
        for index in 0..RATES.len() {
            if !self.limits[index].binds() || attempt.cost.0[index] <= 0.0 {
                continue;
            }
            let after = self.ledger.accepted(attempt.sent_at + SAME_SECS, f64::INFINITY)[index];
            let refusal = self.refusal(index, attempt.sent_at, attempt.cost.0[index], Sent::Beyond);
            let limit = &mut self.limits[index];
            limit.maybe_fixed = None;
            if matches!(limit.shape, Shape::Paced) {
                changed |= limit.empty(refusal, after);
                if let Some(hinted) = limit.hinted.take() {
                    limit.set_rate(hinted);
                }
            } else {
                limit.sure = true;
            }
        }
        self.review(Met { at: attempt.sent_at, shut: attempt.sent_at, open: None });
        let calls = self.calls_per_sec();
        let sure = self.limits.iter().all(|limit| !limit.binds() || limit.sure);
        let rest = if sure && !changed {
            push::interval(calls)
        } else {
            (push::SEGMENT_CALLS / calls).clamp(1.0, 30.0)
        };
        self.push.rest(now + rest);
    }

    fn refusal(&self, dimension: usize, at: f64, cost: f64, sent: Sent) -> Refusal {
        let accepted =
            |secs: f64| self.ledger.accepted(at - secs + CLOCK_SECS, at + SAME_SECS)[dimension];
        Refusal { at, cost, second: accepted(1.0), ten: accepted(10.0), sent }
    }

    /// How many calls per second the limits allow.
    pub(super) fn calls_per_sec(&self) -> f64 {
        let rates = self.limits.iter().filter(|limit| limit.binds() && limit.unit > 0.0);
        rates.map(|limit| limit.rate / limit.unit).fold(f64::INFINITY, f64::min).min(1e6)
    }
}

/// Of what was accepted in the minute before the first wall, so many canaries may be refused to find out where
/// windows begin.
const EXTRA_SHARE: f64 = 0.005;
const MINUTE_CALLS_MAX: f64 = 2000.0;

fn told(now: f64, hint: &Hint) -> Option<f64> {
    let wait = hint.retry_after.filter(|wait| wait.is_finite() && *wait >= 0.0)?;
    Some(now + wait.min(RETRY_AFTER_SECS_MAX) + 0.005)
}

/// A window held less than was believed.
fn lower(limit: &mut Limit, held: f64, length: f64) {
    let held = held.max(limit.unit);
    if held < limit.allowance() {
        limit.set_rate(held / length);
    }
}
