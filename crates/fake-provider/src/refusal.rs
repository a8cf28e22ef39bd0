//! Why a request gets no vectors, whatever the dialect.

use flow_sim::provider::State;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// The body is none that the provider understands.
    BadRequest(String),
    NoSuchPath,
    NoSuchModel(String),
    Unauthorized,
    Forbidden,
    /// The account's money is spent.
    Spent,
    Limited(Wall),
    TooManyItems {
        items: usize,
        max: usize,
        status: u16,
    },
    TooManyTokens {
        tokens: u64,
        max: u64,
        status: u16,
    },
    TextTooLong {
        index: usize,
        tokens: u64,
        max: u64,
        status: u16,
    },
    /// A text that the model cannot take; with its index where the provider tells.
    Poisoned {
        index: Option<usize>,
    },
    /// The service has no room, or the client's traffic grows too fast.
    SlowDown {
        status: u16,
        retry_after: Option<f64>,
    },
    Broken {
        status: u16,
        retry_after: Option<f64>,
    },
}

/// The limit that a request ran into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wall {
    /// Before the request.
    pub(crate) state: State,
    /// Of [`State::limit`], before the request.
    pub(crate) used: f64,
    /// What the request would cost of it.
    pub(crate) requested: f64,
    /// Seconds; none where nobody knows, or never.
    pub(crate) wait: Option<f64>,
}

impl Refusal {
    /// A word for the records, from a closed set.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::NoSuchPath => "no_such_path",
            Self::NoSuchModel(_) => "no_such_model",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Spent => "insufficient_quota",
            Self::Limited(_) => "limited",
            Self::TooManyItems { .. } => "too_many_items",
            Self::TooManyTokens { .. } => "too_many_tokens",
            Self::TextTooLong { .. } => "text_too_long",
            Self::Poisoned { .. } => "poisoned",
            Self::SlowDown { .. } => "slow_down",
            Self::Broken { .. } => "broken",
        }
    }

    /// Seconds that the refusal asks to wait.
    pub(crate) fn wait(&self) -> Option<f64> {
        match self {
            Self::Limited(wall) => wall.wait,
            Self::SlowDown { retry_after, .. } | Self::Broken { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
