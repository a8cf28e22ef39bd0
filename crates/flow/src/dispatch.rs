//! Everything between "this must be sent" and "send it now": one line for all classes of work, one decision.
//!
//! The order of an outbound call is written once, in [`Dispatcher::next_call`]: deadline, retry, breaker, rate,
//! concurrency, timeout, the call. No permit is held while anything waits. A state machine without clock or input:
//! the same object runs in simulation, under paused time and in production.

mod allowance;
mod cut;
mod route;
mod settings;
mod unit;
#[cfg(test)]
mod tests;

pub use route::{Role, Route};
pub use settings::{BatchCaps, Settings};
pub use unit::{Size, Terms};

use crate::cost::Cost;
use crate::fair::FairQueue;
use crate::policy::{Admission, Attempt, Changes, Outcome, Reading, Verdict};
use crate::retry::Retry;
use allowance::Allowance;
use unit::{Delayed, Entry, Parcel, Postponed, Unit};

/// What the caller has to do.
#[derive(Debug)]
pub enum Step<T> {
    /// Make this call now.
    Call(Call<T>),
    /// This item's deadline passed before it could be sent.
    Expired(T),
    /// Ask again at this time, or when something was pushed or ended.
    NotBefore(f64),
    /// Ask again when something was pushed or ended.
    Wait,
    Halt(Halt),
}

/// Nothing can be sent now.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Blocked {
    NotBefore(f64),
    Wait,
    Halt(Halt),
}

impl<T> From<Blocked> for Step<T> {
    fn from(blocked: Blocked) -> Self {
        match blocked {
            Blocked::NotBefore(at) => Self::NotBefore(at),
            Blocked::Wait => Self::Wait,
            Blocked::Halt(halt) => Self::Halt(halt),
        }
    }
}

/// Why nothing more can be sent, ever or for longer than the caller wants to wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Halt {
    /// Every route refuses its credential or has used up its quota.
    Parked,
    /// No answer for [`Settings::patience`].
    Away,
    /// The next call would cost more than may be spent.
    Spent,
}

/// A call to make; hand it back to [`Dispatcher::settle`].
#[derive(Debug)]
pub struct Call<T> {
    parcel: Parcel<T>,
    attempt: Attempt,
    reserved: f64,
    /// Index of the route, in the order given.
    pub route: usize,
    /// Seconds that the call may take.
    pub timeout: f64,
}

/// Whether a deadline leaves a call less time than calls of its size need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CutShort {
    No,
    Yes,
}

impl<T> Call<T> {
    pub fn items(&self) -> impl ExactSizeIterator<Item = &T> {
        self.parcel.units.iter().map(|unit| &unit.item)
    }

    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}

/// What became of a call.
#[derive(Debug)]
pub enum Settled<T> {
    /// In the order in which they were sent.
    Answered(Vec<T>),
    /// This one item is what cannot be done.
    GaveUp(T),
    /// It is tried again.
    Later,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    pub requests: u64,
    pub throttled: u64,
    /// Calls that were made again for another reason than a limit.
    pub retried: u64,
    /// Calls without an answer.
    pub failed: u64,
    /// Input tokens charged, as told, else as estimated.
    pub tokens: f64,
}

/// The one line in front of a callee.
#[derive(Debug)]
pub struct Dispatcher<T> {
    settings: Settings,
    routes: Vec<Route>,
    queue: FairQueue<Entry<T>>,
    /// Calls to be made again, each not before its time.
    delayed: Vec<Delayed<T>>,
    /// Earliest time in `delayed`.
    due: f64,
    /// Of `delayed`, those that wait for the budget alone.
    postponed: usize,
    allowance: Allowance,
    counts: Counts,
    in_flight: usize,
    attempts: u64,
    /// Charged tokens per estimated one.
    scale: f64,
    /// Since when nothing was answered although something was tried.
    starving_since: Option<f64>,
    /// Replies asked to wait until then.
    told_until: f64,
    /// Items whose deadline passed while a batch was cut.
    late: Vec<T>,
    /// Nothing more comes: no batch waits for company.
    closed: bool,
}

/// Shortest wait for the budget of retries, in seconds.
const TICK: f64 = 0.001;

/// Seconds after a told wait in which its retry is to be answered.
const TOLD_GRACE: f64 = 60.0;

/// Weight of the newest call in the correction of token estimates.
const SCALE_WEIGHT: f64 = 0.05;

impl<T> Dispatcher<T> {
    /// `routes`: at least one. `tokens_max`: input tokens that may be spent in all.
    pub fn new(settings: Settings, routes: Vec<Route>, tokens_max: Option<f64>) -> Self {
        assert!(!routes.is_empty(), "a dispatcher needs a route");
        Self {
            queue: FairQueue::default(),
            delayed: Vec::new(),
            due: f64::INFINITY,
            postponed: 0,
            allowance: Allowance::new(tokens_max),
            counts: Counts::default(),
            in_flight: 0,
            attempts: 0,
            scale: 1.0,
            starving_since: None,
            told_until: f64::NEG_INFINITY,
            late: Vec::new(),
            closed: false,
            settings,
            routes,
        }
    }

    pub fn push(&mut self, now: f64, terms: Terms, item: T) {
        if self.is_idle() {
            // Nobody waited for an answer meanwhile.
            self.starving_since = None;
        }
        let Terms { class, size, deadline } = terms;
        let unit = Unit { item, size, entered: now, deadline };
        self.queue.push(now, class, weight(size.tokens), Entry::Fresh(unit));
    }

    /// Nothing more will be pushed: batches that are not full go at once.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Everything that waits, taken out of the line: nothing more will be sent.
    pub fn take_waiting(&mut self) -> Vec<T> {
        let mut items = std::mem::take(&mut self.late);
        let mut parcels: Vec<_> = self.delayed.drain(..).map(|delayed| delayed.parcel).collect();
        while let Some(served) = self.queue.pop(0.0) {
            match served.item {
                Entry::Fresh(unit) => items.push(unit.item),
                Entry::Again(parcel) => parcels.push(parcel),
            }
        }
        items.extend(parcels.into_iter().flat_map(|parcel| parcel.units).map(|unit| unit.item));
        items
    }

    /// Waiting in line, not in flight.
    pub fn waiting(&self) -> usize {
        self.queue.len() + self.delayed.len() + self.late.len()
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.waiting() == 0
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Of each route, in the order given.
    pub fn readings(&self) -> impl Iterator<Item = Reading> {
        self.routes.iter().map(Route::reading)
    }

    /// After each of these it is worth to ask again.
    pub fn changes(&self) -> Vec<Changes> {
        self.routes.iter().filter_map(Route::changes).collect()
    }

    /// The order of an outbound call. Everything is checked before anything is taken: a refusal changes nothing.
    pub fn next_call(&mut self, now: f64) -> Step<T> {
        self.release(now);
        let Some(head) = self.queue.head(now) else {
            return self.late.pop().map_or_else(|| later(self.due).into(), Step::Expired);
        };
        // Deadline: nothing starts that nobody waits for.
        if let Some(item) = self.late.pop().or_else(|| self.expired(now, head)) {
            return Step::Expired(item);
        }
        // Retry: a call that is made again is at the head of its class, as it was; else a batch is cut.
        let (class, count, cost) = match self.foremost(now, head) {
            Ok(front) => front,
            Err(closes) => return Step::NotBefore(closes.min(self.due)),
        };
        if let Some(halt) = self.halted(now, &cost) {
            return halt.into();
        }
        // Breaker, rate, concurrency: all of one route or none.
        match self.admitted(now, &cost) {
            Err(blocked) => blocked.into(),
            Ok(route) => {
                let parcel = self.take(now, class, count);
                Step::Call(self.start(now, route, parcel, cost))
            }
        }
    }

    /// Every call ends here, exactly once.
    pub fn settle(&mut self, now: f64, call: Call<T>, outcome: &Outcome) -> Settled<T> {
        let Call { mut parcel, attempt, reserved, route, .. } = call;
        self.in_flight -= 1;
        let retry = self.routes[route].ended(now, &attempt, outcome, parcel.tried);
        if let Some(wait) = outcome.hint.retry_after {
            self.told_until = self.told_until.max(now + wait);
        }
        self.account(&attempt, reserved, outcome);
        if matches!(outcome.verdict, Verdict::Answered | Verdict::Rejected) {
            self.starving_since = None;
            if self.postponed > 0 {
                self.hasten(now, route);
            }
        } else {
            self.starving_since.get_or_insert(now);
        }
        match retry {
            Retry::Never if outcome.verdict == Verdict::Answered => {
                Settled::Answered(parcel.units.into_iter().map(|unit| unit.item).collect())
            }
            Retry::Never => self.split(now, parcel),
            // The gate of the route decides when; nobody's attempt is used up.
            Retry::WhenAdmitted | Retry::Park { .. } => {
                self.put_back(now, parcel);
                Settled::Later
            }
            Retry::At { due, price } => {
                self.counts.retried += 1;
                parcel.tried.failures += 1;
                if self.is_to_blame(&attempt, outcome) {
                    parcel.blamed += 1;
                }
                if parcel.blamed >= self.settings.failures_max {
                    return self.split(now, parcel);
                }
                self.due = self.due.min(due);
                self.delayed.push(Delayed { due, price, route, postponed: Postponed::No, parcel });
                Settled::Later
            }
        }
    }

    /// An outage counts against nothing: only a call that fails while others are answered does.
    fn is_to_blame(&self, attempt: &Attempt, outcome: &Outcome) -> bool {
        let answers = self.routes.iter().filter_map(|route| route.last_answer);
        let last = answers.fold(f64::NEG_INFINITY, f64::max);
        outcome.verdict != Verdict::Overloaded && last > attempt.sent_at
    }

    /// A success pays for retries that waited for the budget of its route.
    fn hasten(&mut self, now: f64, route: usize) {
        let waiting =
            |entry: &&mut Delayed<T>| entry.route == route && entry.postponed == Postponed::Yes;
        for entry in self.delayed.iter_mut().filter(waiting) {
            entry.due = now;
            self.due = now;
        }
    }

    fn account(&mut self, attempt: &Attempt, reserved: f64, outcome: &Outcome) {
        let estimated = attempt.cost.of(quota::Dimension::InputTokens);
        let charged = outcome.usage.map(|usage| usage.of(quota::Dimension::InputTokens));
        let spent = match outcome.verdict {
            Verdict::Answered => {
                if let Some(charged) = charged
                    && estimated > 0.0
                {
                    let ratio = self.scale * charged / estimated;
                    self.scale += SCALE_WEIGHT * (ratio - self.scale);
                }
                charged.unwrap_or(estimated)
            }
            // The provider may have done the work that nobody waited for.
            Verdict::TimedOut => estimated,
            _ => 0.0,
        };
        self.allowance.settle(reserved, spent);
        self.counts.tokens += spent;
        match outcome.verdict {
            Verdict::Throttled => self.counts.throttled += 1,
            Verdict::Answered => {}
            _ => self.counts.failed += 1,
        }
    }

    /// Halves of a refused call; a single item is its own outcome.
    fn split(&mut self, now: f64, mut parcel: Parcel<T>) -> Settled<T> {
        if parcel.units.len() == 1
            && let Some(unit) = parcel.units.pop()
        {
            return Settled::GaveUp(unit.item);
        }
        let (first, second) = parcel.split();
        self.put_back(now, second);
        self.put_back(now, first);
        Settled::Later
    }

    fn put_back(&mut self, now: f64, parcel: Parcel<T>) {
        let weight = parcel.units.iter().map(|unit| weight(unit.size.tokens)).sum();
        self.queue.push_front(now, parcel.class, weight, Entry::Again(parcel));
    }

    fn release(&mut self, now: f64) {
        if now < self.due {
            return;
        }
        for mut entry in std::mem::take(&mut self.delayed) {
            if entry.due <= now {
                match self.routes[entry.route].retries.release(now, entry.price) {
                    Ok(()) => {
                        entry.parcel.tried.paid = entry.price;
                        self.put_back(now, entry.parcel);
                        continue;
                    }
                    Err(at) => {
                        // Rounding must not make the wait shorter than the clock can tell.
                        entry.due = at.max(now + TICK);
                        entry.postponed = Postponed::Yes;
                    }
                }
            }
            self.delayed.push(entry);
        }
        self.due = self.delayed.iter().map(|entry| entry.due).fold(f64::INFINITY, f64::min);
        let postponed = |entry: &&Delayed<T>| entry.postponed == Postponed::Yes;
        self.postponed = self.delayed.iter().filter(postponed).count();
    }

    fn halted(&self, now: f64, cost: &Cost) -> Option<Blocked> {
        // Whoever is told to wait is not left without an answer.
        let patient = now < self.told_until + TOLD_GRACE;
        let starved = |since| now - since > self.settings.patience;
        let halt = if !patient && self.starving_since.is_some_and(starved) {
            Halt::Away
        } else if !self.allowance.covers(cost.of(quota::Dimension::InputTokens)) {
            Halt::Spent
        } else {
            return None;
        };
        // What is in flight may still be answered, and may cost less than was thought.
        let wait = self.in_flight > 0 && halt == Halt::Spent;
        Some(if wait { Blocked::Wait } else { Blocked::Halt(halt) })
    }

    fn admitted(&mut self, now: f64, cost: &Cost) -> Result<usize, Blocked> {
        let usable = |route: &Route| route.role == Role::Primary && !route.is_out(now);
        let role = if self.routes.iter().any(usable) { Role::Primary } else { Role::Standby };
        let mut order: Vec<usize> = (0..self.routes.len())
            .filter(|index| role == Role::Standby || self.routes[*index].role == Role::Primary)
            .collect();
        order.sort_by(|a, b| self.routes[*a].load().total_cmp(&self.routes[*b].load()));
        let mut next = f64::INFINITY;
        for index in order {
            match self.routes[index].admit(now, cost) {
                Admission::Send => return Ok(index),
                Admission::NotBefore(at) => next = next.min(at),
                Admission::Wait => {}
            }
        }
        Err(self.blocked(now, next))
    }

    fn blocked(&self, now: f64, next: f64) -> Blocked {
        let parked = self.routes.iter().all(|route| route.parked(now).is_some());
        if parked && next > now + self.settings.patience {
            return if self.in_flight > 0 { Blocked::Wait } else { Blocked::Halt(Halt::Parked) };
        }
        later(next)
    }

    fn start(&mut self, now: f64, route: usize, mut parcel: Parcel<T>, cost: Cost) -> Call<T> {
        self.attempts += 1;
        self.in_flight += 1;
        self.counts.requests += 1;
        let reserved = cost.of(quota::Dimension::InputTokens);
        self.allowance.reserve(reserved);
        let attempt = self.routes[route].sent(now, self.attempts, cost);
        let limit = self.routes[route].timeout(now, &cost);
        let left = parcel.deadline().map_or(f64::INFINITY, |deadline| deadline - now);
        parcel.tried.cut_short = if left < limit { CutShort::Yes } else { CutShort::No };
        Call { parcel, attempt, reserved, route, timeout: limit.min(left) }
    }
}

/// What an item counts in the shares of the classes.
fn weight(tokens: f64) -> f64 {
    tokens.max(1.0)
}

fn later(at: f64) -> Blocked {
    if at.is_finite() { Blocked::NotBefore(at) } else { Blocked::Wait }
}
