//! How long the last calls took, with the quantiles that are asked for at every call always at hand.

use super::SAMPLES_MIN;
use hdrhistogram::Histogram;

/// Answers until a histogram is replaced, so that the past fades: at least this many are looked at, at most twice
/// as many.
const GENERATION: u64 = 1000;

const MILLIS_MAX: u64 = 3_600_000;

/// The quantiles that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    P99,
    P995,
}

impl Share {
    fn of_all(self) -> f64 {
        match self {
            Self::P99 => 0.99,
            Self::P995 => 0.995,
        }
    }
}

/// Durations within 1 %.
#[derive(Debug)]
pub(super) struct Durations {
    young: Half,
    old: Half,
}

impl Durations {
    pub(super) fn new() -> Self {
        Self { young: Half::new(), old: Half::new() }
    }

    pub(super) fn record(&mut self, seconds: f64) {
        if self.young.all.len() == GENERATION {
            self.old = std::mem::replace(&mut self.young, Half::new());
        }
        self.young.record((seconds * 1e3).ceil() as u64);
    }

    /// The larger of both generations' quantiles, where a generation has enough answers to have one; seconds.
    pub(super) fn quantile(&self, share: Share) -> Option<f64> {
        let known =
            [&self.young, &self.old].into_iter().filter(|half| half.all.len() >= SAMPLES_MIN);
        known.map(|half| half.mark(share).value as f64 / 1e3).max_by(f64::total_cmp)
    }
}

/// One generation.
#[derive(Debug)]
struct Half {
    all: Histogram<u32>,
    marks: [Mark; 2],
}

impl Half {
    fn new() -> Self {
        let all = Histogram::new_with_bounds(1, MILLIS_MAX, 2)
            .expect("a histogram takes bounds of 1 to an hour of milliseconds and two digits");
        Self { all, marks: [Share::P99, Share::P995].map(Mark::new) }
    }

    fn record(&mut self, millis: u64) {
        let millis = millis.min(MILLIS_MAX);
        self.all.saturating_record(millis);
        for mark in &mut self.marks {
            mark.count(millis, &self.all);
        }
    }

    fn mark(&self, share: Share) -> &Mark {
        match share {
            Share::P99 => &self.marks[0],
            Share::P995 => &self.marks[1],
        }
    }
}

/// A quantile and how many lie on each side of it. Searching the histogram took a third of a dispatcher's time; counted
/// along, it is searched only when the quantile has moved, and the value is the same.
#[derive(Debug)]
struct Mark {
    share: Share,
    /// Milliseconds, the upper end of what the histogram does not tell apart, and the lower.
    value: u64,
    lowest: u64,
    below: u64,
    up_to: u64,
    #[cfg(test)]
    searches: u32,
}

impl Mark {
    fn new(share: Share) -> Self {
        Self {
            share,
            value: 0,
            lowest: 0,
            below: 0,
            up_to: 0,
            #[cfg(test)]
            searches: 0,
        }
    }

    fn count(&mut self, millis: u64, all: &Histogram<u32>) {
        self.below += u64::from(millis < self.lowest);
        self.up_to += u64::from(millis <= self.value);
        let rank = ((self.share.of_all() * all.len() as f64).ceil() as u64).max(1);
        if self.up_to < rank || self.below >= rank {
            #[cfg(test)]
            {
                self.searches += 1;
            }
            self.value = all.value_at_quantile(self.share.of_all());
            self.lowest = all.lowest_equivalent(self.value);
            self.below =
                self.lowest.checked_sub(1).map_or(0, |highest| all.count_between(0, highest));
            self.up_to = self.below + u64::from(all.count_at(self.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quantile_counted_along_is_the_one_that_a_search_finds(
            millis in prop::collection::vec((0u32..4, 0u64..5_000_000), 1..1500),
        ) {
            let mut half = Half::new();
            for (small, millis) in millis {
                half.record(if small > 0 { millis % 300 } else { millis });
                for share in [Share::P99, Share::P995] {
                    let searched = half.all.value_at_quantile(share.of_all());
                    prop_assert_eq!(half.mark(share).value, searched);
                }
            }
        }
    }

    #[test]
    fn the_histogram_is_searched_only_when_the_quantile_moves() {
        let mut half = Half::new();
        for call in 0..900_u64 {
            half.record(100 + call % 7);
        }
        let searches = half.mark(Share::P995).searches;
        assert!(searches < 45, "{searches}");
    }
}
