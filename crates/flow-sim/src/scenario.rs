//! What is simulated, and what must come out: data files.

use crate::provider::{HintSettings, LimitSettings, Limited, Schedule, ServiceSettings};
use crate::score::Bars;
use quota::Dimension;
use serde::Deserialize;

mod builtin;

pub use builtin::{builtin, held_out};

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// One line for people.
    pub about: String,
    pub duration_secs: f64,
    /// The first one is what utilisation is measured in.
    #[serde(default, rename = "limit")]
    pub limits: Vec<LimitSettings>,
    #[serde(default)]
    pub hints: HintSettings,
    #[serde(default)]
    pub service: ServiceSettings,
    #[serde(default)]
    pub work: WorkSettings,
    /// Independent clients on the same limits.
    #[serde(default = "one")]
    pub workers: usize,
    /// Times at which the clients' machine stands still; replies wait for it.
    #[serde(default)]
    pub suspended: Vec<Span>,
    #[serde(default)]
    pub bars: Bars,
}

fn one() -> usize {
    1
}

impl Scenario {
    /// What utilisation is measured in: the first limit's dimension, requests where it is not a rate of cost.
    pub fn measured(&self) -> Dimension {
        match self.limits.first().map(|limit| limit.dimension) {
            Some(limited @ (Limited::InputTokens | Limited::Items)) => limited.dimension(),
            _ => Dimension::Requests,
        }
    }

    /// What the first limit lets through per second at this time; none where it is not a rate.
    pub fn rate_at(&self, now: f64) -> Option<f64> {
        let first = self
            .limits
            .first()
            .filter(|limit| !matches!(limit.dimension, Limited::InFlight | Limited::Day))?;
        Some(Schedule::new(first).ours(now) / 60.0)
    }
}

/// From a time, up to but without another one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub from_secs: f64,
    pub until_secs: f64,
}

impl Span {
    pub fn contains(&self, now: f64) -> bool {
        self.from_secs <= now && now < self.until_secs
    }
}

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
    /// Times at which nothing can be taken from the pile.
    #[serde(rename = "pause")]
    pub pauses: Vec<Span>,
}

impl Default for WorkSettings {
    fn default() -> Self {
        let fixed = |median| Size { median, sigma: 0.0, min: 1.0, max: None };
        Self {
            tokens: fixed(500.0),
            items: fixed(1.0),
            shifts: Vec::new(),
            arrivals: Vec::new(),
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

/// A scenario that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("scenario {name}: {source}")]
    Syntax {
        name: String,
        #[source]
        source: toml::de::Error,
    },
    #[error("scenario {name}: {what}")]
    Impossible { name: String, what: String },
}

/// Reads a scenario. Errors: unknown keys, wrong types, numbers that cannot be.
pub fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let read: Result<Scenario, _> = toml::from_str(text);
    let mut scenario =
        read.map_err(|source| ScenarioError::Syntax { name: name.to_owned(), source })?;
    name.clone_into(&mut scenario.name);
    if let Some(what) = impossible(&scenario) {
        return Err(ScenarioError::Impossible { name: name.to_owned(), what });
    }
    Ok(scenario)
}

fn impossible(scenario: &Scenario) -> Option<String> {
    let positive = |value: f64, key: &str| {
        (value.is_nan() || value <= 0.0).then(|| format!("{key} is {value}, must be above 0"))
    };
    let limits = scenario.limits.iter().find_map(|limit| {
        let negative = limit.limit < 0.0 || limit.changes.iter().any(|change| change.limit < 0.0);
        positive(limit.secs, "limit.secs").or(negative.then(|| "limit below 0".to_owned()))
    });
    positive(scenario.duration_secs, "duration_secs")
        .or((scenario.workers == 0).then(|| "workers is 0, must be above 0".to_owned()))
        .or(limits)
        .or(positive(scenario.work.tokens.median, "work.tokens.median"))
        .or(positive(scenario.work.items.median, "work.items.median"))
}
