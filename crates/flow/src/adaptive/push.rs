//! Asking for more than is believed to be there.
//!
//! At a full limit one extra call is sent. Refused, it has cost one refusal and confirmed the limit; accepted, the
//! limit is higher, and twice as many extra calls follow, until one is refused.

use crate::cost::RATES;

/// Seconds between two pushes at one request per second; less at higher rates, where the answer is as certain after
/// a shorter time and a refusal is a smaller share. 42 s at 10/s cost 0.24 %, 13 s at 100/s cost 0.08 %.
const INTERVAL_SECS: f64 = 134.0;

/// In refusals; the budget must hold as many.
pub(super) const PRICE: f64 = 1.0;

/// Calls until the next push where the rate is not sure.
pub(super) const SEGMENT_CALLS: f64 = 15.0;

/// An overloaded server is not asked for more.
pub(super) const OVERLOAD_SECS: f64 = 20.0;

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
    /// `due`: extra calls of a round are spread, so that the first refusal comes before most of them.
    Pushing {
        step: usize,
        left: usize,
        last: f64,
        due: f64,
    },
}

/// One call beyond the limit.
#[derive(Debug, Clone, Copy)]
struct Extra {
    id: u64,
    full: [bool; RATES.len()],
}

#[derive(Debug)]
pub(super) struct Push {
    state: State,
    /// Extra calls under way.
    pending: Vec<Extra>,
    boosting: Option<f64>,
    /// Extra calls accepted in this push.
    pub(super) gained: usize,
}

impl Push {
    pub(super) fn new() -> Self {
        Self {
            state: State::Resting { until: 0.0 },
            pending: Vec::new(),
            boosting: None,
            gained: 0,
        }
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
            State::Pushing { left, due, .. } => (left > 0).then_some(due),
        }
    }

    /// `round_secs`: over which the extra calls of a round are spread.
    pub(super) fn sent(&mut self, now: f64, id: u64, full: [bool; RATES.len()], round_secs: f64) {
        if !matches!(self.state, State::Pushing { .. }) {
            self.gained = 0;
        }
        let (step, left) = match self.state {
            State::Pushing { step, left, .. } if left > 0 => (step, left),
            _ => (1, 1),
        };
        let due = now + round_secs / step as f64;
        self.state = State::Pushing { step, left: left - 1, last: now, due };
        self.pending.push(Extra { id, full });
    }

    pub(super) fn is_extra(&self, id: u64) -> bool {
        self.pending.iter().any(|extra| extra.id == id)
    }

    /// Which limits the extra call went beyond.
    pub(super) fn beyond(&self, id: u64) -> Option<[bool; RATES.len()]> {
        self.pending.iter().find(|extra| extra.id == id).map(|extra| extra.full)
    }

    /// An extra call was let through; when all of a round are, the next is twice as large.
    pub(super) fn accepted(&mut self, now: f64, id: u64, step_max: usize) -> Round {
        self.forget(id);
        self.gained += 1;
        match self.state {
            State::Pushing { step, left: 0, due, .. } if self.pending.is_empty() => {
                let step = (step * 2).min(step_max.max(1));
                self.state = State::Pushing { step, left: step, last: now, due };
                if step >= step_max { Round::AtMost } else { Round::Done }
            }
            _ => Round::Open,
        }
    }

    pub(super) fn forget(&mut self, id: u64) {
        self.pending.retain(|extra| extra.id != id);
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
