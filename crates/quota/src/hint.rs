//! The values: what was said, in one unit for all providers.

/// What a provider counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    Requests,
    InputTokens,
    OutputTokens,
    /// Texts to embed.
    Items,
    /// Calls at once.
    InFlight,
    /// Requests or tokens per day.
    Day,
}

/// State of one dimension, as told. Values that cannot be (negative, not finite) are left out by the parsers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    pub dimension: Dimension,
    /// Per minute, for [`Dimension::Day`] per day.
    pub limit: Option<f64>,
    pub remaining: Option<f64>,
    /// Seconds from the reply until the limit is whole again.
    pub reset_after: Option<f64>,
}

/// All that one reply says of limits; empty when it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hint {
    /// Seconds from the reply; nothing may be sent before.
    pub retry_after: Option<f64>,
    /// Which dimension refused the call.
    pub refused_by: Option<Dimension>,
    /// At most one entry per dimension.
    pub levels: Vec<Level>,
    /// The server is short of capacity, whatever the client's own limit (`slow_down`, "high demand", 503, 529).
    pub overloaded: bool,
}

impl Hint {
    pub fn level(&self, dimension: Dimension) -> Option<&Level> {
        self.levels.iter().find(|level| level.dimension == dimension)
    }
}
