//! Slots for calls, kept by a refused call while it backs off.
//!
//! So works a pool of workers that each send, wait and send again: a call that waits for its next attempt lets no
//! other call through. Calls are alike here: whichever call is sent first after a wait is taken for the one that
//! waited. The bound on what is kept is the width.

use crate::policy::{Admission, Attempt};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Slots {
    /// Refusals so far of the calls under way; a call without any is not listed.
    refused: BTreeMap<u64, u32>,
    asleep: Vec<Asleep>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Asleep {
    until: f64,
    refusals: u32,
}

impl Slots {
    /// May one more call start when at most `width` slots are taken? `in_flight`: calls under way.
    pub fn admit(&self, now: f64, width: usize, in_flight: usize) -> Admission {
        if in_flight + self.asleep(now) < width {
            return Admission::Send;
        }
        let later = self.asleep.iter().map(|sleeper| sleeper.until).filter(|until| *until > now);
        let wakes = later.fold(f64::INFINITY, f64::min);
        if in_flight < width && wakes.is_finite() {
            Admission::NotBefore(wakes)
        } else {
            Admission::Wait
        }
    }

    /// Calls that back off.
    pub fn asleep(&self, now: f64) -> usize {
        self.asleep.iter().filter(|sleeper| sleeper.until > now).count()
    }

    /// A call that has slept its time goes before a new one.
    pub fn on_sent(&mut self, attempt: &Attempt) {
        let due =
            self.asleep.iter().enumerate().filter(|(_, sleeper)| sleeper.until <= attempt.sent_at);
        let first =
            due.min_by(|(_, a), (_, b)| a.until.total_cmp(&b.until)).map(|(index, _)| index);
        if let Some(index) = first {
            let sleeper = self.asleep.swap_remove(index);
            self.refused.insert(attempt.id, sleeper.refusals);
        }
    }

    /// The call is over and its slot free.
    pub fn release(&mut self, attempt: &Attempt) {
        self.refused.remove(&attempt.id);
    }

    /// The call was refused and keeps its slot; `delay` gives the seconds for its nth refusal, from 1.
    pub fn back_off(&mut self, now: f64, attempt: &Attempt, delay: impl FnOnce(u32) -> f64) {
        let refusals = self.refused.remove(&attempt.id).unwrap_or(0) + 1;
        self.asleep.push(Asleep { until: now + delay(refusals), refusals });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Cost;

    fn attempt(id: u64, sent_at: f64) -> Attempt {
        Attempt { id, sent_at, cost: Cost::request(1.0, 1.0), in_flight: 1 }
    }

    #[test]
    fn a_call_that_backs_off_lets_no_other_through() {
        let mut slots = Slots::default();
        slots.on_sent(&attempt(1, 0.0));
        assert_eq!(slots.admit(0.0, 2, 1), Admission::Send);
        slots.back_off(0.1, &attempt(1, 0.0), |_| 3.0);
        assert_eq!(slots.admit(0.1, 1, 0), Admission::NotBefore(3.1));
        assert_eq!(slots.admit(0.1, 2, 1), Admission::NotBefore(3.1));
        assert_eq!(slots.admit(3.1, 1, 0), Admission::Send);
    }

    #[test]
    fn full_of_calls_under_way_waits_for_a_result() {
        let mut slots = Slots::default();
        slots.back_off(0.0, &attempt(1, 0.0), |_| 3.0);
        assert_eq!(slots.admit(0.0, 2, 2), Admission::Wait);
    }

    #[test]
    fn refusals_are_counted_per_call_until_it_gets_through() {
        let mut slots = Slots::default();
        let mut counted = Vec::new();
        for id in 0..3 {
            let sent_at = id as f64 * 10.0;
            slots.on_sent(&attempt(id, sent_at));
            slots.back_off(sent_at, &attempt(id, sent_at), |n| {
                counted.push(n);
                1.0
            });
        }
        slots.on_sent(&attempt(3, 30.0));
        slots.release(&attempt(3, 30.0));
        slots.on_sent(&attempt(4, 40.0));
        slots.back_off(40.0, &attempt(4, 40.0), |n| {
            counted.push(n);
            1.0
        });
        assert_eq!(counted, [1, 2, 3, 1]);
    }

    #[test]
    fn a_call_sent_before_the_sleeper_wakes_is_another_call() {
        let mut slots = Slots::default();
        slots.back_off(0.0, &attempt(1, 0.0), |_| 5.0);
        slots.on_sent(&attempt(2, 1.0));
        slots.back_off(1.0, &attempt(2, 1.0), f64::from);
        assert_eq!(slots.admit(1.5, 2, 0), Admission::NotBefore(2.0));
    }
}
