//! How many calls at once the callee can use, told from latency and throughput.
//!
//! Latency per call grows in proportion to what waits at the callee, so `width * (1 - base / median)` is the queue
//! that our own calls form there. A base measured once drifts with the overload that it measures; therefore the
//! drain test: with a quarter less in flight, does as much come out? Source: TCP Vegas; the idea of the second
//! signal is failsafe-go's.

/// Below this many completions a median says nothing.
const SAMPLES_MIN: usize = 8;

/// A window never needs more to be steady, whatever its length.
const SAMPLES_MAX: usize = 512;

/// Completions that a drain test needs per window to beat noise.
const DRAIN_SAMPLES_MIN: usize = 30;

/// Standard error of the median of n latencies, times √n, as a share: their logarithms spread by about 0.3.
const NOISE: f64 = 0.37;

/// Three quarters in flight gave no more of the throughput than this: all of it is used, and more would be.
const PROPORTIONAL: f64 = 0.82;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Drain {
    /// Next test at this time.
    Idle(f64),
    /// Cut was made; measured from this time on.
    Settling {
        from: f64,
        before: Measured,
    },
    Measuring {
        before: Measured,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    width: f64,
    rate: f64,
    median: f64,
}

#[derive(Debug)]
pub(super) struct Width {
    limit: f64,
    max: f64,
    /// Doubling until the first sign of a queue.
    fast: bool,
    srtt: f64,
    base: Option<f64>,
    samples: Vec<f64>,
    count: usize,
    opened: f64,
    peak: usize,
    drain: Drain,
    shrunk_at: f64,
}

impl Width {
    pub(super) fn new(start: usize, max: usize) -> Self {
        let max = max.max(1) as f64;
        Self {
            limit: (start.max(1) as f64).min(max),
            max,
            fast: true,
            srtt: 0.0,
            base: None,
            samples: Vec::new(),
            count: 0,
            opened: 0.0,
            peak: 0,
            drain: Drain::Idle(0.0),
            shrunk_at: f64::NEG_INFINITY,
        }
    }

    pub(super) fn limit(&self) -> f64 {
        self.limit
    }

    /// Smoothed latency of a call, seconds; zero before the first.
    pub(super) fn srtt(&self) -> f64 {
        self.srtt
    }

    /// A call ended well.
    pub(super) fn sample(&mut self, now: f64, latency: f64, in_flight: usize) {
        let latency = latency.max(1e-6);
        self.srtt =
            if self.srtt > 0.0 { 0.9f64.mul_add(self.srtt, 0.1 * latency) } else { latency };
        self.peak = self.peak.max(in_flight);
        self.count += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(latency);
        }
        let floor = if self.fast { 0.1 } else { 0.5 };
        let span = if self.fast { self.srtt } else { 2.0 * self.srtt };
        let enough = if self.fast { SAMPLES_MIN.min(self.limit as usize) } else { SAMPLES_MIN };
        if self.samples.len() >= enough && now - self.opened >= span.max(floor) {
            self.close(now);
        }
    }

    /// The server has no room for anybody: once in ten seconds a fifth less, but never below half of what worked,
    /// because a brown-out also slows the calls and needs more of them at once for the same rate.
    pub(super) fn overloaded(&mut self, now: f64) {
        if now - self.shrunk_at >= 10.0 {
            self.shrunk_at = now;
            self.limit = (self.limit * 0.8).max(2.0).min(self.limit);
            self.fast = false;
        }
    }

    fn close(&mut self, now: f64) {
        let median = median(&mut self.samples);
        let elapsed = (now - self.opened).max(1e-3);
        let measured = Measured { width: self.limit, rate: self.count as f64 / elapsed, median };
        let full = self.peak as f64 >= 0.8 * self.limit;
        let count = self.count;
        self.samples.clear();
        self.count = 0;
        self.peak = 0;
        self.opened = now;
        if full {
            self.decide(now, measured, count);
        } else {
            self.base = Some(self.base.map_or(median, |base| base.min(median)));
            if !matches!(self.drain, Drain::Idle(_)) {
                self.drain = Drain::Idle(now + self.drain_interval());
            }
        }
    }

    fn drain_interval(&self) -> f64 {
        (30.0 * self.srtt).max(10.0)
    }

    fn decide(&mut self, now: f64, measured: Measured, count: usize) {
        let base = self.base.map_or(measured.median, |base| base.min(measured.median));
        self.base = Some(base);
        match self.drain {
            Drain::Settling { from, before } => {
                if now >= from {
                    self.drain = Drain::Measuring { before };
                }
                return;
            }
            Drain::Measuring { before } => {
                if measured.rate >= 0.95 * before.rate {
                    self.drain = Drain::Idle(now + 1.0);
                } else {
                    self.set(before.width);
                    self.base = Some(before.median);
                    self.drain = Drain::Idle(now + self.drain_interval());
                    self.fast = measured.rate < PROPORTIONAL * before.rate;
                }
                return;
            }
            Drain::Idle(_) => {}
        }
        let noise = self.limit * NOISE / (count.min(SAMPLES_MAX) as f64).sqrt();
        let queue = self.limit * (1.0 - base / measured.median);
        let little = (0.1 * self.limit).max(1.5);
        if self.fast {
            if queue < 2.0 * (little + noise) {
                self.set(self.limit * 2.0);
                return;
            }
            self.fast = false;
            self.drain = Drain::Idle(now + 20.0);
        }
        match self.drain {
            Drain::Idle(at) if now >= at && self.limit > 4.0 && count >= DRAIN_SAMPLES_MIN => {
                self.set((self.limit * 0.75).floor());
                self.drain = Drain::Settling { from: now + 1.2 * self.srtt, before: measured };
            }
            _ if queue < little => self.set(self.limit + (self.limit.sqrt() / 2.0).max(1.0)),
            _ if queue > (0.25 * self.limit).max(3.0) + noise => self.set(self.limit * 0.92),
            _ => {}
        }
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(2.0f64.min(self.max), self.max);
    }
}

fn median(samples: &mut [f64]) -> f64 {
    let middle = samples.len() / 2;
    *samples.select_nth_unstable_by(middle, f64::total_cmp).1
}
