//! Holds calls back while a provider fails, as much as it fails.
//!
//! The client-side throttle of Beyer et al., "Site Reliability Engineering" (2016), chapter "Handling Overload":
//! of the requests of late, the share `p = max(0, (requests - K * accepts) / (requests + 1))` is not sent. With
//! K = 2 nothing happens until more than half fails. What differs here, and why:
//!
//! * Nobody is turned away. Work waits in a queue, so a share of requests becomes a gap between them: the odds
//!   `p / (1 - p)` over the number of requests looked at, times [`PROBE`]. Where nothing was accepted that is
//!   the probing interval, which grows by half per probe from 1 s to 5 s and is whole again with the first
//!   success. It takes the part of a maximal p: probes always flow.
//! * "Of late" is the last [`SAMPLE`] answers within [`Breaker::set_p99`]'s window, not a span of time alone. At
//!   100 calls per second a span of 30 s needs 15 s of nothing but failures to notice, and as long to forget.
//! * A request counts when it is answered, or unanswered when it has been under way for longer than nearly all
//!   take. Counted at once, the first calls of a slow provider would look like failures; counted only at its
//!   end, a provider that swallows calls would look idle.
//! * A throttled call (429) says nothing of the provider's health, neither do refused credentials. A refused
//!   input says that it works.

use crate::policy::Verdict;
use std::collections::VecDeque;

/// Requests per accept that are still let through: the book's K.
pub const K: f64 = 2.0;

/// Answers looked at: enough that chance does not make a majority of 30 % failures (p < 0.5 %), few enough that
/// an outage costs few calls and is soon forgotten.
pub const SAMPLE: usize = 40;

/// Seconds between the first probes, and the most between later ones. Up to a quarter is added, so that many
/// clients do not knock together.
pub const PROBE: f64 = 1.0;
pub const PROBE_MAX: f64 = 4.0;
const PROBE_GROWTH: f64 = 1.5;
const JITTER: f64 = 0.25;

/// Seconds that an answer counts.
const WINDOW: f64 = 30.0;

/// Fastest providers are not suspected sooner than this, in seconds.
const PATIENCE_MIN: f64 = 1.0;

/// Fewer failures than this are a weaker reason to wait: one alone waits a fifth of [`PROBE`].
const FEW: f64 = 5.0;

/// The throttle of one provider. Times are seconds on any clock that does not run backwards.
#[derive(Debug)]
pub struct Breaker {
    answers: VecDeque<(f64, Answer)>,
    accepts: usize,
    /// When each call under way was sent. Which one an answer belongs to does not matter for counting.
    under_way: VecDeque<f64>,
    window: f64,
    /// Seconds under way from which a call counts as not accepted.
    patience: f64,
    probe: f64,
    last_sent: f64,
    /// Factor on the gap after the last call.
    stretch: f64,
    random: fastrand::Rng,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    Failed,
}

impl Breaker {
    pub fn new(seed: u64) -> Self {
        Self {
            answers: VecDeque::with_capacity(SAMPLE),
            accepts: 0,
            under_way: VecDeque::new(),
            window: WINDOW,
            patience: WINDOW,
            probe: PROBE,
            last_sent: f64::NEG_INFINITY,
            stretch: 1.0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Tells in how many seconds 99 % of the answers come: twice that, and a second at least, is how
    /// long a call may be under way before it counts as failed, and how long answers count if that is more than 30 s.
    pub fn set_p99(&mut self, seconds: f64) {
        self.patience = PATIENCE_MIN.max(2.0 * seconds);
        self.window = WINDOW.max(self.patience);
    }

    /// May a call be sent now? Error: the time at which to ask again, at most 5 s after the last call; results
    /// in between may make it earlier.
    pub fn admit(&mut self, now: f64) -> Result<(), f64> {
        self.forget(now);
        let not_before = self.last_sent + self.gap(now);
        if now >= not_before { Ok(()) } else { Err(not_before) }
    }

    pub fn on_sent(&mut self, now: f64) {
        self.forget(now);
        if self.accepts == 0 && self.requests(now) >= FEW {
            self.probe = (self.probe * PROBE_GROWTH).min(PROBE_MAX);
        }
        self.under_way.push_back(now);
        self.last_sent = now;
        self.stretch = 1.0 + JITTER * self.random.f64();
    }

    /// Exactly once for every call that was sent.
    pub fn on_result(&mut self, now: f64, verdict: Verdict) {
        self.under_way.pop_front();
        match verdict {
            Verdict::Answered | Verdict::Rejected => {
                self.probe = PROBE;
                self.count(now, Answer::Accepted);
            }
            Verdict::Overloaded | Verdict::Failed | Verdict::TimedOut => {
                self.count(now, Answer::Failed);
            }
            Verdict::Throttled | Verdict::Parked => {}
        }
    }

    /// The p of the module's formula: 0 while the provider does its work, towards 1 when nothing is accepted.
    pub fn rejection(&self, now: f64) -> f64 {
        let odds = self.odds(now);
        odds / (1.0 + odds)
    }

    fn gap(&self, now: f64) -> f64 {
        self.probe * self.stretch * self.odds(now) / self.requests(now).max(FEW)
    }

    /// p / (1 - p).
    fn odds(&self, now: f64) -> f64 {
        let passed = K * self.accepts as f64;
        (self.requests(now) - passed).max(0.0) / (passed + 1.0)
    }

    fn requests(&self, now: f64) -> f64 {
        let overdue = self.under_way.partition_point(|sent| *sent <= now - self.patience);
        (self.answers.len() + overdue) as f64
    }

    fn count(&mut self, now: f64, answer: Answer) {
        self.forget(now);
        if self.answers.len() == SAMPLE {
            self.forget_first();
        }
        self.answers.push_back((now, answer));
        self.accepts += usize::from(answer == Answer::Accepted);
    }

    /// Drops what is older than the window; a breaker that hears nothing closes.
    fn forget(&mut self, now: f64) {
        while self.answers.front().is_some_and(|(at, _)| *at < now - self.window) {
            self.forget_first();
        }
        if self.requests(now) == 0.0 {
            self.probe = PROBE;
        }
    }

    fn forget_first(&mut self) {
        let first = self.answers.pop_front();
        self.accepts -= usize::from(first.is_some_and(|(_, answer)| answer == Answer::Accepted));
    }
}

#[cfg(test)]
mod tests;
