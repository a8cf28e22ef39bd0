//! How many tokens a batch holds: found by climbing, because the best size depends on model and processor.
//!
//! A batch is cut in the order of arrival and never splits a text. Its size changes no vector, only the speed: too
//! small, and the weights pass through the caches for few rows; too large, and the rows leave the caches.
#![forbid(unsafe_code)]

use std::time::Duration;

/// Within a few per cent of the best on every processor measured, so that little is lost while climbing.
const START: usize = 512;

/// Smaller batches waste a tile's rows, larger ones only memory.
const RANGE: std::ops::RangeInclusive<usize> = 128..=8192;

/// A step up or down.
const STEP: f64 = 1.25;

/// A gain that is worth a step; less is noise on a shared machine.
const GAIN: f64 = 1.03;

/// Tokens that are measured at a size before it is judged.
const MEASURED: usize = 16_384;

/// The size in use and what is known of its neighbours. Never stops: each judgement needs `MEASURED` tokens, and
/// after a fall back the size rests for so many times that as it has fallen back before, at most `REST_MAX`.
#[derive(Debug, Clone)]
pub struct Budget {
    size: usize,
    /// Where it stood before the last step, with the speed there; none while resting.
    left: Option<(usize, f64)>,
    direction: Direction,
    tokens: usize,
    seconds: f64,
    rest: usize,
    falls: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

const REST_MAX: usize = 64;

impl Default for Budget {
    fn default() -> Self {
        Self {
            size: START,
            left: None,
            direction: Direction::Up,
            tokens: 0,
            seconds: 0.0,
            rest: 0,
            falls: 0,
        }
    }
}

impl Budget {
    /// Tokens of the next batch.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Takes note of a batch that was cut at `size` and took so long. Batches of another size (cut before the last
    /// step by another thread) and those far from full say nothing.
    pub fn record(&mut self, size: usize, tokens: usize, took: Duration) {
        if size != self.size || tokens * 2 < size || took.is_zero() {
            return;
        }
        self.tokens += tokens;
        self.seconds += took.as_secs_f64();
        if self.tokens >= MEASURED {
            let speed = self.tokens as f64 / self.seconds;
            (self.tokens, self.seconds) = (0, 0.0);
            self.judge(speed);
        }
    }

    fn judge(&mut self, speed: f64) {
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        match self.left {
            // The step paid: another one.
            Some((_, before)) if speed > before * GAIN => self.step(speed),
            // It did not: back, and look the other way next time.
            Some((before, _)) => {
                self.size = before;
                self.left = None;
                self.turn();
                self.falls += 1;
                self.rest = self.falls.min(REST_MAX);
            }
            None => self.step(speed),
        }
    }

    fn step(&mut self, speed: f64) {
        let factor = if self.direction == Direction::Up { STEP } else { STEP.recip() };
        let next = ((self.size as f64 * factor) as usize).clamp(*RANGE.start(), *RANGE.end());
        if next == self.size {
            self.left = None;
            self.turn();
            return;
        }
        self.left = Some((self.size, speed));
        self.size = next;
    }

    fn turn(&mut self) {
        self.direction = match self.direction {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
        };
    }
}

/// How many of the next texts, of these lengths in tokens, make up a batch of at most `budget` tokens: at least one.
pub fn cut(lengths: impl IntoIterator<Item = usize>, budget: usize) -> usize {
    let mut sum = 0;
    let fits = lengths.into_iter().take_while(|length| {
        sum += length;
        sum <= budget
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs against a machine whose speed depends on the size, and gives the share of the best speed reached at the
    /// end.
    fn climb(speed: impl Fn(usize) -> f64) -> f64 {
        let mut budget = Budget::default();
        for _ in 0..20_000 {
            let size = budget.size();
            let took = Duration::from_secs_f64(size as f64 / speed(size));
            budget.record(size, size, took);
        }
        let best = RANGE.map(&speed).fold(0.0, f64::max);
        // A look at a neighbour may be under way: take the better of where it is and where it came from.
        let here = speed(budget.left.map_or(budget.size, |(before, _)| before));
        here.max(speed(budget.size)) / best
    }

    #[test]
    fn it_climbs_to_within_a_few_per_cent_of_the_best_size() {
        let peak = |best: f64| {
            move |size: usize| {
                let away = (size as f64 / best).ln();
                5000.0 / (1.0 + 0.6 * away * away)
            }
        };
        for best in [200.0, 512.0, 2000.0, 6000.0] {
            let reached = climb(peak(best));
            assert!(reached > 0.95, "best at {best}: {reached}");
        }
        assert!(climb(|size| size as f64) > 0.8, "always upwards");
        assert!(climb(|_| 1000.0) > 0.99, "flat");
    }

    #[test]
    fn on_a_flat_curve_it_stays_near_where_it_began() {
        let mut budget = Budget::default();
        for _ in 0..5000 {
            let size = budget.size();
            budget.record(size, size, Duration::from_secs_f64(size as f64 / 5000.0));
            assert!((400..=640).contains(&budget.size()));
        }
    }

    #[test]
    fn half_empty_batches_and_those_of_another_size_say_nothing() {
        let mut budget = Budget::default();
        for _ in 0..1000 {
            budget.record(512, 255, Duration::from_millis(1));
            budget.record(100, 100, Duration::from_millis(1));
            budget.record(512, 512, Duration::ZERO);
        }
        assert_eq!(budget.size(), START);
    }

    #[test]
    fn a_batch_holds_what_fits_and_never_splits_a_text() {
        assert_eq!(cut([100, 200, 300], 512), 2);
        assert_eq!(cut([100, 200, 212, 1], 512), 3);
        assert_eq!(cut([900, 1], 512), 1);
        assert_eq!(cut([10], 512), 1);
    }
}
