//! Limits that the provider tells with each reply.

use super::edges::Edges;
use super::ledger::Ledger;
use super::limit::{Limit, Standing};
use super::shape::Shape;
use crate::policy::Attempt;
use quota::Level;

/// A limit that is so many times another one must be told twice: some gateways send another group's headers.
const JUMP: f64 = 4.0;

/// Lengths of windows that providers use, seconds.
const LENGTHS: [f64; 3] = [1.0, 10.0, 60.0];

/// A reset may be off by this share of what an explanation predicts.
const OFF: f64 = 0.25;

/// Votes that an explanation can have: so many contrary replies turn it.
const VOTES_MAX: i32 = 8;
const VOTES_MIN: i32 = 3;

/// What the replies have said of one dimension.
#[derive(Debug, Default)]
pub(super) struct Told {
    limit: Option<f64>,
    doubted: Option<f64>,
    sent_at: f64,
    /// What the call cost that the reply is to.
    own: f64,
    /// The most that was ever left, the call's own cost included: a bucket of a second tells a limit of a minute.
    most: f64,
    reset_at: Option<f64>,
    fixed: i32,
    log: i32,
}

impl Told {
    /// Takes over what the reply to a call says.
    pub(super) fn hear(
        &mut self,
        attempt: &Attempt,
        level: &Level,
        limit: &mut Limit,
        ledger: &mut Ledger,
    ) {
        let Some((per_minute, remaining)) = sane(level) else { return };
        let sent_at = attempt.sent_at;
        if sent_at < self.sent_at || !self.believes(per_minute) {
            return;
        }
        if self.limit.is_some_and(|old| (old - per_minute).abs() > 1e-9 * old) {
            self.most = 0.0;
        }
        self.limit = Some(per_minute);
        self.most = self.most.max(remaining + attempt.cost.0[limit.dimension]);
        if let Some(reset) = level.reset_after.filter(|reset| (0.0..=3600.0).contains(reset)) {
            let spent = ledger.accepted(self.sent_at + 1e-9, sent_at + 1e-9)[limit.dimension];
            let rate = per_minute / 60.0;
            let used = (self.most - remaining).max(0.0);
            self.weigh(sent_at, reset, spent / rate, used / rate);
        }
        self.sent_at = sent_at;
        self.own = attempt.cost.0[limit.dimension];
        self.apply(per_minute, remaining, limit, ledger);
    }

    /// A refusal told the limit; without headers on every reply that is all that can be relied on.
    pub(super) fn refused(level: &Level, limit: &mut Limit) {
        if let Some((per_minute, _)) = sane(level) {
            limit.hinted = Some(per_minute / 60.0);
        }
    }

    fn believes(&mut self, per_minute: f64) -> bool {
        let Some(old) = self.limit else { return true };
        let jump = per_minute > JUMP * old || per_minute * JUMP < old;
        if jump && self.doubted != Some(per_minute) {
            self.doubted = Some(per_minute);
            return false;
        }
        self.doubted = None;
        true
    }

    /// A reset that stays where it is although calls were sent is the end of a window; one that is a whole length
    /// away although little is used is a log's; a bucket's moves on by what each call costs.
    ///
    /// `spent` since the reply before, and `bucket`, all that is used: as seconds of the limit's rate.
    fn weigh(&mut self, sent_at: f64, reset: f64, spent: f64, bucket: f64) {
        let at = sent_at + reset;
        let before = self.reset_at.replace(at);
        let whole = LENGTHS.iter().any(|length| (reset - length).abs() < 2e-3);
        if whole && (reset - bucket).abs() > OFF * reset {
            self.log = (self.log + 1).min(VOTES_MAX);
            self.fixed = (self.fixed - 1).max(0);
        } else if (reset - bucket).abs() < 0.5 * OFF * reset && !whole {
            self.log = (self.log - 1).max(0);
        }
        let (Some(before), true) = (before, spent > 0.02) else { return };
        if (at - before).abs() < OFF * spent && !whole {
            self.fixed = (self.fixed + 1).min(VOTES_MAX);
        } else if (at - before - spent).abs() < OFF * spent {
            self.fixed = (self.fixed - 1).max(0);
        }
    }

    fn length(&self, rate: f64) -> f64 {
        let guess = self.most / rate;
        let nearer = |a: &f64, b: &f64| (a / guess).ln().abs().total_cmp(&(b / guess).ln().abs());
        LENGTHS.into_iter().min_by(nearer).unwrap_or(60.0)
    }

    fn apply(&self, per_minute: f64, remaining: f64, limit: &mut Limit, ledger: &mut Ledger) {
        limit.standing = Standing::Told;
        let rate = per_minute / 60.0;
        let length = self.length(rate);
        let used = |from: f64| ledger.accepted(from, self.sent_at + 1e-9)[limit.dimension];
        if let Some(end) = self.reset_at
            && self.fixed >= VOTES_MIN
        {
            let edges = Edges { length, low: end, high: end + 0.003 };
            let held = remaining + used(edges.begun(self.sent_at));
            limit.shape = Shape::Fixed(edges);
            limit.set_rate(rate.min(held / length));
        } else if self.log >= VOTES_MIN {
            let held = remaining + used(self.sent_at - length);
            limit.shape = Shape::Log { length };
            limit.set_rate(rate.min(held / length));
        } else {
            let after = ledger.accepted_after(self.sent_at)[limit.dimension] - self.own;
            limit.shape = Shape::Paced;
            limit.set_rate(rate);
            limit.bucket.rate = rate;
            limit.bucket.capacity = self.most.max(limit.unit);
            limit.bucket.set_at(self.sent_at, remaining - after.max(0.0));
        }
    }
}

/// Limit per minute and what is left of it, if they can be true.
fn sane(level: &Level) -> Option<(f64, f64)> {
    let (per_minute, remaining) = (level.limit?, level.remaining?);
    let sane =
        per_minute.is_finite() && per_minute > 0.0 && remaining >= 0.0 && remaining <= per_minute;
    sane.then_some((per_minute, remaining))
}
