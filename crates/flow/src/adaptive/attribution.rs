//! Which dimension refused the call?
//!
//! Setting every dimension at every wall is the quiet killer: once the mix of costs changes, the wrong one holds
//! everything back for ever. So a dimension that nothing points to is only suspected, suspects hold together, and
//! each call that goes beyond one of them while another had room acquits or convicts.

use super::Adaptive;
use super::limit::{Limit, Standing};
use super::part::Part;
use super::shape::Shape;
use crate::cost::RATES;
use crate::policy::Attempt;
use quota::{Dimension, Hint};

/// Calls that a limit may be off by.
const CALLS_OFF: f64 = 5.0;

/// A limit that has been confirmed is the first suspect, unless so much of it was left.
const MUCH_ROOM: f64 = 0.3;

/// A refusal at this share of the known rate may be about the rate.
const RATE_EXPLAINS: f64 = 0.95;

impl Adaptive {
    /// Before a wall is measured: to which limits it belongs.
    pub(super) fn accuse(&mut self, now: f64, attempt: &Attempt, hint: &Hint) {
        let named = hint.refused_by.and_then(|named| RATES.iter().position(|rate| *rate == named));
        if let Some(named) = named {
            for limit in &mut self.limits {
                if limit.dimension == named {
                    limit.standing = limit.standing.max_with(Standing::Confirmed);
                } else if limit.standing == Standing::Suspected {
                    limit.free();
                }
            }
            return;
        }
        let without_room = self.without_room(now, attempt);
        let known = self.limits.iter().any(Limit::binds);
        if known && without_room.contains(&true) {
            self.acquit_others(now, attempt);
            return;
        }
        for (limit, amount) in self.limits.iter_mut().zip(attempt.cost.0) {
            if amount > 0.0 && limit.standing == Standing::Free {
                limit.standing = Standing::Suspected;
            }
        }
    }

    /// An extra call beyond some limits was refused: suspects that had much room are not what refused it.
    pub(super) fn convict(&mut self, now: f64, attempt: &Attempt, beyond: [bool; RATES.len()]) {
        if beyond.contains(&true) {
            self.acquit_others(now, attempt);
        }
    }

    fn acquit_others(&mut self, now: f64, attempt: &Attempt) {
        if !self.has(Part::Acquittal) {
            return;
        }
        let mut innocent = [false; RATES.len()];
        let mut others = false;
        for (index, innocent) in innocent.iter_mut().enumerate() {
            let limit = &self.limits[index];
            if !limit.binds() || attempt.cost.0[index] <= 0.0 {
                continue;
            }
            let spare = limit.room(&mut self.ledger, now, attempt.cost.0[index]).spare;
            *innocent = limit.standing == Standing::Suspected && spare > doubt(limit);
            others |= !*innocent;
        }
        if !others {
            return;
        }
        for (limit, innocent) in self.limits.iter_mut().zip(innocent) {
            if innocent {
                limit.free();
            }
        }
        self.confirm_last();
    }

    fn without_room(&mut self, now: f64, attempt: &Attempt) -> [bool; RATES.len()] {
        let mut without = [false; RATES.len()];
        for (index, without) in without.iter_mut().enumerate() {
            let limit = &self.limits[index];
            if limit.binds() && attempt.cost.0[index] > 0.0 {
                let spare = limit.room(&mut self.ledger, now, attempt.cost.0[index]).spare;
                let sure = if limit.standing == Standing::Confirmed {
                    MUCH_ROOM * limit.allowance()
                } else {
                    0.0
                };
                *without = spare < sure.max(2.0 * doubt(limit));
            }
        }
        without
    }

    /// A call was let through: suspects that it went far beyond are no limits.
    pub(super) fn exonerate(&mut self, now: f64, attempt: &Attempt) {
        let suspects = self
            .limits
            .iter()
            .filter(|limit| limit.standing == Standing::Suspected && limit.binds());
        if suspects.count() < 2 || !self.has(Part::Acquittal) {
            return;
        }
        let mut over = [false; RATES.len()];
        let mut others = false;
        for (index, over) in over.iter_mut().enumerate() {
            let limit = &self.limits[index];
            if limit.standing != Standing::Suspected
                || attempt.cost.0[index] <= 0.0
                || !limit.binds()
            {
                continue;
            }
            let spare = limit.room(&mut self.ledger, now, 0.0).spare;
            *over = spare < -doubt(limit);
            others |= spare >= 0.0;
        }
        if !others {
            return;
        }
        for (limit, over) in self.limits.iter_mut().zip(over) {
            if over {
                limit.free();
            }
        }
        self.confirm_last();
    }

    fn confirm_last(&mut self) {
        let mut suspects =
            self.limits.iter_mut().filter(|limit| limit.standing == Standing::Suspected);
        if let (Some(last), None) = (suspects.next(), suspects.next()) {
            last.standing = Standing::Confirmed;
        }
    }

    /// Whether the refusal is about calls at once.
    pub(super) fn capped(&mut self, now: f64, attempt: &Attempt, hint: &Hint) -> bool {
        let named = hint.refused_by.map(|named| named == Dimension::InFlight);
        let lately = self.ledger.accepted(attempt.sent_at - 2.0, attempt.sent_at + 1e-9);
        let explained = self.limits.iter().any(|limit| match limit.shape {
            Shape::Unknown => false,
            Shape::Paced => {
                limit.sure && 0.5 * lately[limit.dimension] > RATE_EXPLAINS * limit.rate
            }
            Shape::Log { .. } | Shape::Fixed(_) => true,
        });
        if !named.unwrap_or_else(|| !explained && self.slots.explains(attempt.in_flight)) {
            return false;
        }
        self.slots.refused(now, attempt.in_flight);
        self.start.end();
        for limit in &mut self.limits {
            if limit.standing == Standing::Suspected
                || (limit.standing == Standing::Confirmed && !limit.sure)
            {
                limit.free();
            }
        }
        true
    }
}

/// Units that an estimate may be off by.
fn doubt(limit: &Limit) -> f64 {
    let share = match limit.shape {
        Shape::Paced => 0.7 * limit.rate,
        _ => 0.02 * limit.allowance(),
    };
    share.max(CALLS_OFF * limit.unit)
}

impl Standing {
    fn max_with(self, other: Self) -> Self {
        if self == Self::Told { self } else { other }
    }
}
