//! So many callers, always: what most scripts do.

use super::pool::Pool;
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading};

#[derive(Debug)]
pub struct Fixed {
    width: usize,
    pool: Pool,
}

impl Fixed {
    pub fn new(width: usize, seed: u64) -> Self {
        Self { width, pool: Pool::new(seed) }
    }
}

impl Policy for Fixed {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        self.pool.admit(now, self.width, in_flight)
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
    }

    fn reading(&self) -> Reading {
        Reading { in_flight: Some(self.width as f64), ..Reading::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::Calls;
    use super::*;
    use flow::policy::Verdict;
    use quota::Hint;

    #[test]
    fn the_slot_of_a_refused_call_stays_taken_for_what_the_provider_asks() {
        let mut fixed = Fixed::new(2, 1);
        let attempt = Attempt { id: 1, sent_at: 0.0, cost: Calls::COST, in_flight: 1 };
        fixed.on_sent(&attempt);
        let hint = Hint { retry_after: Some(4.0), ..Hint::default() };
        let refused = Outcome { hint, ..Outcome::plain(Verdict::Throttled) };
        fixed.on_result(0.1, &attempt, &refused);
        assert_eq!(fixed.can_send(0.2, &Calls::COST, 0), Admission::Send);
        assert_eq!(fixed.can_send(0.2, &Calls::COST, 2), Admission::Wait);
        let Admission::NotBefore(wakes) = fixed.can_send(0.2, &Calls::COST, 1) else {
            panic!("the slot is free")
        };
        assert!((4.1..=4.15).contains(&wakes), "{wakes}");
        assert_eq!(fixed.can_send(wakes, &Calls::COST, 1), Admission::Send);
    }
}
