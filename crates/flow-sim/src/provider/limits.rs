//! All limits of one group of keys.

use super::limiter::Limiter;
use super::settings::{LimitSettings, Limited};
use flow::cost::Cost;
use quota::Dimension;

/// What the limits say to a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ruling {
    Admitted,
    Refused {
        /// The one that would refuse for longest.
        dimension: Dimension,
        /// Seconds until the call would fit if nothing else came; none: never, or nobody knows.
        wait: Option<f64>,
    },
}

/// One limit as a provider would tell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    pub dimension: Dimension,
    /// Per minute; [`Dimension::Day`]: per day; [`Dimension::InFlight`]: calls at once.
    pub limit: f64,
    /// What fits now, not below 0.
    pub remaining: f64,
    /// Seconds until all of it fits again.
    pub reset: Option<f64>,
}

/// Several limits, asked together: a call that one of them refuses uses up none of the others.
#[derive(Debug, Clone)]
pub struct Limits {
    limiters: Vec<Limiter>,
}

impl Limits {
    /// The seed decides where windows begin.
    pub fn new(settings: &[LimitSettings], seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self { limiters: settings.iter().map(|one| Limiter::new(one, &mut rng)).collect() }
    }

    /// Goes on with other limits. One that has the dimension, kind and length of the one in its place keeps what was
    /// used of that; the others are as new.
    pub fn retune(&mut self, settings: &[LimitSettings]) {
        let mut rng = fastrand::Rng::with_seed(settings.len() as u64);
        let mut old = std::mem::take(&mut self.limiters).into_iter();
        let next = |one| {
            let fresh = Limiter::new(one, &mut rng);
            old.next().map_or(fresh.clone(), |old| fresh.heir(old))
        };
        self.limiters = settings.iter().map(next).collect();
    }

    /// `in_flight`: calls being served, without this one. `now` never goes back.
    pub fn admit(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Ruling {
        let ruling = self.would(now, cost, in_flight);
        for limiter in &mut self.limiters {
            let amount = amount(limiter.dimension, cost);
            match ruling {
                Ruling::Admitted => limiter.charge(now, amount),
                Ruling::Refused { .. } => limiter.refuse(now, amount),
            }
        }
        ruling
    }

    /// What [`Limits::admit`] would say, without asking it.
    pub fn would(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Ruling {
        let mut refused: Option<(Dimension, Option<f64>)> = None;
        for limiter in &mut self.limiters {
            limiter.advance(now);
            let amount = amount(limiter.dimension, cost);
            if limiter.fits(now, amount, in_flight) {
                continue;
            }
            let found = (limiter.dimension.dimension(), limiter.wait(now, amount));
            if refused.is_none_or(|other| longer(found.1, other.1)) {
                refused = Some(found);
            }
        }
        refused.map_or(Ruling::Admitted, |(dimension, wait)| Ruling::Refused { dimension, wait })
    }

    /// Every limit as it stands at `now`, in the order of the settings.
    pub fn state(&mut self, now: f64, in_flight: usize) -> Vec<State> {
        let tell = |limiter: &mut Limiter| {
            limiter.advance(now);
            State {
                dimension: limiter.dimension.dimension(),
                limit: limiter.limit(now),
                remaining: limiter.remaining(now, in_flight).max(0.0),
                reset: limiter.reset(now),
            }
        };
        self.limiters.iter_mut().map(tell).collect()
    }

    /// The first time after `now` at which a limit may be another one.
    pub fn next_step(&self, now: f64) -> Option<f64> {
        self.limiters.iter().filter_map(|one| one.schedule().next_step(now)).min_by(f64::total_cmp)
    }

    /// Where the windows of the first limit begin, up to `end`; none unless it is a fixed window shorter than that.
    pub fn edges(&self, end: f64) -> Option<Vec<f64>> {
        let (edge, secs) = self.limiters.first()?.edges()?;
        if secs >= end {
            return None;
        }
        let before = (edge / secs).floor();
        let first = edge - before * secs;
        let windows = ((end - first) / secs).floor() as usize;
        Some((0..=windows).map(|window| first + window as f64 * secs).collect())
    }
}

fn amount(limited: Limited, cost: &Cost) -> f64 {
    match limited {
        Limited::InFlight | Limited::Day => 1.0,
        Limited::Requests | Limited::InputTokens | Limited::Items => cost.of(limited.dimension()),
    }
}

/// Never is longer than any time.
fn longer(a: Option<f64>, b: Option<f64>) -> bool {
    a.unwrap_or(f64::INFINITY) > b.unwrap_or(f64::INFINITY)
}
