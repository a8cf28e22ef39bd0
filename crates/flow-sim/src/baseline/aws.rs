//! The adaptive retry mode of the AWS clients: a token bucket whose rate follows TCP CUBIC after the first throttle.
//!
//! Source: botocore, `retries/adaptive.py`, `throttling.py` and `bucket.py`; the callers behind it are 100. It counts
//! requests only, so a limit by tokens reaches it through refusals alone.

use super::pool::{Pool, is_refused};
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading};

const CALLERS: usize = 100;
/// Weight of the newest rate.
const SMOOTHING: f64 = 0.8;
/// Width of the buckets in which calls are counted, in seconds.
const BUCKET_SECS: f64 = 0.5;
/// CUBIC's constant, in requests per s⁴.
const SCALE: f64 = 0.4;
/// Share of the rate that a throttle leaves.
const BETA: f64 = 0.7;
const RATE_MIN: f64 = 0.5;
/// Rounding of the clock must not ask twice for the same instant.
const ROUNDING: f64 = 1e-9;

#[derive(Debug)]
pub struct AwsAdaptive {
    pool: Pool,
    /// Off until the first throttle.
    enabled: bool,
    measured: Measured,
    cubic: Cubic,
    bucket: Bucket,
}

impl AwsAdaptive {
    pub fn new(seed: u64) -> Self {
        Self {
            pool: Pool::new(seed),
            enabled: false,
            measured: Measured::default(),
            cubic: Cubic::default(),
            bucket: Bucket { fill: 1.0, capacity: 1.0, level: 0.0, at: 0.0 },
        }
    }
}

impl Policy for AwsAdaptive {
    fn can_send(&mut self, now: f64, _cost: &Cost, in_flight: usize) -> Admission {
        match self.pool.admit(now, CALLERS, in_flight) {
            Admission::Send if self.enabled => self.bucket.admit(now),
            other => other,
        }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        self.pool.on_sent(attempt);
        if self.enabled {
            self.bucket.refill(attempt.sent_at);
            self.bucket.level -= 1.0;
        }
    }

    fn on_result(&mut self, now: f64, attempt: &Attempt, outcome: &Outcome) {
        self.pool.on_result(now, attempt, outcome);
        let measured = self.measured.record(now);
        let rate = if is_refused(outcome.verdict) {
            let rate = if self.enabled { measured.min(self.bucket.fill) } else { measured };
            self.enabled = true;
            self.cubic.on_throttle(now, rate)
        } else {
            self.cubic.on_success(now)
        };
        self.bucket.set_fill(now, rate.min(2.0 * measured));
    }

    fn reading(&self) -> Reading {
        let requests = self.enabled.then_some(self.bucket.fill);
        Reading {
            rates: [requests, None, None, None],
            in_flight: Some(CALLERS as f64),
            closed_until: None,
        }
    }
}

/// The rate of replies.
#[derive(Debug, Default)]
struct Measured {
    rate: f64,
    count: f64,
    bucket: f64,
}

impl Measured {
    fn record(&mut self, now: f64) -> f64 {
        self.count += 1.0;
        let bucket = (now / BUCKET_SECS).floor() * BUCKET_SECS;
        if bucket > self.bucket {
            let rate = self.count / (bucket - self.bucket);
            self.rate = SMOOTHING * rate + (1.0 - SMOOTHING) * self.rate;
            self.count = 0.0;
            self.bucket = bucket;
        }
        self.rate
    }
}

#[derive(Debug, Default)]
struct Cubic {
    /// Rate at the last throttle.
    w_max: f64,
    /// Seconds after a throttle until that rate is reached again.
    k: f64,
    last_throttle: f64,
}

impl Cubic {
    fn on_success(&self, now: f64) -> f64 {
        SCALE * (now - self.last_throttle - self.k).powi(3) + self.w_max
    }

    fn on_throttle(&mut self, now: f64, rate: f64) -> f64 {
        self.w_max = rate;
        self.k = (rate * (1.0 - BETA) / SCALE).cbrt();
        self.last_throttle = now;
        BETA * rate
    }
}

#[derive(Debug)]
struct Bucket {
    fill: f64,
    capacity: f64,
    level: f64,
    at: f64,
}

impl Bucket {
    fn refill(&mut self, now: f64) {
        self.level = (self.level + (now - self.at) * self.fill).min(self.capacity);
        self.at = now;
    }

    fn admit(&mut self, now: f64) -> Admission {
        self.refill(now);
        if self.level >= 1.0 - ROUNDING {
            Admission::Send
        } else {
            Admission::NotBefore(now + (1.0 - self.level) / self.fill)
        }
    }

    fn set_fill(&mut self, now: f64, rate: f64) {
        self.refill(now);
        self.fill = rate.max(RATE_MIN);
        self.capacity = rate.max(1.0);
        self.level = self.level.min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::Calls;
    use super::*;
    use flow::policy::Verdict;

    #[test]
    fn a_throttle_leaves_seven_tenths_and_cubic_is_back_after_k() {
        let mut cubic = Cubic::default();
        assert!((cubic.on_throttle(100.0, 10.0) - 7.0).abs() < 1e-12);
        let k = (0.3 * 10.0 / 0.4_f64).cbrt();
        assert!((cubic.on_success(100.0) - 7.0).abs() < 1e-9);
        assert!((cubic.on_success(100.0 + k) - 10.0).abs() < 1e-9);
        assert!((cubic.on_success(100.0 + k + 2.0) - 13.2).abs() < 1e-9);
    }

    #[test]
    fn the_measured_rate_moves_four_fifths_of_the_way_per_bucket() {
        let mut measured = Measured::default();
        for call in 0..5 {
            assert!(measured.record(f64::from(call) * 0.1) < 1e-12, "no bucket is over");
        }
        assert!((measured.record(0.5) - 0.8 * 12.0).abs() < 1e-9);
        assert!((measured.record(1.5) - (0.8 * 1.0 + 0.2 * 9.6)).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_held_back_before_the_first_throttle_but_the_hundredth_caller() {
        let mut aws = AwsAdaptive::new(1);
        assert_eq!(aws.can_send(0.0, &Calls::COST, 99), Admission::Send);
        assert_eq!(aws.can_send(0.0, &Calls::COST, 100), Admission::Wait);
        assert_eq!(aws.reading().rates[0], None);
    }

    #[test]
    fn after_a_throttle_calls_are_paced_at_seven_tenths_of_the_measured_rate() {
        let mut aws = AwsAdaptive::new(1);
        let mut calls = Calls::default();
        for tenth in 0..100 {
            let sent = f64::from(tenth) / 10.0;
            calls.end(&mut aws, (sent, sent + 0.1), 1, Verdict::Answered);
        }
        calls.end(&mut aws, (10.0, 10.05), 1, Verdict::Throttled);
        let rate = aws.reading().rates[0].unwrap();
        assert!((6.5..7.6).contains(&rate), "{rate}");
        let (started, mut now) = (10.1, 10.1);
        let mut sent = 0;
        while now < started + 10.0 {
            match aws.can_send(now, &Calls::COST, 1) {
                Admission::Send => {
                    sent += 1;
                    let attempt =
                        Attempt { id: 1000 + sent, sent_at: now, cost: Calls::COST, in_flight: 1 };
                    aws.on_sent(&attempt);
                }
                Admission::NotBefore(later) => now = later,
                Admission::Wait => panic!("nothing is in flight"),
            }
        }
        // Ten seconds of it, and the full bucket at the start, which holds one second.
        let expected = 11.0 * rate;
        assert!((sent as f64 - expected).abs() <= 1.5, "{sent} of {expected}");
    }

    #[test]
    fn a_client_that_sends_little_is_not_allowed_more_than_twice_that() {
        let mut aws = AwsAdaptive::new(1);
        let mut calls = Calls::default();
        calls.end(&mut aws, (0.0, 0.7), 1, Verdict::Throttled);
        for second in 1..30 {
            let sent = f64::from(second);
            calls.end(&mut aws, (sent, sent + 0.1), 1, Verdict::Answered);
        }
        assert!((aws.reading().rates[0].unwrap() - 2.0).abs() < 1e-6);
    }

    #[test]
    fn the_rate_never_falls_below_one_call_in_two_seconds() {
        let mut aws = AwsAdaptive::new(1);
        let mut calls = Calls::default();
        for second in 1..200 {
            let sent = f64::from(second) * 3.0;
            calls.end(&mut aws, (sent, sent + 0.05), 1, Verdict::Throttled);
        }
        assert!((aws.reading().rates[0].unwrap() - RATE_MIN).abs() < 1e-12);
    }
}
