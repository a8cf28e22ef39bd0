//! The canary got through: how the limit is counted, and what it is.

use super::Adaptive;
use super::edges::Edges;
use super::explain::Met;
use super::gate::{Gate, Wall};
use super::limit::Standing;
use super::shape::Shape;
use crate::cost::RATES;
use crate::policy::Attempt;

/// The shortest explanation that no refusal has ruled out: none at or after a second is a bucket's or that of windows
/// of a second, none at or after ten is that of windows of ten; longer ones are a minute.
const SECOND: f64 = 1.0;
const TEN: f64 = 10.0;

/// A bucket of a second gives more than its rate in its first second, a window gives just that.
const SECOND_SHARE: f64 = 0.9;

/// A bucket that refused had something left, but not a call.
const FITS_CALLS: f64 = 0.3;

/// After a shorter pause hardly anything is lost.
const LOST_SECS: f64 = 0.8;

/// Canaries that a rate explains badly, at so many walls: it is no rate.
const SLOWED_MAX: u32 = 2;

/// Canaries of which a log would have let one through, and the doubt about a window's beginning, as part of its
/// length, with which a window can be used.
const NOT_A_LOG: u32 = 2;
const DOUBT_MAX: f64 = 0.3;

/// Of what a second lets in: a refusal after so much was its.
const NEAR: f64 = 0.9;

/// Times are told to the second.
const TOLD_SECS: f64 = 1.1;

impl Adaptive {
    pub(super) fn reopen(&mut self, now: f64) {
        let gate = std::mem::replace(&mut self.gate, Gate::Open);
        let Gate::Canary { sent_at, mut wall, .. } = gate else { return };
        self.measure(&mut wall);
        self.width.interrupted(now);
        let mut identified = false;
        for index in 0..RATES.len() {
            if self.says_nothing(index, &wall) {
                self.limits[index].standing = Standing::Free;
            } else if self.limits[index].standing != Standing::Free && self.limits[index].unit > 0.0
            {
                identified |= self.beside(index, sent_at, &wall);
            }
        }
        let shut = wall.canary_refused.unwrap_or(wall.refused_at);
        self.review(Met { at: wall.refused_at, shut, open: Some(sent_at) });
        if sent_at - wall.refused_at > LOST_SECS {
            for limit in self.limits.iter_mut().filter(|limit| limit.binds()) {
                limit.restart(now);
            }
        }
        if identified {
            self.push.rest(now);
        } else {
            self.push.rest(now + super::push::interval(self.calls_per_sec()).min(10.0));
        }
    }

    /// Refused before anything was accepted: whatever stood in the way, it has no number that could be held to.
    fn says_nothing(&self, index: usize, wall: &Wall) -> bool {
        let limit = &self.limits[index];
        matches!(limit.shape, Shape::Unknown)
            && limit.hinted.is_none()
            && wall.minute[index] < 0.5 * limit.unit.max(f64::MIN_POSITIVE)
    }

    /// What the wait says of a limit that may have a shorter one beside it; true if that is news.
    fn beside(&mut self, index: usize, sent_at: f64, wall: &Wall) -> bool {
        let limit = &self.limits[index];
        let of_second = limit.second.is_some_and(|second| wall.second[index] > NEAR * second);
        if of_second && sent_at - wall.refused_at < 1.3 * SECOND {
            return false;
        }
        let second = limit.sure_second().or(limit.second);
        let news = self.reconsider(index, sent_at, wall);
        let limit = &mut self.limits[index];
        let longer = limit.shape.length().is_some();
        limit.second = second.filter(|second| longer && limit.rate < *second);
        news
    }

    /// What the wait says of one limit; true if that is news.
    fn reconsider(&mut self, index: usize, sent_at: f64, wall: &Wall) -> bool {
        let waited = sent_at - wall.refused_at;
        let held_back = held_back(wall, waited);
        self.estimate(index, wall);
        let limit = &self.limits[index];
        match limit.shape {
            Shape::Unknown => {
                self.identify(index, sent_at, wall);
                true
            }
            Shape::Paced if waited > 1.3 * SECOND && waited > 4.0 * limit.unit / limit.rate => {
                self.identify(index, sent_at, wall);
                true
            }
            Shape::Paced => {
                let slower = self.slower(index, wall);
                if slower && self.limits[index].slowed >= SLOWED_MAX && held_back >= SECOND {
                    self.limits[index].slowed = 0;
                    self.identify_window(index, sent_at, wall, shortest(held_back));
                }
                slower
            }
            Shape::Fixed(Edges { length, .. }) | Shape::Log { length }
                if length < 60.0 && held_back > length =>
            {
                self.identify_window(index, sent_at, wall, 60.0);
                true
            }
            Shape::Fixed(_) => false,
            Shape::Log { length } if not_a_log(sent_at, wall, length) => {
                self.assume_fixed(index, sent_at, wall, length);
                true
            }
            Shape::Log { length } => {
                if wall.canaries > 0 && waited < length {
                    self.fallen(index, sent_at, wall, length);
                }
                false
            }
        }
    }

    /// A log refused canaries: it holds less than it did, something between what it held at the last two.
    fn fallen(&mut self, index: usize, sent_at: f64, wall: &Wall, length: f64) {
        let held = self.ledger.accepted(sent_at - length, sent_at + 1e-9)[index];
        let refused_at = wall.canary_refused.unwrap_or(wall.refused_at);
        let held_before = self.ledger.accepted(refused_at - length, refused_at)[index];
        let limit = &mut self.limits[index];
        if held < limit.allowance() {
            limit.set_rate(0.5 * (held + held_before) / length);
            limit.sure = false;
        }
    }

    fn assume_fixed(&mut self, index: usize, sent_at: f64, wall: &Wall, length: f64) {
        let low = wall.canary_refused.unwrap_or(wall.refused_at);
        let edges = Edges { length, low, high: sent_at };
        let held = wall.held(&self.ledger, index, edges);
        let limit = &mut self.limits[index];
        limit.shape = Shape::Fixed(edges);
        limit.maybe_fixed = None;
        limit.sure = false;
        if held < limit.allowance() {
            limit.set_rate(held.max(limit.unit) / length);
        }
    }

    /// A canary was refused although there should have been room: the rate has fallen.
    fn slower(&mut self, index: usize, wall: &Wall) -> bool {
        let Some(at) = wall.canary_refused else { return false };
        let waited = at - wall.refused_at;
        let limit = &mut self.limits[index];
        let came_in = self.ledger.accepted(wall.refused_at + 1e-9, at + 1e-9)[index] + limit.unit;
        if waited < SECOND || limit.rate * waited < came_in + 0.5 * limit.unit {
            return false;
        }
        limit.slowed += 1;
        limit.set_rate(came_in / waited);
        limit.base_at = wall.refused_at;
        limit.base_units = 0.0;
        limit.believed = limit.rate;
        limit.sure = false;
        true
    }

    fn identify(&mut self, index: usize, sent_at: f64, wall: &Wall) {
        let waited = sent_at - wall.refused_at;
        let held_back = held_back(wall, waited);
        let limit = &self.limits[index];
        let full = wall.bucket_rate(index);
        let after = self.ledger.accepted(wall.refused_at + 1e-9, sent_at - 1e-9)[index];
        let fits = full * waited > after + FITS_CALLS * limit.unit
            && full * held_back < after + 1.02 * limit.unit;
        if matches!(limit.shape, Shape::Unknown) && (fits || held_back < SECOND) {
            let rate = if fits { full } else { SECOND_SHARE * wall.second[index] };
            let burst = wall.minute[index] - rate * (wall.refused_at - wall.first_sent);
            let length = shortest(held_back);
            let whole =
                self.ledger.accepted(wall.refused_at - length, wall.refused_at + 1e-9)[index];
            let limit = &mut self.limits[index];
            let rate = limit.hinted.take().unwrap_or(rate);
            limit.set_paced(sent_at, rate, if fits { burst } else { limit.unit });
            limit.otherwise =
                (held_back >= SECOND).then_some((Shape::Log { length }, whole / length));
            limit.base_at = if fits { wall.first_sent - 60.0 } else { wall.refused_at };
            limit.base_units = if fits { wall.minute[index] } else { 0.0 };
            limit.sure = false;
            return;
        }
        let length = shortest(held_back);
        self.identify_window(index, sent_at, wall, length);
    }

    fn identify_window(&mut self, index: usize, sent_at: f64, wall: &Wall, length: f64) {
        let low = wall.canary_refused.unwrap_or(wall.refused_at);
        let edges = Edges { length, low: low.max(sent_at - length), high: sent_at };
        let oldest = self.ledger.first_since(wall.refused_at - length).unwrap_or(wall.refused_at);
        let log_frees = oldest + length;
        let whole = self.ledger.accepted(wall.refused_at - length, wall.refused_at + 1e-9)[index];
        let since_edge = self
            .ledger
            .accepted(0.5 * (edges.low + edges.high) - length, wall.refused_at + 1e-9)[index];
        let limit = &mut self.limits[index];
        limit.sure = false;
        let hinted = limit.hinted.take();
        let log_frees_late = log_frees.max(wall.log_counted + 60.0);
        let log_was_wrong = wall.canary_refused.is_some_and(|at| at > log_frees_late + 0.02);
        if length >= 60.0 && (sent_at < log_frees - 0.02 || log_was_wrong) {
            limit.shape = Shape::Fixed(edges);
            limit.set_rate(since_edge.max(limit.unit) / length);
        } else {
            limit.shape = Shape::Log { length };
            limit.set_rate(whole.max(limit.unit) / length);
            limit.maybe_fixed = (length >= 60.0).then_some(edges);
        }
        if let Some(hinted) = hinted {
            limit.set_rate(hinted);
            limit.sure = true;
        }
    }

    /// The experiment about where a window begins got through, or anything did after an edge that was in doubt.
    pub(super) fn edge_passed(&mut self, attempt: &Attempt) {
        for limit in &mut self.limits {
            if let (Some((id, at)), Shape::Fixed(edges)) = (limit.edge_asked_at, &mut limit.shape)
                && id == attempt.id
            {
                edges.already(at);
            }
        }
    }

    /// The experiment was refused: the old window still held.
    pub(super) fn edge_held(&mut self, attempt: &Attempt) -> bool {
        let mut asked = false;
        for limit in &mut self.limits {
            if let (Some((id, at)), Shape::Fixed(edges)) = (limit.edge_asked_at, &mut limit.shape)
                && id == attempt.id
            {
                edges.not_yet(at);
                asked = true;
            }
        }
        asked
    }
}

/// Short windows: a log would have let one of the canaries through, and when the last one was says where they begin.
fn not_a_log(sent_at: f64, wall: &Wall, length: f64) -> bool {
    let doubt = sent_at - wall.canary_refused.unwrap_or(f64::NEG_INFINITY);
    length < 60.0 && wall.canaries >= NOT_A_LOG && doubt < DOUBT_MAX * length
}

/// The shortest window that is longer than the time without room.
fn shortest(held_back: f64) -> f64 {
    if held_back < TEN { 10.0 } else { 60.0 }
}

/// How long there was surely no room: a wait that the provider tells counts, less its rounding.
fn held_back(wall: &Wall, waited: f64) -> f64 {
    let refused = wall.canary_refused.map_or(0.0, |at| at - wall.refused_at);
    if wall.told.is_some() { refused.max(waited - TOLD_SECS) } else { refused }
}
