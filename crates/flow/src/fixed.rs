//! So many calls at once and no other limit: for callees that have none, such as a model in this process.

use crate::cost::Cost;
use crate::policy::{Admission, Attempt, Outcome, Policy, Reading};

#[derive(Debug, Clone, Copy)]
pub struct Fixed {
    width: usize,
}

impl Fixed {
    /// `width`: calls at once, at least one.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1) }
    }
}

impl Policy for Fixed {
    fn can_send(&mut self, _now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        if in_flight < self.width { Admission::Send } else { Admission::Wait }
    }

    fn on_sent(&mut self, _attempt: &Attempt) {}

    fn on_result(&mut self, _now: f64, _attempt: &Attempt, _outcome: &Outcome) {}

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.width as f64), ..Reading::default() }
    }
}
