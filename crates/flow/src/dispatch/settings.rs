//! What the caller decides.

/// Upper limits of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchCaps {
    pub items: usize,
    pub tokens: f64,
    pub bytes: usize,
}

/// Fixed for the life of a dispatcher.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    pub batch: BatchCaps,
    /// Seconds that an item waits for company before it is sent in a batch that is not full.
    pub linger: f64,
    /// Failures of a call, while the provider answers others, after which it is split, and given up when it
    /// cannot be split.
    pub failures_max: u32,
    /// Seconds without any answer, or that a known reset is away, after which waiting is given up.
    pub patience: f64,
    /// Of the retries' jitter and of the breaker.
    pub seed: u64,
}
