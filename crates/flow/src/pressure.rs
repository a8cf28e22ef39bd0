//! What to do without as memory fills up: the ladder.
//!
//! A pool of leases bounds what we count; allocators, libraries and the page cache are not counted. So the
//! memory that the machine or the control group says is used decides too: first nothing is fetched ahead, then
//! nothing new is taken in, then fewer calls are made at once. A rung is left 10 % below where it is entered,
//! since memory that swings around a mark would start and stop the intake with every document.

use std::num::NonZeroU64;

/// Shares of the limit at which the rungs are entered, lowest first.
const ENTERED: [(f64, Pressure); 3] =
    [(0.7, Pressure::NoPrefetch), (0.8, Pressure::NoIntake), (0.9, Pressure::HalfConcurrency)];

/// How far below that they are left.
const HYSTERESIS: f64 = 0.1;

/// A rung of the ladder; each does without what the lower ones do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Pressure {
    #[default]
    None,
    /// Nothing is fetched that is not needed now.
    NoPrefetch,
    /// No new document is begun.
    NoIntake,
    /// Half as many calls at once.
    HalfConcurrency,
}

impl Pressure {
    /// Factor on the number of calls at once.
    pub fn concurrency(self) -> f64 {
        if self == Self::HalfConcurrency { 0.5 } else { 1.0 }
    }
}

/// Where on the ladder we are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ladder {
    pressure: Pressure,
}

impl Ladder {
    pub fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// Takes a reading of the bytes in use, and says where that leads.
    pub fn on_reading(&mut self, used: u64, limit: NonZeroU64) -> Pressure {
        let share = used as f64 / limit.get() as f64;
        let highest = |entered: &dyn Fn(f64) -> bool| {
            let rungs = ENTERED.iter().filter(|(at, _)| entered(*at));
            rungs.map(|(_, rung)| *rung).max().unwrap_or_default()
        };
        let up = highest(&|at| share >= at);
        let kept = highest(&|at| share >= at - HYSTERESIS);
        self.pressure = up.max(self.pressure.min(kept));
        self.pressure
    }
}

#[cfg(test)]
mod tests {
    use super::Pressure::{HalfConcurrency, NoIntake, NoPrefetch};
    use super::*;
    use proptest::prelude::*;

    const LIMIT: NonZeroU64 = NonZeroU64::new(1000).unwrap();

    fn after(readings: &[u64]) -> Pressure {
        let mut ladder = Ladder::default();
        for used in readings {
            let said = ladder.on_reading(*used, LIMIT);
            assert_eq!(said, ladder.pressure());
        }
        ladder.pressure()
    }

    #[test]
    fn rungs_are_entered_at_seventy_eighty_and_ninety_percent() {
        let entered = [699, 700, 799, 800, 899, 900, 5000].map(|used| after(&[used]));
        let expected = [
            Pressure::None,
            NoPrefetch,
            NoPrefetch,
            NoIntake,
            NoIntake,
            HalfConcurrency,
            HalfConcurrency,
        ];
        assert_eq!(entered, expected);
    }

    #[test]
    fn a_rung_is_left_ten_percent_below_where_it_was_entered() {
        let left = [801, 799, 701, 699, 601, 599].map(|used| after(&[900, used]));
        let expected =
            [HalfConcurrency, NoIntake, NoIntake, NoPrefetch, NoPrefetch, Pressure::None];
        assert_eq!(left, expected);
    }

    #[test]
    fn only_the_highest_rung_halves_the_concurrency() {
        let factors = [0, 750, 850, 950].map(|used| (after(&[used]).concurrency() * 10.0) as u32);
        assert_eq!(factors, [10, 10, 10, 5]);
    }

    proptest! {
        #[test]
        fn the_rung_is_always_between_what_the_reading_enters_and_what_it_leaves(
            readings in prop::collection::vec(0u64..1200, 1..100),
        ) {
            let last = *readings.last().unwrap();
            let now = after(&readings);
            prop_assert!(after(&[last]) <= now && now <= after(&[last + 100 + 1]));
        }

        #[test]
        fn swinging_by_less_than_ten_percent_changes_the_rung_at_most_once(
            middle in 0u64..1200,
            swings in prop::collection::vec(0u64..99, 1..100),
        ) {
            let mut ladder = Ladder::default();
            let mut rungs: Vec<Pressure> =
                swings.iter().map(|swing| ladder.on_reading(middle + swing, LIMIT)).collect();
            prop_assert!(rungs.is_sorted(), "up and down again: {rungs:?}");
            rungs.dedup();
            prop_assert!(rungs.len() <= 2);
        }
    }
}
