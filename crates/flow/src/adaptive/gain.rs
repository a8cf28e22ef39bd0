//! Extra calls were let through: there was more than was believed.

use super::Adaptive;
use super::ledger::Ledger;
use super::limit::Limit;
use super::push::Round;
use super::shape::Shape;
use crate::policy::Attempt;

/// Extra calls that a bucket may hold although its rate is as believed.
const SLACK_CALLS: f64 = 3.0;
const SLACK_SHARE: f64 = 0.02;

/// A bucket's rate per round of extra calls that all got through.
const GROWTH: f64 = 1.4;

/// Of a window, per round of extra calls: bounds what the next wall costs.
const STEP: f64 = 0.04;
const STEP_UNSURE: f64 = 0.1;

/// Calls by which a count may be off.
const COUNT_OFF: f64 = 1.5;

impl Adaptive {
    /// An extra call was let through: there was more than was believed.
    pub(super) fn gain(&mut self, now: f64, attempt: &Attempt) {
        let beyond = self.push.beyond(attempt.id).unwrap_or_default();
        let round = self.push.accepted(now, attempt.id, self.step_max());
        let gained = self.push.gained;
        for (index, limit) in self.limits.iter_mut().enumerate() {
            if !beyond[index] || !limit.binds() {
                continue;
            }
            match limit.shape {
                Shape::Paced => {
                    limit.bucket.take(now, -attempt.cost.0[index]);
                    let expected = limit.rate * (now - limit.empty_at).max(0.0);
                    let slack = SLACK_CALLS + SLACK_SHARE * expected / limit.unit;
                    if round != Round::Open && gained as f64 > slack {
                        limit.set_rate(limit.rate * GROWTH);
                        limit.sure = false;
                    }
                }
                _ => gain_window(limit, &self.ledger, attempt.sent_at),
            }
        }
    }

    /// Extra calls per round of a push.
    fn step_max(&self) -> usize {
        let unsure = self.limits.iter().any(|limit| limit.binds() && !limit.sure);
        let windows = self.limits.iter().filter(|limit| limit.binds() && limit.unit > 0.0);
        let share = if unsure { STEP_UNSURE } else { STEP };
        let calls = windows
            .map(|limit| match limit.shape {
                Shape::Paced => 0.5 * limit.rate / limit.unit * self.width.srtt(),
                _ => share * limit.allowance() / limit.unit,
            })
            .fold(f64::INFINITY, f64::min);
        calls.clamp(1.0, 1000.0) as usize
    }
}

/// What was accepted in a window is the least that it holds.
fn gain_window(limit: &mut Limit, ledger: &Ledger, at: f64) {
    let (from, length) = match limit.shape {
        Shape::Log { length } => (at - length, length),
        Shape::Fixed(edges) => (edges.begun(at), edges.length),
        Shape::Unknown | Shape::Paced => return,
    };
    let held = ledger.accepted(from, at + 1e-9)[limit.dimension];
    if held <= limit.allowance() {
        return;
    }
    match limit.maybe_fixed {
        Some(edges) if held > limit.allowance() + COUNT_OFF * limit.unit => {
            limit.maybe_fixed = None;
            limit.shape = Shape::Fixed(edges);
        }
        Some(_) => {}
        None => limit.set_rate(held / length),
    }
}
