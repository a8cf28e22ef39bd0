//! The seam of admission: when may the next call start?
//!
//! A policy is a state machine without clock, input or output: times are seconds on any monotonic clock, handed
//! in by the caller and never decreasing. The same object runs in simulation, under paused time and in production.

use crate::cost::Cost;
use quota::Hint;
use tokio::sync::watch;

/// Answer to "may this call start now?".
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Admission {
    Send,
    /// Ask again at this time, or after any result.
    NotBefore(f64),
    /// Ask again after a result.
    Wait,
}

/// One call as it was sent. A retry is another attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Unique within the policy's life.
    pub id: u64,
    pub sent_at: f64,
    /// As estimated when it was sent.
    pub cost: Cost,
    /// Calls in flight when it was sent, itself included.
    pub in_flight: usize,
}

/// How an attempt ended, for flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Answered,
    /// The client's own limit (429); which one, the hint may say.
    Throttled,
    /// The server has no room for anybody (503, 529, `slow_down`).
    Overloaded,
    /// 500, 502, 504, connection reset, reply that makes no sense.
    Failed,
    TimedOut,
    /// The input is refused (400, 413, 422): the provider works.
    Rejected,
    /// The credential is refused or its quota is used up: nothing more through this group for now.
    Parked,
}

/// The end of an attempt and what the reply said.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    pub hint: Hint,
    /// What the provider charged, where it says so; else the estimate stands.
    pub usage: Option<Cost>,
}

impl Outcome {
    /// Nothing but the verdict.
    pub fn plain(verdict: Verdict) -> Self {
        Self { verdict, hint: Hint::default(), usage: None }
    }
}

/// What a policy holds to at the moment, for people to look at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// Units per second; none: not limited as far as is known. In the order of [`crate::cost::RATES`].
    pub rates: [Option<f64>; crate::cost::RATES.len()],
    /// Calls at once.
    pub in_flight: Option<f64>,
    /// Seconds on the caller's clock; nothing is sent before.
    pub closed_until: Option<f64>,
}

/// Changes whenever somebody else's result may have changed an answer. What it holds means nothing.
pub type Changes = watch::Receiver<u64>;

/// Decides when calls to one limit group may start.
///
/// The caller asks [`Policy::can_send`], and on `Send` sends at once and says so with [`Policy::on_sent`]. Each
/// attempt ends with exactly one [`Policy::on_result`].
pub trait Policy: Send + std::fmt::Debug {
    /// `in_flight`: calls under way, without this one. Refusing changes nothing but the policy's own clock.
    fn can_send(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Admission;

    fn on_sent(&mut self, attempt: &Attempt);

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome);

    fn reading(&self) -> Reading;

    /// Where others send to the same group; none: the caller's own results are all there are.
    fn changes(&self) -> Option<Changes> {
        None
    }
}
