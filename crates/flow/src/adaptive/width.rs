//! How many calls at once the callee can use, told from throughput.
//!
//! At the start the number doubles until latency says that calls wait for one another. A base latency drifts with the
//! overload that it measures, so from then on only experiments count: with a few calls fewer, does as much come out?
//! With a few more, does more come out? Source: the idea of the second signal is failsafe-go's; the queue estimate
//! `width * (1 - base / median)` is TCP Vegas's.

/// Below this many completions a median says nothing.
const SAMPLES_MIN: usize = 8;

/// A window never needs more to be steady, whatever its length.
const SAMPLES_MAX: usize = 512;

/// Completions in a window whose throughput is compared: service times that spread by a quarter leave 2 % of error.
const COUNT_MIN: f64 = 140.0;

/// Slow callees do not give so many in time.
const COUNT_MIN_SLOW: f64 = 40.0;
const WINDOW_SECS_MAX: f64 = 12.0;

/// Standard deviation of the latencies' logarithms for which these counts are enough. What comes out of a fixed width
/// is off by `sqrt(exp(spread²) - 1) / sqrt(n)`, so where latencies spread more, as many more calls are counted.
const SPREAD: f64 = 0.3;

/// The same for the start, where nothing has been measured: the first few may be alike by chance.
const SPREAD_MIN: f64 = 0.3;

/// Standard error of a median of n, times √n, in standard deviations: √(π/2).
const MEDIAN_ERROR: f64 = 1.25;

/// Latencies that the measured spread reaches back to.
const SPREAD_CALLS: f64 = 200.0;

/// Fewer by this, and as much must come out.
const DOWN: f64 = 0.88;
const DOWN_KEEPS: f64 = 0.965;

/// More by this, and more must come out.
const UP: f64 = 1.15;
const UP_GAINS: f64 = 1.05;

/// So much more is all that was asked for: the callee is far from full.
const UP_GAINS_ALL: f64 = 1.11;

/// Between experiments that changed nothing.
const REST_SECS: f64 = 12.0;

/// Of the width, what must have been under way for the width to be what held calls back; and of the calls of a window,
/// how many must have been sent so: a few at the head of a burst say nothing about the rest.
const FULL: f64 = 0.8;

/// Timeouts are set to what one call in two hundred takes at most: so many time out where nothing is wrong.
const TIMEOUTS_SHARE: f64 = 0.01;

/// A server that has no room is given time before it is asked to take less again.
const OVERLOAD_SECS: f64 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// Doubling until the first sign of a queue.
    Start,
    /// Measuring what comes out as it is, then trying another width.
    Rest {
        until: f64,
    },
    Settle {
        until: f64,
        before: Measured,
    },
    Compare {
        before: Measured,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    width: f64,
    rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Up,
}

#[derive(Debug)]
pub(super) struct Width {
    limit: f64,
    max: f64,
    step: Step,
    next: Direction,
    srtt: f64,
    base: Option<f64>,
    spread: Spread,
    samples: Vec<f64>,
    count: usize,
    opened: f64,
    peak: usize,
    /// Calls of this window that were sent when about as many as may be were under way.
    crowded: usize,
    /// Timeouts that are not made up for by answers.
    timeouts: f64,
    shrunk_at: f64,
}

impl Width {
    pub(super) fn new(start: usize, max: usize) -> Self {
        let max = max.max(1) as f64;
        Self {
            limit: (start.max(1) as f64).min(max),
            max,
            step: Step::Start,
            next: Direction::Down,
            srtt: 0.0,
            base: None,
            spread: Spread::default(),
            samples: Vec::new(),
            count: 0,
            opened: 0.0,
            peak: 0,
            crowded: 0,
            timeouts: 0.0,
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
        self.spread.add(latency.ln());
        self.peak = self.peak.max(in_flight);
        self.crowded += usize::from(in_flight as f64 >= FULL * self.limit);
        self.timeouts = (self.timeouts - TIMEOUTS_SHARE).max(0.0);
        self.count += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(latency);
        }
        let open = now - self.opened;
        let over = match self.step {
            Step::Start => {
                self.count >= SAMPLES_MIN.min(self.limit as usize) && open >= self.srtt.max(0.1)
            }
            Step::Settle { until, .. } => now >= until,
            Step::Rest { .. } | Step::Compare { .. } => {
                let count = self.count as f64 / self.spread.calls();
                let enough =
                    count >= COUNT_MIN || (count >= COUNT_MIN_SLOW && open >= WINDOW_SECS_MAX);
                enough && open >= 2.0 * self.srtt
            }
        };
        if over {
            self.close(now, open.max(1e-3));
        }
    }

    /// The server has no room for anybody: once in ten seconds a fifth less. Not more, because a brown-out also slows
    /// the calls and needs more of them at once for the same rate.
    pub(super) fn overloaded(&mut self, now: f64) {
        if now - self.shrunk_at >= OVERLOAD_SECS {
            self.shrunk_at = now;
            self.limit = (self.limit * 0.8).max(2.0).min(self.limit);
            self.step = Step::Rest { until: now + OVERLOAD_SECS };
        }
    }

    fn close(&mut self, now: f64, open: f64) {
        let measured = Measured { width: self.limit, rate: self.count as f64 / open };
        let reached = self.peak as f64 >= FULL * self.limit;
        let full = self.crowded as f64 >= FULL * self.count as f64;
        match self.step {
            Step::Start if reached => self.start(now),
            Step::Rest { until } if full && now >= until => self.experiment(now, measured),
            Step::Start | Step::Rest { .. } => {}
            Step::Settle { before, .. } => self.step = Step::Compare { before },
            Step::Compare { before } if full => self.compare(now, before, measured.rate),
            Step::Compare { before } => {
                self.set(before.width);
                self.step = Step::Rest { until: now + REST_SECS };
            }
        }
        self.begin(now);
    }

    fn begin(&mut self, now: f64) {
        self.samples.clear();
        self.count = 0;
        self.peak = 0;
        self.crowded = 0;
        self.opened = now;
    }

    /// Something else than the width has held calls back: what came out meanwhile says nothing about it.
    pub(super) fn interrupted(&mut self, now: f64) {
        if let Step::Settle { before, .. } | Step::Compare { before } = self.step {
            self.set(before.width);
            self.step = Step::Rest { until: now };
        }
        self.begin(now);
    }

    /// A call took longer than nearly all do. One now and then is bad luck, more are a server in trouble.
    pub(super) fn timed_out(&mut self, now: f64) {
        self.timeouts += 1.0;
        if self.timeouts > 1.0 {
            self.overloaded(now);
        }
    }

    fn start(&mut self, now: f64) {
        let spread = self.spread.deviation().max(SPREAD_MIN);
        let noise = MEDIAN_ERROR * spread / (self.samples.len() as f64).sqrt();
        let median = median(&mut self.samples);
        let base = self.base.map_or(median, |base| base.min(median));
        self.base = Some(base);
        let queue = 1.0 - base / median;
        if queue < 2.0 * ((1.5 / self.limit).max(0.1) + noise) {
            self.set(self.limit * 2.0);
        } else {
            self.set((self.limit * (1.0 - queue)).ceil() + 1.0);
            self.step = Step::Rest { until: now + self.srtt };
        }
    }

    fn experiment(&mut self, now: f64, before: Measured) {
        let width = match self.next {
            Direction::Down => (before.width * DOWN).floor(),
            Direction::Up => (before.width * UP).ceil(),
        };
        self.set(width);
        self.step = Step::Settle { until: now + 2.0 * self.srtt, before };
    }

    fn compare(&mut self, now: f64, before: Measured, rate: f64) {
        let kept = match self.next {
            Direction::Down => rate >= DOWN_KEEPS * before.rate,
            Direction::Up => rate >= UP_GAINS * before.rate,
        };
        if !kept {
            self.set(before.width);
            self.next = match self.next {
                Direction::Down => Direction::Up,
                Direction::Up => Direction::Down,
            };
            self.step = Step::Rest { until: now + REST_SECS };
        } else if self.next == Direction::Up && rate >= UP_GAINS_ALL * before.rate {
            self.base = None;
            self.step = Step::Start;
        } else {
            self.step = Step::Rest { until: now };
        }
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(2.0f64.min(self.max), self.max);
    }
}

/// How far the logarithms of latencies are apart.
#[derive(Debug, Default)]
struct Spread {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.count = (self.count + 1.0).min(SPREAD_CALLS);
        let off = value - self.mean;
        self.mean += off / self.count;
        self.variance += (off * (value - self.mean) - self.variance) / self.count;
    }

    fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }

    /// How many calls say as much as one whose latency spreads by [`SPREAD`]; at least one.
    fn calls(&self) -> f64 {
        let squared = |spread: f64| (spread * spread).exp_m1();
        (squared(self.deviation()) / squared(SPREAD)).max(1.0)
    }
}

fn median(samples: &mut [f64]) -> f64 {
    let middle = samples.len() / 2;
    *samples.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests;
