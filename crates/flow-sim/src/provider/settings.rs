//! What a scenario writes about a provider.

use quota::Dimension;
use serde::Deserialize;

/// What a limit counts, as written in scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    Requests,
    InputTokens,
    Items,
    InFlight,
    /// Requests per day.
    Day,
}

impl Limited {
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Requests => Dimension::Requests,
            Self::InputTokens => Dimension::InputTokens,
            Self::Items => Dimension::Items,
            Self::InFlight => Dimension::InFlight,
            Self::Day => Dimension::Day,
        }
    }
}

/// How a limit is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Refills continuously; holds what `secs` seconds refill, and is full at the start.
    Bucket,
    /// Counts per window of `secs` seconds; where the windows begin depends on the seed.
    FixedWindow,
    /// Counts the trailing `secs` seconds.
    SlidingWindow,
    /// `per_minute` is the number of calls at once.
    InFlight,
}

/// One hidden limit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    pub dimension: Limited,
    pub kind: LimitKind,
    /// Units per minute; for [`Limited::InFlight`] calls at once, for [`Limited::Day`] units per day.
    pub limit: f64,
    /// Length of the window, or how many seconds of refill the bucket holds. Per-day limits: 86,400.
    #[serde(default = "a_minute")]
    pub secs: f64,
    /// Seconds from the start to the first edge of a fixed window; random where it is not given.
    pub first_edge_secs: Option<f64>,
    /// Refused calls count against the limit as well.
    #[serde(default)]
    pub refusals_count: bool,
    #[serde(default, rename = "change")]
    pub changes: Vec<Change>,
    pub wave: Option<Wave>,
    pub tenant: Option<Tenant>,
}

fn a_minute() -> f64 {
    60.0
}

/// The limit becomes another one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub at_secs: f64,
    pub limit: f64,
    /// Reached by a straight line over so many seconds; at once where it is not given.
    #[serde(default)]
    pub over_secs: f64,
}

/// The limit swings: times `1 + depth·sin(2π·t/period)`, in steps of a second.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    pub period_secs: f64,
    /// 0 to below 1.
    pub depth: f64,
}

/// Somebody else on the same limit, who takes a share of it whatever is left for us: replies tell the whole limit.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Of the limit in force, 0 to 1.
    pub share: f64,
    #[serde(default)]
    pub from_secs: f64,
    /// To the end where it is not given.
    pub until_secs: Option<f64>,
    /// Comes and goes: so many seconds there, so many away. Always there where it is not given.
    pub pulse_secs: Option<f64>,
}

impl Tenant {
    pub(super) fn is_there(&self, now: f64) -> bool {
        let within = now >= self.from_secs && self.until_secs.is_none_or(|until| now < until);
        within
            && self
                .pulse_secs
                .is_none_or(|pulse| ((now - self.from_secs) / pulse).floor() % 2.0 < 0.5)
    }

    /// The first time after `now` at which it may come or go.
    pub(super) fn next_step(&self, now: f64) -> Option<f64> {
        let pulse = self
            .pulse_secs
            .map(|pulse| self.from_secs + (((now - self.from_secs) / pulse).floor() + 1.0) * pulse);
        let edges = [Some(self.from_secs), self.until_secs, pulse];
        edges.into_iter().flatten().filter(|at| *at > now).min_by(f64::total_cmp)
    }
}

/// What replies say of the limits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HintSettings {
    /// Refusals carry the true wait times this; 1 is honest. None where it is not given.
    pub retry_after_factor: Option<f64>,
    /// Refusals carry this wait instead of any true one.
    pub retry_after_secs: Option<f64>,
    pub levels: super::Levels,
    /// Refusals tell limit, use and the wait in prose.
    pub body: bool,
    /// Of the replies, how many come without any of it.
    pub missing_share: f64,
}

impl Default for HintSettings {
    fn default() -> Self {
        Self {
            retry_after_factor: None,
            retry_after_secs: None,
            levels: super::Levels::None,
            body: false,
            missing_share: 0.0,
        }
    }
}

/// How calls are served.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSettings {
    /// Median of the time to serve a call; lognormal around it.
    pub latency_secs: f64,
    /// Standard deviation of the logarithm.
    pub latency_sigma: f64,
    pub secs_per_token: f64,
    /// Some calls take far longer.
    pub tail: Option<Tail>,
    /// Calls served at once; more wait their turn. No bound where it is not given.
    pub slots: Option<usize>,
    /// From and to, of the time to refuse a call.
    pub refusal_secs: [f64; 2],
    pub network_secs_each_way: f64,
    /// Calls take up to so much longer to the provider, evenly spread: they may overtake each other.
    pub network_jitter_secs: f64,
    /// Of the calls that a limit admitted, how many end as 500.
    pub failed_share: f64,
    #[serde(rename = "trouble")]
    pub troubles: Vec<Trouble>,
}

/// Latency as in the preliminary simulation of the design: 0.4 s, σ 0.25; refusals in 50 to 70 ms, 20 ms each way.
impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            latency_secs: 0.4,
            latency_sigma: 0.25,
            secs_per_token: 0.0,
            tail: None,
            slots: None,
            refusal_secs: [0.05, 0.07],
            network_secs_each_way: 0.02,
            network_jitter_secs: 0.0,
            failed_share: 0.0,
            troubles: Vec::new(),
        }
    }
}

/// Calls that take `factor` times as long, `share` of all.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    pub share: f64,
    pub factor: f64,
}

/// A time of trouble. An outage is an `overloaded_share` of 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    pub from_secs: f64,
    pub until_secs: f64,
    /// Calls take so many times as long.
    #[serde(default = "unchanged")]
    pub slowdown: f64,
    /// Of the calls, how many end as 503 before any limit is asked.
    #[serde(default)]
    pub overloaded_share: f64,
    /// Of the calls, how many are told to slow down (429 that is no limit of the client's own).
    #[serde(default)]
    pub slow_down_share: f64,
}

impl Trouble {
    pub fn contains(&self, now: f64) -> bool {
        self.from_secs <= now && now < self.until_secs
    }
}

fn unchanged() -> f64 {
    1.0
}
