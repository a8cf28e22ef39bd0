//! A cap on what may be spent, held before the call and not after it.

/// Input tokens that may still be sent; without a cap, everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Allowance {
    left: Option<f64>,
    /// Estimates of calls in flight.
    reserved: f64,
}

impl Allowance {
    pub(super) fn new(tokens: Option<f64>) -> Self {
        Self { left: tokens, reserved: 0.0 }
    }

    pub(super) fn covers(&self, tokens: f64) -> bool {
        self.left.is_none_or(|left| self.reserved + tokens <= left)
    }

    pub(super) fn reserve(&mut self, tokens: f64) {
        self.reserved += tokens;
    }

    /// `spent`: what the provider charged, zero when it did not.
    pub(super) fn settle(&mut self, reserved: f64, spent: f64) {
        self.reserved = (self.reserved - reserved).max(0.0);
        if let Some(left) = &mut self.left {
            *left -= spent;
        }
    }
}
