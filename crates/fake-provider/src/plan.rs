//! What the provider shall be and do: read from TOML, or built in code.

use crate::dialect::Dialect;
use crate::tokens::TokenRule;
use flow_sim::provider::{LimitSettings, ServiceSettings, Tail, Trouble};
use serde::Deserialize;

mod check;
mod content;
mod fault;
#[cfg(test)]
mod tests;

pub(crate) use check::DIMS_MAX;
pub use check::PlanError;
pub use content::{Content, PlannedAnswer};
pub use fault::{ErrorStatus, Fault, Lie, Misdeed, Naming, When};

/// The whole plan; the default is an `OpenAI` without limits, latency or faults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    pub dialect: Dialect,
    /// Of everything that is drawn by chance.
    pub seed: u64,
    /// Dimension of vectors where the request does not ask for one.
    pub dims: usize,
    pub tokens: TokenRule,
    /// Models that exist; empty: all do.
    pub models: Vec<String>,
    pub batch: Batch,
    pub service: Timing,
    pub hints: Hints,
    pub keys: Keys,
    pub content: Content,
    /// Hidden limits; a call passes if all of them let it.
    #[serde(rename = "limit")]
    pub limits: Vec<LimitSettings>,
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            dialect: Dialect::Openai,
            seed: 1,
            dims: 256,
            tokens: TokenRule::default(),
            models: Vec::new(),
            batch: Batch::default(),
            service: Timing::default(),
            hints: Hints::default(),
            keys: Keys::default(),
            content: Content::default(),
            limits: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// What one request may hold. Not limited where nothing is said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    pub items_max: Option<usize>,
    /// Of all texts together.
    pub tokens_max: Option<u64>,
    /// Of one text.
    pub text_tokens_max: Option<u64>,
    /// What a larger request gets.
    pub refused_with: Oversize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Oversize {
    /// As `OpenAI`, Voyage, Gemini and Cohere do.
    #[default]
    #[serde(rename = "400")]
    BadRequest,
    #[serde(rename = "413")]
    TooLarge,
}

/// How long the work takes; keys and meaning as in scenarios of the simulation, but nothing takes time unless it
/// is said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Median of the time to serve a call without tokens; lognormal around it.
    pub latency_secs: f64,
    /// Standard deviation of the logarithm.
    pub latency_sigma: f64,
    pub secs_per_token: f64,
    pub tail: Option<Tail>,
    /// Calls served at once; more wait their turn. No bound where it is not given.
    pub slots: Option<usize>,
    /// From and to, of the time to refuse a call.
    pub refusal_secs: [f64; 2],
    /// Outages and brown-outs.
    #[serde(rename = "trouble")]
    pub troubles: Vec<Trouble>,
}

impl Timing {
    pub(crate) fn settings(&self) -> ServiceSettings {
        ServiceSettings {
            latency_secs: self.latency_secs,
            latency_sigma: self.latency_sigma,
            secs_per_token: self.secs_per_token,
            tail: self.tail,
            slots: self.slots,
            refusal_secs: self.refusal_secs,
            network_secs_each_way: 0.0,
            network_jitter_secs: 0.0,
            failed_share: 0.0,
            troubles: self.troubles.clone(),
        }
    }
}

/// What replies say of limits. Nothing said: as the dialect's provider does.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hints {
    /// `x-ratelimit-*` and the like.
    pub headers: Option<Headers>,
    /// `Retry-After`, or what the dialect has in its place.
    pub retry_after: Option<Wait>,
    /// What the text of a refusal says.
    pub body: Option<Body>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Headers {
    Right,
    Missing,
    /// All values -1, as Azure sometimes says.
    MinusOne,
    /// All limits 0.
    Zero,
    Garbage,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Whole seconds, rounded up; where the dialect has them, milliseconds too.
    Right,
    Missing,
    /// The right wait, so many times over.
    Times(f64),
    /// As an HTTP date.
    Date,
    Garbage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Says which limit, how much of it is used, how long to wait, as far as the dialect does.
    Right,
    /// Only that there are too many requests.
    Silent,
}

impl Hints {
    /// What `self` does not say is taken from `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            headers: self.headers.or(other.headers),
            retry_after: self.retry_after.or(other.retry_after),
            body: self.body.or(other.body),
        }
    }
}

/// Who may call, and who shares limits with whom.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    pub share: Share,
    /// Keys that are known; others get 401. Empty: every key is good, and none is needed.
    #[serde(rename = "key")]
    pub known: Vec<Key>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// One set of limits for all.
    #[default]
    Everyone,
    /// One set of limits for each key; for each group, of keys that name one.
    Key,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub key: String,
    /// Keys of one group share limits and quota.
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub refused: Option<Refused>,
    /// Accepted requests after which the account's money is spent (`insufficient_quota`).
    #[serde(default)]
    pub spent_after: Option<u64>,
}

/// How a known key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Refused {
    #[serde(rename = "401")]
    Unauthorized,
    #[serde(rename = "403")]
    Forbidden,
}

impl Plan {
    /// Errors: text that is no TOML, unknown keys, values that make no sense.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text)?;
        plan.check()?;
        Ok(plan)
    }
}
