//! Samples of one second, averaged: what Netflix's limits are fed.
//!
//! Source: Netflix concurrency-limits, `WindowedLimit` with its defaults (1 s, at least 10 samples).

const WINDOW_SECS: f64 = 1.0;
const SAMPLES_MIN: u32 = 10;

#[derive(Debug, Default)]
pub struct Window {
    ends_at: f64,
    sum: f64,
    samples: u32,
    in_flight_max: usize,
}

/// The average round trip in seconds and the most calls in flight of one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub round_trip: f64,
    pub in_flight: usize,
}

impl Window {
    /// The window's sample when this call ended it; a window of few calls says nothing.
    pub fn add(&mut self, now: f64, round_trip: f64, in_flight: usize) -> Option<Sample> {
        self.sum += round_trip;
        self.samples += 1;
        self.in_flight_max = self.in_flight_max.max(in_flight);
        if now <= self.ends_at {
            return None;
        }
        let full = std::mem::replace(self, Self { ends_at: now + WINDOW_SECS, ..Self::default() });
        (full.samples >= SAMPLES_MIN).then(|| Sample {
            round_trip: full.sum / f64::from(full.samples),
            in_flight: full.in_flight_max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_calls_is_one_sample_of_their_average_and_their_most_in_flight() {
        let mut window = Window::default();
        assert_eq!(window.add(0.1, 9.0, 99), None, "one call is too few");
        let mut samples = Vec::new();
        for tenth in 2..=12_u32 {
            let now = f64::from(tenth) / 10.0;
            samples.extend(window.add(now, f64::from(tenth % 2), tenth as usize));
        }
        let [sample] = samples[..] else { panic!("{samples:?}") };
        assert!((sample.round_trip - 5.0 / 11.0).abs() < 1e-12 && sample.in_flight == 12);
    }
}
