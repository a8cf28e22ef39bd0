//! The seam between the simulated world and whoever makes the calls.

mod dispatched;
mod driven;

pub use dispatched::Dispatched;
pub use driven::Driven;

use crate::work::{Backlog, Work};
use flow::policy::{Attempt, Outcome, Reading};

/// One call on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    pub work: Work,
    pub attempt: Attempt,
    /// Seconds after which the client no longer waits for the reply; infinite: never.
    pub timeout: f64,
}

/// What a client does next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Sends this now.
    Call(Call),
    /// Does nothing until this time, or until a reply where none is given.
    Idle { until: Option<f64> },
}

/// Makes calls to a provider.
///
/// The world asks [`Client::next`] until it is idle: at the start, after every reply, and at the time that the
/// client named. Every call ends with exactly one [`Client::on_end`]; what failed is the client's to send again.
pub trait Client: Send + std::fmt::Debug {
    /// Takes hardly more from `backlog` than it sends at once.
    fn next(&mut self, now: f64, backlog: &mut Backlog) -> Step;

    fn on_end(&mut self, now: f64, call: &Call, outcome: &Outcome);

    fn reading(&self) -> Reading;
}
