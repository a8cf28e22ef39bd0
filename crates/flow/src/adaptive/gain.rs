//! Extra calls were let through: there was more than was believed.

use super::Adaptive;
use super::ledger::Ledger;
use super::limit::Limit;
use super::part::Part;
use super::push::{By, Round};
use super::shape::Shape;
use crate::policy::Attempt;

/// Extra calls that a bucket may hold although its rate is as believed.
const SLACK_CALLS: f64 = 3.0;
const SLACK_SHARE: f64 = 0.02;

/// A bucket's rate per round of extra calls that all got through.
const GROWTH: f64 = 1.4;

/// Of a window, extra calls per second: what the next wall costs is this times the time of a refusal.
const STEP: f64 = 0.05;
const STEP_UNSURE: f64 = 0.125;

/// Calls by which a count may be off.
const COUNT_OFF: f64 = 1.5;

impl Adaptive {
    /// An extra call was let through: there was more than was believed.
    pub(super) fn gain(&mut self, now: f64, attempt: &Attempt, by: By) {
        let beyond = self.push.beyond(attempt.id).unwrap_or_default();
        if !self.push.accepted(attempt.id, by) {
            return;
        }
        for (index, limit) in self.limits.iter_mut().enumerate() {
            if !beyond[index] || !limit.binds() {
                continue;
            }
            let log = limit.is_log();
            if gain_window(limit, &self.ledger, attempt.sent_at) || !log {
                self.push.beyond_belief();
            }
        }
        let step_max = self.step_max();
        let round = self.push.next_round(now, step_max, self.round_secs());
        for (index, limit) in self.limits.iter_mut().enumerate() {
            if beyond[index] && limit.binds() && matches!(limit.shape, Shape::Paced) {
                limit.bucket.take(now, -attempt.cost.0[index]);
                let expected = limit.rate * (now - limit.empty_at).max(0.0);
                let slack = SLACK_CALLS + SLACK_SHARE * expected / limit.unit;
                if round != Round::Open && self.push.gained as f64 > slack {
                    let affordable = match self.without {
                        Some(Part::Ceiling) => f64::INFINITY,
                        _ => self.start.calls_per_sec() * limit.unit,
                    };
                    limit.set_rate((limit.rate * GROWTH).min(affordable.max(limit.rate)));
                    limit.sure = false;
                }
            }
        }
    }

    /// Extra calls to which no refusal came are taken for accepted.
    pub(super) fn presume(&mut self, now: f64) {
        if !self.presumes() {
            return;
        }
        while let Some(attempt) = self.push.presumable(now) {
            self.gain(now, &attempt, By::Silence);
        }
    }

    /// Where it is in doubt where windows begin, what gets through may be of the next one, and of a bucket that is
    /// known, somebody else's: there answers are waited for.
    fn presumes(&self) -> bool {
        let short = self.limits.iter().all(|limit| {
            !limit.binds() || (matches!(limit.shape, Shape::Paced) && !limit.sure) || limit.is_log()
        });
        short && self.has(Part::Presumption)
    }

    /// Over which the extra calls of a round are spread.
    pub(super) fn round_secs(&self) -> f64 {
        let srtt = self.width.srtt();
        if self.presumes() { self.push.round_secs(srtt) } else { srtt }
    }

    /// Extra calls per round of a push.
    fn step_max(&self) -> usize {
        let unsure = self.limits.iter().any(|limit| limit.binds() && !limit.sure);
        let windows = self.limits.iter().filter(|limit| limit.binds() && limit.unit > 0.0);
        let round = self.round_secs();
        let share = if unsure { STEP_UNSURE } else { STEP };
        let calls = windows
            .map(|limit| {
                let second = limit.second.map_or(f64::INFINITY, |second| 0.5 * second);
                let per_sec = match limit.shape {
                    Shape::Paced => 0.5 * limit.rate,
                    _ => second.min(2.0 * share * limit.allowance()),
                };
                per_sec * self.push.slowly() * round / limit.unit
            })
            .fold(f64::INFINITY, f64::min);
        let most = if self.has(Part::Ceiling) { calls } else { f64::INFINITY };
        most.clamp(1.0, 1000.0) as usize
    }
}

/// What was accepted in a window is the least that it holds. True if that is more than was believed.
fn gain_window(limit: &mut Limit, ledger: &Ledger, at: f64) -> bool {
    let (from, length) = match limit.shape {
        Shape::Log { length } => (at - length, length),
        Shape::Fixed(edges) => (edges.begun(at), edges.length),
        Shape::Unknown | Shape::Paced => return false,
    };
    let held = ledger.accepted(from, at + 1e-9)[limit.dimension];
    if held <= limit.allowance() {
        return false;
    }
    match limit.maybe_fixed {
        Some(edges) if held > limit.allowance() + COUNT_OFF * limit.unit => {
            limit.maybe_fixed = None;
            limit.shape = Shape::Fixed(edges);
        }
        Some(_) => {}
        None => {
            let before = limit.allowance();
            limit.set_rate(held / length);
            limit.lent = (limit.lent + before - limit.allowance()).max(0.0);
        }
    }
    true
}
