//! A token bucket as the server is believed to keep it.

/// What may be spent now, and how fast it comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// Units per second.
    pub(super) rate: f64,
    pub(super) capacity: f64,
    level: f64,
    at: f64,
    /// It was full for a while: what came in meanwhile was lost, so no rate can be told from it.
    pub(super) spilled: bool,
}

impl Bucket {
    pub(super) fn new(at: f64, rate: f64, capacity: f64) -> Self {
        Self { rate, capacity, level: 0.0, at, spilled: false }
    }

    pub(super) fn level(&self, now: f64) -> f64 {
        (self.level + (now - self.at).max(0.0) * self.rate).min(self.capacity.max(self.level))
    }

    pub(super) fn advance(&mut self, now: f64) {
        let whole = self.level + (now - self.at).max(0.0) * self.rate;
        self.spilled |= whole > self.capacity;
        self.level = self.level(now);
        self.at = self.at.max(now);
    }

    pub(super) fn take(&mut self, now: f64, amount: f64) {
        self.advance(now);
        self.level -= amount;
    }

    pub(super) fn at_most(&mut self, now: f64, level: f64) {
        self.advance(now);
        self.level = self.level.min(level);
    }

    pub(super) fn give(&mut self, amount: f64) {
        self.level += amount;
    }

    /// The level as it was at an earlier time: what came in since is added.
    pub(super) fn set_at(&mut self, at: f64, level: f64) {
        self.at = at;
        self.level = level;
        self.spilled = false;
    }

    /// When the level reaches `amount`; never, if the bucket cannot hold so much or does not fill.
    pub(super) fn reaches(&self, now: f64, amount: f64) -> f64 {
        let missing = amount - self.level(now);
        if missing <= 0.0 {
            now
        } else if self.rate > 0.0 {
            now + missing / self.rate
        } else {
            f64::INFINITY
        }
    }
}
