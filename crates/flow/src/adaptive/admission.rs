//! May the next call start?

use super::Adaptive;
use super::gate::Gate;
use super::limit::Standing;
use super::part::Part;
use super::push::{self, Begin};
use super::shape::Shape;
use crate::cost::{Cost, RATES};
use crate::policy::{Admission, Attempt};

/// As what the call was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Normal,
    Canary,
    /// Beyond the limit, to see whether it has risen.
    Extra {
        full: [bool; RATES.len()],
    },
    /// In the doubt about where a window begins.
    Edge,
}

/// Above this part of a window's length, doubt about its beginning is worth an experiment.
const DOUBT_MAX: f64 = 0.15;

/// In the doubtful span: later ones are likelier to be let through.
const DOUBT_POINT: f64 = 0.6;

struct Verdict {
    /// The latest of the limits' times; not after now if the call fits.
    at: f64,
    /// Which limits are used up, pacing aside.
    full: [bool; RATES.len()],
}

impl Adaptive {
    pub(super) fn admission(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Admission {
        self.pass = Pass::Normal;
        self.presume(now);
        if !self.push.busy(now) {
            self.limits.iter_mut().for_each(|limit| limit.lent = 0.0);
        }
        let held =
            self.held_until.max(self.parked.map_or(f64::NEG_INFINITY, |parked| parked.until));
        if held > now {
            return Admission::NotBefore(held);
        }
        if self.parked.is_some() && in_flight > 0 {
            return Admission::Wait;
        }
        match &self.gate {
            Gate::Canary { .. } if self.has(Part::Canary) => return Admission::Wait,
            Gate::Open | Gate::Canary { .. } => {}
            Gate::Closed { until, .. } if *until > now => return Admission::NotBefore(*until),
            Gate::Closed { .. } => {
                self.pass = Pass::Canary;
                return Admission::Send;
            }
        }
        let width =
            self.slots.cap().map_or(self.width.limit(), |cap| self.width.limit().min(cap as f64));
        if in_flight as f64 >= width.floor() {
            return Admission::Wait;
        }
        let start = self.start.next(now);
        if start > now && self.has(Part::Ramp) {
            return Admission::NotBefore(start);
        }
        self.within_limits(now, cost)
    }

    fn within_limits(&mut self, now: f64, cost: &Cost) -> Admission {
        let verdict = self.verdict(now, cost);
        if verdict.at <= now {
            return Admission::Send;
        }
        let mut at = verdict.at;
        if verdict.full.contains(&true) {
            if self.may_push(now) && self.may_rise(verdict.full) {
                self.pass = Pass::Extra { full: verdict.full };
                return Admission::Send;
            }
            if let Some(edge) = self.edge_experiment(now) {
                if edge <= now {
                    self.pass = Pass::Edge;
                    return Admission::Send;
                }
                at = at.min(edge);
            }
            at = self.push.next().filter(|next| *next > now).map_or(at, |next| at.min(next));
        }
        Admission::NotBefore(at)
    }

    /// Limits that are merely suspected hold together: at least one of them is real, and a call that only some of
    /// them forbid tells which.
    fn verdict(&mut self, now: f64, cost: &Cost) -> Verdict {
        let mut hard = now;
        let mut soft: Option<f64> = None;
        let mut full = [false; RATES.len()];
        for (index, limit) in self.limits.iter().enumerate() {
            if !limit.binds() || cost.0[index] <= 0.0 {
                continue;
            }
            let room = limit.room(&mut self.ledger, now, cost.0[index]);
            full[index] = room.at > now && (room.spare < 0.0 || limit.maybe_fixed.is_some());
            if limit.standing == Standing::Suspected {
                soft = Some(soft.map_or(room.at, |at| at.min(room.at)));
            } else {
                hard = hard.max(room.at);
            }
        }
        Verdict { at: hard.max(soft.unwrap_or(now)), full }
    }

    fn may_push(&self, now: f64) -> bool {
        let sure = self.limits.iter().all(|limit| !limit.binds() || limit.sure);
        if self.limits.iter().any(|limit| limit.standing == Standing::Told) {
            return false;
        }
        if !self.stores() {
            return false;
        }
        match self.push.allows(now) {
            None => false,
            Some(Begin::Going) => true,
            Some(Begin::New) => !sure || self.affords(),
        }
    }

    fn affords(&self) -> bool {
        !self.has(Part::Budget) || self.budget.affords(push::PRICE)
    }

    /// Nothing goes beyond what the user has set.
    fn may_rise(&self, full: [bool; RATES.len()]) -> bool {
        self.limits.iter().zip(full).all(|(limit, full)| !full || limit.may_rise())
    }

    fn stores(&self) -> bool {
        self.limits.iter().all(|limit| !limit.binds() || limit.stores())
    }

    /// Where nothing is stored the pace grows instead.
    pub(super) fn boost(&mut self, now: f64) {
        let told = self.limits.iter().any(|limit| limit.standing == Standing::Told);
        if told || self.stores() || !matches!(self.gate, Gate::Open) {
            return;
        }
        let sure = self.limits.iter().all(|limit| !limit.binds() || limit.sure);
        if !sure || self.affords() {
            self.push.begin_boost(now);
        }
        let factor = self.push.boost(now);
        for limit in self.limits.iter_mut().filter(|limit| limit.binds()) {
            limit.boost(factor);
        }
    }

    fn edge_experiment(&self, now: f64) -> Option<f64> {
        let limit = self.limits.iter().find(|limit| matches!(limit.shape, Shape::Fixed(_)))?;
        let Shape::Fixed(edges) = limit.shape else { return None };
        if edges.doubt() <= DOUBT_MAX * edges.length || !self.affords() || limit.edge_asked(now) {
            return None;
        }
        let high = edges.next(now);
        Some(high - (1.0 - DOUBT_POINT) * edges.doubt())
    }

    /// What was let through is under way.
    pub(super) fn commit(&mut self, attempt: &Attempt) {
        match std::mem::replace(&mut self.pass, Pass::Normal) {
            Pass::Normal => {}
            Pass::Canary => {
                if let Gate::Closed { wall, .. } = &self.gate {
                    let wall = wall.clone();
                    self.gate = Gate::Canary { id: attempt.id, sent_at: attempt.sent_at, wall };
                }
            }
            Pass::Extra { full } => {
                let round_secs = self.round_secs();
                self.push.sent(attempt, full, round_secs);
                for (index, limit) in self.limits.iter_mut().enumerate() {
                    if full[index] && limit.is_log() {
                        limit.lent += attempt.cost.0[index];
                    }
                }
            }
            Pass::Edge => {
                for limit in &mut self.limits {
                    limit.edge_asked_at = Some((attempt.id, attempt.sent_at));
                }
            }
        }
    }
}
