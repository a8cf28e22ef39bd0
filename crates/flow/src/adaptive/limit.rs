//! One dimension: what is believed of its limit, and whether a call fits.

use super::bucket::Bucket;
use super::edges::Edges;
use super::ledger::Ledger;
use super::pace::{Pace, Refusal};
use super::part::Part;
use super::shape::{Instead, Sent, Shape, guard};

/// Below one unit a day there is no pacing; a rate of zero would hold for ever.
const RATE_MIN: f64 = 1.0 / 86_400.0;

/// Each end of a segment is off by up to a call, and calls differ in cost.
const CALLS_OFF: f64 = 3.0;

/// Refusals within this time are one event: a window of a second holds everything back until its end.
const SEGMENT_SECS_MIN: f64 = 1.5;

/// What falls goes on falling, at most by this.
const TREND_MIN: f64 = 0.95;

/// A bucket that was full at the start has its rate from the first wall; if so much more comes in, it is another one.
const REFUTED: f64 = 1.3;

/// A rate this much off is not rounding.
const SHARE_OFF: f64 = 0.03;

/// Calls between two empty buckets: fewer say nothing, so many are sure to 5 %, and older ones than the last few
/// hundred may be about a limit that has drifted.
const CALLS_MIN: f64 = 8.0;
const CALLS_SURE: f64 = 20.0;
const CALLS_KEPT: f64 = 800.0;

/// A bucket is filled a little slower than it is believed to be; each push spends what that left over.
const CARE: f64 = 0.995;

/// Of a window's mean rate: spends it in four fifths of its time.
const PACE: f64 = 1.25;

/// A window that was found late is spent as fast as this, times its mean rate.
const HURRY: f64 = 6.0;

/// And what is sent beyond a log, times its usual pace.
const OUTRUN: f64 = 4.0;

/// Whatever rounding does, the window has begun then.
const LATE_SECS: f64 = 0.002;

/// So much of the pace may be caught up with at once.
const BURST_SECS: f64 = 0.25;

/// What makes us hold to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// No limit as far as is known.
    Free,
    /// Set at a wall that could have been another dimension's.
    Suspected,
    /// This dimension has refused calls while no other could have.
    Confirmed,
    /// The provider tells it with each reply.
    Told,
}

#[derive(Debug)]
pub(super) struct Limit {
    pub(super) dimension: usize,
    pub(super) standing: Standing,
    pub(super) shape: Shape,
    /// Units per second.
    pub(super) rate: f64,
    /// For [`Shape::Paced`].
    pub(super) bucket: Bucket,
    /// Sent and not refused since the bucket was last known to be empty.
    pub(super) since: f64,
    pub(super) empty_at: f64,
    /// An earlier time when it was empty, and what was accepted between the two: the longer, the surer the rate.
    pub(super) base_at: f64,
    pub(super) base_units: f64,
    /// What it is if it is not the bucket that it seems to be: how it is counted, and units per second.
    pub(super) otherwise: Option<(Shape, f64)>,
    /// Two walls have agreed about the bucket.
    confirmed: bool,
    /// Walls at which a canary was refused although the rate said that there was room.
    pub(super) slowed: u32,
    /// The provider has told it with a refusal, units per second.
    pub(super) hinted: Option<f64>,
    /// For [`Shape::Paced`] where nothing is stored.
    pace: Pace,
    /// Units per second that a shorter limit lets in beside this one: it was known for sure before the longer was met.
    pub(super) second: Option<f64>,
    /// The rate when it was last empty.
    pub(super) believed: f64,
    /// What one call costs, smoothed.
    pub(super) unit: f64,
    /// The estimate has been confirmed by a refusal beyond it.
    pub(super) sure: bool,
    /// It may be that windows begin here.
    pub(super) maybe_fixed: Option<Edges>,
    pub(super) instead: Instead,
    /// The last experiment about a window's beginning.
    pub(super) edge_asked_at: Option<(u64, f64)>,
    /// Sent beyond a log in the present push: it takes nothing from what the log frees meanwhile, or else it would not
    /// be beyond.
    pub(super) lent: f64,
    /// Pacing within windows: not before.
    due: f64,
    pub(super) without: Option<Part>,
    /// The user forbids more, units per second.
    most: Option<f64>,
}

/// Whether a call fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Units left after the call; negative if it does not fit.
    pub(super) spare: f64,
    /// When it will fit.
    pub(super) at: f64,
}

impl Limit {
    pub(super) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            standing: Standing::Free,
            shape: Shape::Unknown,
            rate: 0.0,
            bucket: Bucket::new(0.0, 0.0, 0.0),
            since: 0.0,
            empty_at: 0.0,
            base_at: 0.0,
            base_units: 0.0,
            believed: 0.0,
            otherwise: None,
            confirmed: false,
            slowed: 0,
            hinted: None,
            pace: Pace::default(),
            second: None,
            unit: 0.0,
            sure: false,
            maybe_fixed: None,
            instead: Instead::Windows,
            edge_asked_at: None,
            lent: 0.0,
            due: 0.0,
            without: None,
            most: None,
        }
    }

    /// What the user knows. How it is counted is not known: nothing exceeds a log of a minute but windows of seconds.
    pub(super) fn bound(&mut self, per_minute: Option<f64>) {
        if let Some(known) = per_minute.filter(|known| known.is_finite() && *known > 0.0) {
            self.most = Some(known / 60.0);
            self.standing = Standing::Confirmed;
            self.shape = Shape::Log { length: 60.0 };
            self.set_rate(known / 60.0);
            self.sure = true;
        }
    }

    pub(super) fn set_rate(&mut self, rate: f64) {
        self.rate = rate.clamp(RATE_MIN, self.most.unwrap_or(f64::MAX));
        self.bucket.rate = CARE * self.rate;
    }

    /// The limit is a bucket that is empty now.
    pub(super) fn set_paced(&mut self, now: f64, rate: f64, capacity: f64) {
        self.shape = Shape::Paced;
        self.bucket = Bucket::new(now, rate, capacity.max(self.unit));
        self.set_rate(rate);
        self.believed = self.rate;
        self.confirmed = false;
        self.pace.forget();
        self.second = None;
    }

    /// The bucket was empty at `at`, when a call was refused: between two such times what was accepted is what came
    /// in. True if that is not what was believed.
    ///
    /// `sent_after`: sent since, and not refused so far.
    pub(super) fn empty(&mut self, refusal: Refusal, sent_after: f64) -> bool {
        let at = refusal.at;
        let counts = self.without != Some(Part::Count);
        if counts && !self.stores() && refusal.second >= 0.5 * self.unit {
            return self.paced(refusal, sent_after);
        }
        let elapsed = at - self.empty_at;
        let spilled = self.bucket.spilled;
        let left = self.bucket.level(at) + sent_after;
        self.bucket.set_at(at, -sent_after);
        let units = (self.since - sent_after).max(0.0);
        if elapsed < SEGMENT_SECS_MIN && units < CALLS_MIN * self.unit {
            return false;
        }
        self.since = sent_after;
        let before = std::mem::replace(&mut self.empty_at, at);
        let smaller = (self.bucket.capacity - left).max(self.unit);
        if spilled
            && self.rate <= self.believed
            && self.bucket.capacity > CALLS_OFF * self.unit
            && (left < CALLS_OFF * self.unit || smaller < 0.8 * self.bucket.capacity)
        {
            self.base_at = at;
            self.base_units = 0.0;
            self.bucket.capacity = self.bucket.capacity.min(smaller.max(units));
            return false;
        }
        let expected = self.believed * elapsed;
        self.base_units += units;
        let off = (CALLS_OFF * self.unit).max(SHARE_OFF * expected);
        if units > expected + off {
            if !self.confirmed && units > REFUTED * expected {
                self.bucket.capacity = self.unit;
                if let Some((shape, rate)) = self.otherwise.take() {
                    self.shape = shape;
                    self.set_rate(rate);
                    self.sure = false;
                    return true;
                }
            }
            self.set_rate(units / elapsed);
            self.believed = self.rate;
            self.base_at = at;
            self.base_units = 0.0;
            self.sure = false;
            return true;
        }
        let changed = units < expected - off;
        self.confirmed |= !changed;
        if self.confirmed {
            self.otherwise = None;
        }
        if changed {
            self.base_at = before;
            self.base_units = units;
        }
        let old = self.rate;
        let base = at - self.base_at;
        if changed || self.base_units > CALLS_MIN * self.unit {
            self.set_rate(self.base_units.max(0.5 * self.unit) / base);
        }
        if changed && units > CALLS_MIN * self.unit {
            self.set_rate((2.0 * self.rate - old).clamp(TREND_MIN * self.rate, self.rate));
        }
        self.believed = self.rate;
        self.sure = self.base_units > CALLS_SURE * self.unit;
        if self.base_units > CALLS_KEPT * self.unit {
            self.base_units *= 0.5;
            self.base_at += 0.5 * base;
        }
        changed
    }

    /// The same where nothing is stored.
    fn paced(&mut self, refusal: Refusal, sent_after: f64) -> bool {
        self.bucket.set_at(refusal.at, -sent_after);
        self.since = sent_after;
        self.empty_at = refusal.at;
        self.base_at = refusal.at;
        self.base_units = 0.0;
        let old = self.rate;
        let Some(rate) = self.pace.refused(refusal, old, self.unit) else {
            self.sure = false;
            return true;
        };
        self.set_rate(rate);
        self.believed = self.rate;
        self.sure = (rate - old).abs() <= SHARE_OFF * old;
        !self.sure
    }

    /// What is not stored is lost while nobody may send: the next segment begins here.
    pub(super) fn restart(&mut self, now: f64) {
        if !self.stores() {
            self.empty_at = now;
            self.since = 0.0;
        }
    }

    /// A call sent at `at` was refused: no more can be there than what came in since.
    pub(super) fn drain(&mut self, now: f64, at: f64) {
        self.bucket.at_most(now, self.bucket.rate * (now - at).max(0.0));
    }

    /// A call was refused after all.
    pub(super) fn refund(&mut self, sent_at: f64, amount: f64) {
        if sent_at > self.empty_at {
            self.since = (self.since - amount).max(0.0);
            self.bucket.give(amount);
        } else if sent_at > self.base_at {
            self.base_units = (self.base_units - amount).max(0.0);
        }
    }

    /// Whether what is not used now can be used later.
    pub(super) fn stores(&self) -> bool {
        !matches!(self.shape, Shape::Paced) || self.bucket.capacity > CALLS_OFF * self.unit
    }

    /// What is let in within a second, if that is the limit and more than one refusal has shown it.
    pub(super) fn sure_second(&self) -> Option<f64> {
        let known = matches!(self.shape, Shape::Paced) && !self.stores() && self.sure;
        (known && self.without != Some(Part::Second)).then_some(self.rate)
    }

    /// A log for sure: what was sent beyond it comes back as an echo.
    pub(super) fn is_log(&self) -> bool {
        self.instead == Instead::Nothing && matches!(self.shape, Shape::Log { .. })
    }

    pub(super) fn may_rise(&self) -> bool {
        self.most.is_none_or(|most| self.rate < most)
    }

    pub(super) fn boost(&mut self, factor: f64) {
        self.bucket.rate = CARE * self.rate * factor;
    }

    pub(super) fn free(&mut self) {
        if self.most.is_none() {
            self.standing = Standing::Free;
            self.shape = Shape::Unknown;
            self.sure = false;
            self.maybe_fixed = None;
            self.second = None;
        }
    }

    /// Asked already about the window that comes next.
    pub(super) fn edge_asked(&self, now: f64) -> bool {
        self.shape
            .length()
            .is_none_or(|length| self.edge_asked_at.is_some_and(|(_, at)| now - at < 0.7 * length))
    }

    /// What a window holds, or a minute of a bucket.
    pub(super) fn allowance(&self) -> f64 {
        self.rate * self.shape.length().unwrap_or(60.0)
    }

    pub(super) fn binds(&self) -> bool {
        self.standing != Standing::Free && !matches!(self.shape, Shape::Unknown)
    }

    pub(super) fn room(&self, ledger: &mut Ledger, now: f64, amount: f64) -> Room {
        let (from, length) = match self.shape {
            Shape::Unknown => return Room { spare: f64::INFINITY, at: now },
            Shape::Paced => {
                let need = amount.min(self.bucket.capacity);
                let spare = self.bucket.level(now) - need;
                return Room { spare, at: self.bucket.reaches(now, need) };
            }
            Shape::Log { length } => (now - length - guard(length), length),
            Shape::Fixed(edges) => (edges.begun(now), edges.length),
        };
        if self.without == Some(Part::Ledger) && matches!(self.shape, Shape::Log { .. }) {
            return Room { spare: 0.0, at: self.due.max(now) };
        }
        ledger.mark(self.dimension, from);
        let used = ledger.used(self.dimension);
        let spare = self.allowance() + self.lent - used - amount;
        let at = if spare >= 0.0 || used <= 0.0 {
            self.due
        } else if let Shape::Fixed(edges) = self.shape {
            edges.next(now) + LATE_SECS
        } else {
            let need = (-spare).min(used) - 1e-9 * used;
            ledger.freed_at(self.dimension, need, length + guard(length)).unwrap_or(now + length)
        };
        Room { spare, at: at.max(now) }
    }

    pub(super) fn charge(&mut self, now: f64, amount: f64) {
        if amount > 0.0 {
            self.unit =
                if self.unit > 0.0 { 0.95f64.mul_add(self.unit, 0.05 * amount) } else { amount };
        }
        self.since += amount;
        self.bucket.take(now, amount);
    }

    /// The next call waits its turn. Beyond a log it comes sooner: such calls are to outrun the echo.
    pub(super) fn keep_pace(&mut self, now: f64, amount: f64, sent: Sent, ledger: &Ledger) {
        let hurry = if sent == Sent::Beyond && self.is_log() { OUTRUN } else { 1.0 };
        let pace = (hurry * self.speed(now, ledger)).min(self.second.unwrap_or(f64::INFINITY));
        if pace > 0.0 {
            let burst = if self.second.is_some() { amount / pace } else { BURST_SECS };
            self.due = self.due.max(now - burst) + amount / pace;
        }
    }

    /// Windows are spread, but not to their end: what is left of them is for finding out whether the limit rose,
    /// and after a late start the rest must fit.
    fn speed(&self, now: f64, ledger: &Ledger) -> f64 {
        let steady = if self.without == Some(Part::Ledger) { self.rate } else { PACE * self.rate };
        match self.shape {
            Shape::Fixed(edges) => {
                let left = (self.allowance() - ledger.used(self.dimension)).max(0.0);
                let until = edges.next(now) - edges.doubt() - (0.02 * edges.length).max(0.1);
                let needed = if until > now { left / (until - now) } else { 0.0 };
                needed.clamp(steady, HURRY * self.rate)
            }
            _ => steady,
        }
    }

    /// The provider charged more (or less) than was noted.
    pub(super) fn settle(&mut self, now: f64, change: f64) {
        self.since = (self.since + change).max(0.0);
        self.bucket.take(now, change);
    }
}
