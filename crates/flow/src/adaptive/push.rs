//! Asking for more than is believed to be there.
//!
//! At a full limit one extra call is sent. Refused, it has cost one refusal and confirmed the limit; accepted, the
//! limit is higher, and twice as many extra calls follow, until one is refused.

use crate::cost::RATES;
use crate::policy::Attempt;

/// Seconds between two pushes at one request per second; less at higher rates, where the answer is as certain after
/// a shorter time and a refusal is a smaller share. 42 s at 10/s cost 0.24 %, 13 s at 100/s cost 0.08 %.
const INTERVAL_SECS: f64 = 134.0;

/// In refusals; the budget must hold as many.
pub(super) const PRICE: f64 = 1.0;

/// Calls until the next push where the rate is not sure.
pub(super) const SEGMENT_CALLS: f64 = 15.0;

/// An overloaded server is not asked for more.
pub(super) const OVERLOAD_SECS: f64 = 20.0;

/// What a refusal takes at most where extra calls may come at their full pace.
const REFUSAL_SECS: f64 = 0.5;

/// The longest time of a refusal is forgotten by so much with each.
const REFUSAL_FADES: f64 = 0.95;

/// Per second, and in all: a factor of a hundred.
const BOOST_LATE: f64 = 0.08;
const BOOST_MAX: f64 = 4.6;

/// Nobody asks for more within this time: the push is over.
const IDLE_SECS: f64 = 10.0;

#[derive(Debug, Clone, Copy)]
enum State {
    Resting {
        until: f64,
    },
    /// Extra calls of a round are spread, so that the first refusal comes before most of them: one is `due` after the
    /// other with a `gap` that was settled with their number, since what a reply takes may change within the round.
    Pushing {
        step: usize,
        left: usize,
        last: f64,
        due: f64,
        gap: f64,
    },
}

/// One call beyond the limit.
#[derive(Debug, Clone, Copy)]
struct Extra {
    attempt: Attempt,
    full: [bool; RATES.len()],
    /// No refusal has come in the time of one: taken for accepted.
    presumed: bool,
}

/// Times of a refusal, after which a call without one is taken for accepted. An answer takes longer, often much.
const PRESUMED: f64 = 1.5;

#[derive(Debug)]
pub(super) struct Push {
    state: State,
    /// Extra calls under way.
    pending: Vec<Extra>,
    boosting: Option<f64>,
    /// Extra calls accepted in this push.
    pub(super) gained: usize,
    /// Those of this round have shown more than was believed.
    beyond_belief: bool,
    /// The longest that a refusal took lately, seconds; none before the first.
    refusal_secs: Option<f64>,
}

impl Push {
    pub(super) fn new() -> Self {
        Self {
            state: State::Resting { until: 0.0 },
            pending: Vec::new(),
            boosting: None,
            gained: 0,
            beyond_belief: false,
            refusal_secs: None,
        }
    }

    /// A refusal came after so many seconds.
    pub(super) fn refused_after(&mut self, secs: f64) {
        self.refusal_secs =
            Some(self.refusal_secs.map_or(secs, |old| secs.max(REFUSAL_FADES * old)));
    }

    /// Seconds over which the extra calls of a round are spread, and after which each is taken for accepted.
    pub(super) fn round_secs(&self, srtt: f64) -> f64 {
        self.refusal_secs.map_or(srtt, |secs| srtt.min(PRESUMED * secs))
    }

    /// Of the usual number of extra calls per second: while a slow refusal is on its way more of them are lost.
    pub(super) fn slowly(&self) -> f64 {
        self.refusal_secs.map_or(1.0, |secs| (REFUSAL_SECS / secs).min(1.0))
    }

    /// An extra call that is to be taken for accepted now.
    pub(super) fn presumable(&self, now: f64) -> Option<Attempt> {
        let secs = PRESUMED * self.refusal_secs?;
        let silent = |extra: &&Extra| !extra.presumed && now >= extra.attempt.sent_at + secs;
        self.pending.iter().find(silent).map(|extra| extra.attempt)
    }

    /// Whether an extra call may start, and whether that begins a new push.
    pub(super) fn allows(&self, now: f64) -> Option<Begin> {
        match self.state {
            State::Resting { until } => {
                (now >= until && self.pending.is_empty()).then_some(Begin::New)
            }
            State::Pushing { left, last, due, .. } if left > 0 && now >= due => {
                Some(if now - last > IDLE_SECS { Begin::New } else { Begin::Going })
            }
            State::Pushing { .. } => None,
        }
    }

    pub(super) fn going(&self) -> bool {
        matches!(self.state, State::Pushing { .. }) || self.boosting.is_some()
    }

    /// Whether extra calls were sent lately.
    pub(super) fn busy(&self, now: f64) -> bool {
        matches!(self.state, State::Pushing { last, .. } if now - last <= IDLE_SECS)
    }

    /// Where capacity is not stored, extra calls would bunch; there the pace itself grows: by 1 % per second, and
    /// past 6 % faster, since that is no rounding any more.
    pub(super) fn boost(&self, now: f64) -> f64 {
        self.boosting.map_or(1.0, |since| {
            let secs = (now - since).max(0.0);
            if secs <= 6.0 {
                1.0 + 0.01 * secs
            } else {
                1.06 * (BOOST_LATE * (secs - 6.0)).min(BOOST_MAX).exp()
            }
        })
    }

    pub(super) fn begin_boost(&mut self, now: f64) {
        if let State::Resting { until } = self.state
            && now >= until
            && self.boosting.is_none()
        {
            self.boosting = Some(now);
        }
    }

    /// When it is worth asking again although the limit is full.
    pub(super) fn next(&self) -> Option<f64> {
        match self.state {
            State::Resting { until } => Some(until),
            State::Pushing { left, due, .. } if left > 0 => Some(due),
            State::Pushing { .. } => {
                let secs = PRESUMED * self.refusal_secs?;
                let waiting = self.pending.iter().filter(|extra| !extra.presumed);
                waiting.map(|extra| extra.attempt.sent_at + secs).min_by(f64::total_cmp)
            }
        }
    }

    /// `round_secs`: over which the extra calls of the first round are spread.
    pub(super) fn sent(&mut self, attempt: &Attempt, full: [bool; RATES.len()], round_secs: f64) {
        let now = attempt.sent_at;
        if !matches!(self.state, State::Pushing { .. }) {
            self.gained = 0;
        }
        let (step, left, gap) = match self.state {
            State::Pushing { step, left, gap, .. } if left > 0 => (step, left, gap),
            _ => (1, 1, round_secs),
        };
        self.state = State::Pushing { step, left: left - 1, last: now, due: now + gap, gap };
        self.pending.push(Extra { attempt: *attempt, full, presumed: false });
    }

    pub(super) fn is_extra(&self, id: u64) -> bool {
        self.pending.iter().any(|extra| extra.attempt.id == id)
    }

    /// Which limits the extra call went beyond.
    pub(super) fn beyond(&self, id: u64) -> Option<[bool; RATES.len()]> {
        self.pending.iter().find(|extra| extra.attempt.id == id).map(|extra| extra.full)
    }

    /// An extra call was let through, or is taken for it. False: it was taken for it before.
    pub(super) fn accepted(&mut self, id: u64, by: By) -> bool {
        let Some(extra) = self.pending.iter_mut().find(|extra| extra.attempt.id == id) else {
            return false;
        };
        let known = std::mem::replace(&mut extra.presumed, true);
        if by == By::Answer {
            self.forget(id);
        }
        self.gained += usize::from(!known);
        !known
    }

    /// More was let through than was believed to be there, and not only more than was left.
    pub(super) fn beyond_belief(&mut self) {
        self.beyond_belief = true;
    }

    /// When all extra calls of a round were let through, the next is twice as large, if they were beyond.
    pub(super) fn next_round(&mut self, now: f64, step_max: usize, round_secs: f64) -> Round {
        match self.state {
            State::Pushing { step, left: 0, due, .. }
                if self.pending.iter().all(|extra| extra.presumed) =>
            {
                let factor = if std::mem::take(&mut self.beyond_belief) { 2 } else { 1 };
                let step = (step * factor).min(step_max.max(1));
                let gap = round_secs / step as f64;
                self.state = State::Pushing { step, left: step, last: now, due, gap };
                if step >= step_max { Round::AtMost } else { Round::Done }
            }
            _ => Round::Open,
        }
    }

    pub(super) fn forget(&mut self, id: u64) {
        self.pending.retain(|extra| extra.attempt.id != id);
    }

    /// What is under way is no extra call any more: a refusal has shown where the limit is.
    pub(super) fn rest(&mut self, until: f64) {
        self.pending.clear();
        self.boosting = None;
        self.state = State::Resting { until };
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    New,
    Going,
}

/// What tells that a call was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Answer,
    Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    Open,
    Done,
    /// And the next will be no larger.
    AtMost,
}

pub(super) fn interval(requests_per_sec: f64) -> f64 {
    INTERVAL_SECS / requests_per_sec.max(0.01).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Cost;

    #[test]
    fn slow_refusals_slow_the_extra_calls() {
        let mut push = Push::new();
        push.refused_after(0.1);
        assert!((push.slowly() - 1.0).abs() < 1e-9);
        push.refused_after(2.0);
        assert!((push.slowly() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_round_keeps_its_pace_when_replies_come_faster() {
        let full = [true; RATES.len()];
        let call =
            |id, sent_at| Attempt { id, sent_at, cost: Cost::request(1.0, 1.0), in_flight: 1 };
        let mut push = Push::new();
        push.sent(&call(0, 0.0), full, 1.0);
        push.beyond_belief();
        assert!(push.accepted(0, By::Answer));
        assert_eq!(push.next_round(1.0, 10, 1.0), Round::Done);
        push.sent(&call(1, 1.0), full, 0.01);
        assert!(push.allows(1.2).is_none(), "two in a second are half of one apart");
        assert!(push.allows(1.5).is_some());
    }
}
