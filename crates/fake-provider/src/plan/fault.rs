//! Faults: what goes wrong, and when.

use super::Hints;
use serde::Deserialize;

/// A trouble and the moments at which it strikes. The first fault of a plan that strikes a request is the one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub what: Misdeed,
    #[serde(default)]
    pub when: When,
}

/// All conditions that are given must hold; none given: always.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// In 0..=1.
    pub probability: Option<f64>,
    /// Numbers of requests, the first being 1.
    pub nth: Vec<u64>,
    /// Seconds since the start, included.
    pub from: Option<f64>,
    /// Seconds since the start, not included.
    pub until: Option<f64>,
    /// Some text of the request contains this.
    pub marker: Option<String>,
    /// The route: `embed`, `start`, `upload`, `get`, `delete`, `list`, `generate`.
    pub route: Option<String>,
    /// At most so often.
    pub times: Option<u64>,
}

/// Everything that can go wrong with a request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misdeed {
    /// This status, with the dialect's error text. What the request cost stays charged.
    Status(ErrorStatus),
    /// Too steep a ramp: the dialect's `slow_down` or "high demand", nothing to do with the client's limit.
    SlowDown(ErrorStatus),
    /// The texts that hold the marker are refused with 400, and with them the whole batch. Nothing is charged.
    Poison(Naming),
    /// The account has no money left.
    InsufficientQuota,
    /// The connection is reset before the reply begins.
    ResetBefore,
    /// The connection is reset after half of the body.
    ResetDuring,
    /// The body comes in pieces of `bytes`, `every` so many seconds.
    Drip { bytes: usize, every: f64 },
    /// The reply never comes, the connection stays open.
    NeverAnswer,
    /// Other hints than the plan's, on whatever the reply is.
    Hints(Hints),
    /// 200 with a lie inside.
    Lie(Lie),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorStatus {
    pub code: u16,
    /// Seconds, told in `Retry-After`.
    #[serde(default)]
    pub retry_after: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// The error says which text it is.
    Named,
    Unnamed,
}

/// Replies with status 200 that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// No JSON at all.
    Garbage,
    /// JSON that ends in the middle; the length of the body is right.
    Truncated,
    /// The error object of a refusal.
    ErrorInside,
    /// Items in another order; each says its index, so nothing is lost.
    Shuffled,
    /// The last item is missing.
    Missing,
    /// The last item has the index of the first.
    DoubledIndex,
    /// Vectors have one value less.
    WrongDimension,
    /// The first vector is all zeros.
    ZeroVector,
    /// The first vector has a value that is no number.
    NotANumber,
    /// The first vector has a value of a million: finite, and no part of an embedding.
    HugeValue,
    /// The first vector has a value that is null.
    Null,
    /// A body of 64 MiB.
    Oversize,
    /// A prompt that the provider's filter does not let pass; of generated texts only.
    Blocked,
    /// Half of a text, which ended at the limit of its length.
    CutShort,
    /// JSON of another form than was asked for.
    OffSchema,
}

impl Misdeed {
    /// As it is written in plans, for the records.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::SlowDown(_) => "slow_down",
            Self::Poison(_) => "poison",
            Self::InsufficientQuota => "insufficient_quota",
            Self::ResetBefore => "reset_before",
            Self::ResetDuring => "reset_during",
            Self::Drip { .. } => "drip",
            Self::NeverAnswer => "never_answer",
            Self::Hints(_) => "hints",
            Self::Lie(_) => "lie",
        }
    }
}
