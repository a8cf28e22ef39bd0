//! Calls by hand, for the tests of update rules.

use flow::cost::Cost;
use flow::policy::{Attempt, Outcome, Policy, Verdict};
use quota::Hint;

/// Calls that all cost one request, one after the other in their numbers.
#[derive(Debug, Default)]
pub(super) struct Calls {
    next: u64,
}

impl Calls {
    pub(super) const COST: Cost = Cost([1.0, 1.0, 0.0, 1.0]);

    /// One call with so many in flight, over at `ended_at`.
    pub(super) fn end(
        &mut self,
        policy: &mut dyn Policy,
        (sent_at, ended_at): (f64, f64),
        in_flight: usize,
        verdict: Verdict,
    ) {
        let attempt = Attempt { id: self.next, sent_at, cost: Self::COST, in_flight };
        self.next += 1;
        policy.on_sent(&attempt);
        // A wait of nothing keeps back-off out of what is tested.
        let hint = Hint { retry_after: Some(0.0), ..Hint::default() };
        policy.on_result(ended_at, &attempt, &Outcome { hint, ..Outcome::plain(verdict) });
    }
}

/// Calls at once that the policy holds to.
pub(super) fn width(policy: &dyn Policy) -> f64 {
    policy.reading().in_flight.unwrap()
}
