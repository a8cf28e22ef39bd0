//! What a scenario writes about the work.

use super::Span;
use serde::Deserialize;

/// The work: endless unless arrivals are given.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkSettings {
    /// Input tokens per request.
    pub tokens: Size,
    /// Texts per request.
    pub items: Size,
    /// The requests' tokens grow or shrink.
    #[serde(rename = "shift")]
    pub shifts: Vec<Shift>,
    #[serde(rename = "arrival")]
    pub arrivals: Vec<Arrival>,
    /// Requests per second that somebody waits for, at random times, beside the others.
    pub urgent_per_sec: Option<f64>,
    /// Times at which nothing can be taken from the pile.
    #[serde(rename = "pause")]
    pub pauses: Vec<Span>,
}

impl WorkSettings {
    /// Times the size at the start, at this time.
    pub fn factor_at(&self, now: f64) -> f64 {
        self.shifts.iter().rfind(|shift| shift.at_secs <= now).map_or(1.0, |shift| shift.factor)
    }
}

impl Default for WorkSettings {
    fn default() -> Self {
        let fixed = |median| Size { median, sigma: 0.0, min: 1.0, max: None };
        Self {
            tokens: fixed(500.0),
            items: fixed(1.0),
            shifts: Vec::new(),
            arrivals: Vec::new(),
            urgent_per_sec: None,
            pauses: Vec::new(),
        }
    }
}

/// A lognormal amount, cut off at both ends; without `sigma` always the median.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub median: f64,
    #[serde(default)]
    pub sigma: f64,
    #[serde(default = "least")]
    pub min: f64,
    pub max: Option<f64>,
}

impl Size {
    /// The mean, cuts left aside.
    pub fn mean(&self) -> f64 {
        self.median * (self.sigma * self.sigma / 2.0).exp()
    }
}

fn least() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    pub at_secs: f64,
    /// Times the size at the start.
    pub factor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    pub at_secs: f64,
    pub requests: u64,
}
