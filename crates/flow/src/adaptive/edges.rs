//! Where the windows of a server that counts in fixed windows begin.

/// Some window begins in `low..=high`, and others whole lengths before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    pub(super) length: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Edges {
    /// Earliest time at which the window may have begun that is surely open at `now`.
    pub(super) fn begun(&self, now: f64) -> f64 {
        self.low + ((now - self.high) / self.length).floor() * self.length
    }

    /// When the next window has begun for sure.
    pub(super) fn next(&self, now: f64) -> f64 {
        self.high + (((now - self.high) / self.length).floor() + 1.0) * self.length
    }

    /// The span in which the next window begins, if it is running.
    pub(super) fn doubtful(&self, now: f64) -> Option<(f64, f64)> {
        let high = self.next(now);
        let low = high - (self.high - self.low);
        (now >= low).then_some((low, high))
    }

    /// The old window still held at `at`.
    pub(super) fn not_yet(&mut self, at: f64) {
        if let Some((low, _)) = self.doubtful(at) {
            self.low += (at - low).min(self.high - self.low);
        }
    }

    /// The new window had begun at `at`.
    pub(super) fn already(&mut self, at: f64) {
        if let Some((_, high)) = self.doubtful(at) {
            self.high = (self.high - (high - at)).max(self.low);
        }
    }

    pub(super) fn doubt(&self) -> f64 {
        self.high - self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_counted_from_its_earliest_and_opens_at_its_latest_beginning() {
        let edges = Edges { length: 60.0, low: 20.0, high: 25.0 };
        assert!((edges.begun(30.0) - 20.0).abs() < 1e-9);
        assert!((edges.begun(81.0) - 20.0).abs() < 1e-9, "not surely begun before 85");
        assert!((edges.begun(86.0) - 80.0).abs() < 1e-9);
        assert!((edges.next(81.0) - 85.0).abs() < 1e-9);
    }

    #[test]
    fn an_experiment_narrows_the_doubt_whichever_way_it_ends() {
        let mut edges = Edges { length: 60.0, low: 20.0, high: 25.0 };
        edges.not_yet(82.0);
        assert!((edges.low - 22.0).abs() < 1e-9);
        edges.already(144.0);
        assert!((edges.high - 24.0).abs() < 1e-9);
        edges.already(170.0);
        assert!((edges.doubt() - 2.0).abs() < 1e-9, "outside of the doubt nothing is learnt");
    }
}
