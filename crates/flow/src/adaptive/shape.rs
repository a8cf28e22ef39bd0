//! How a limit is enforced, as far as refusals have shown.

use super::edges::Edges;

/// A window of a second or less cannot be told from a small bucket, and pacing suits both.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Never refused so far.
    Unknown,
    /// Capacity comes back within a second or so: a token bucket, or windows of a second.
    Paced,
    /// Counts what was accepted in the trailing `length` seconds, or at least no more than that.
    Log { length: f64 },
    /// Counts in windows that begin at edges.
    Fixed(Edges),
}

/// What a log may be instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    /// Windows that begin where nobody has looked.
    Windows,
    /// It has explained several refusals, and windows do not.
    Nothing,
}

/// Why a call was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It seemed to fit.
    Within,
    /// To find out whether there is more.
    Beyond,
}

impl Shape {
    /// Seconds over which a limit per second adds up.
    pub(super) fn length(&self) -> Option<f64> {
        match self {
            Self::Unknown | Self::Paced => None,
            Self::Log { length } => Some(*length),
            Self::Fixed(edges) => Some(edges.length),
        }
    }
}

/// Calls do not take the same time to the server: what is sent exactly when the log frees may come too early.
pub(super) fn guard(length: f64) -> f64 {
    (0.002 * length).clamp(0.005, 0.03)
}
