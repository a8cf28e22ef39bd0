//! After a refusal nobody sends, until one call, the canary, has shown that there is room again.

use super::edges::Edges;
use super::ledger::{Amounts, Ledger};

/// The first refusal of a flight, and what had been accepted before it.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    /// When the refused call was sent.
    pub(super) refused_at: f64,
    /// When the last call of its flight was sent: windows of a second may have let it in.
    pub(super) last_sent: f64,
    /// What that call would have cost.
    pub(super) cost: Amounts,
    /// When the first call of the last minute before was sent.
    pub(super) first_sent: f64,
    /// Accepted in the last second and minute before it.
    pub(super) second: Amounts,
    pub(super) minute: Amounts,
    /// When the last of so many calls was sent, from the first on, as were refused: a log that counts refusals has
    /// room only when these are old.
    pub(super) log_counted: f64,
    /// Room was told by the refusal: when, as the caller sends.
    pub(super) told: Option<f64>,
    /// The last canary that was refused.
    pub(super) canary_refused: Option<f64>,
    pub(super) canaries: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Gate {
    Open,
    Closed { until: f64, wall: Box<Wall> },
    Canary { id: u64, sent_at: f64, wall: Box<Wall> },
}

/// Room comes back within a second in a bucket, and in windows of a second: the first experiment asks for both.
const SECOND: f64 = 1.05;
const TEN: f64 = 10.15;
const MINUTE: f64 = 60.1;

/// A log would have had room: a window began while the first calls were sent, and when says how many of them the
/// limit is. Part of that time between two canaries.
const LATE_STEP: f64 = 0.25;

/// When no explanation is left the waits grow with the time that nothing got through, up to a minute.
const LATER: f64 = 0.25;

/// Whether a log counts refusals is not worth one where a minute has few calls and the two answers are so near to each
/// other: of 60 calls a minute, one more refused is a sixth of what one in a hundred allows in ten minutes.
const FEW_CALLS: f64 = 100.0;
const TOGETHER: f64 = 1.0;

/// So near to the next planned canary another one tells nothing.
const CLOSE: f64 = 2.0;

impl Wall {
    /// When to send the next canary if nothing is known of the limit: at the times when one of the explanations
    /// says that there will be room. In between, `extra` more canaries, which tell where windows begin.
    pub(super) fn next_experiment(&self, now: f64, extra: f64) -> f64 {
        let since = now - self.refused_at;
        let full_bucket = self.bucket_rate(0);
        let second = SECOND + (self.last_sent - self.refused_at).max(0.0);
        let bucket = if full_bucket > 0.0 { 1.2 / full_bucket } else { second };
        let bucket = if bucket < 2.0 * SECOND { bucket.max(second) } else { bucket };
        let first = if bucket < 2.0 * SECOND { bucket } else { second };
        let log = self.first_sent + MINUTE - self.refused_at;
        let counted = self.log_counted + 60.0 + 0.1 - self.refused_at;
        let few = self.minute[0] < FEW_CALLS && counted - log < TOGETHER;
        let log = if few { counted.max(log) } else { log };
        let mut steps = [first, bucket, TEN, log, counted, MINUTE];
        steps.sort_by(f64::total_cmp);
        let Some(next) = steps.into_iter().find(|step| *step > since + 0.02) else {
            return self.refused_at + since + (LATER * since).min(MINUTE);
        };
        let spaced =
            if since >= log - 0.02 { LATE_STEP * (MINUTE - log) } else { MINUTE / (1.0 + extra) };
        let between = since + spaced.max(1.0);
        self.refused_at + if since >= TEN && between + CLOSE < next { between } else { next }
    }

    /// Accepted in the window that the refused call was sent in.
    pub(super) fn held(&self, ledger: &Ledger, dimension: usize, edges: Edges) -> f64 {
        ledger.accepted(edges.begun(self.refused_at), self.refused_at + 1e-9)[dimension]
    }

    /// Rate of a bucket that held a minute and was full when the first call was sent.
    pub(super) fn bucket_rate(&self, dimension: usize) -> f64 {
        self.minute[dimension] / (60.0 + (self.refused_at - self.first_sent).max(0.0))
    }
}
