//! What happened in one simulation.

use crate::client::Call;
use crate::provider::State;
use crate::work::Work;
use flow::policy::{Outcome, Reading, Verdict};

/// A call that a limit admitted and that ended well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admitted {
    /// When the provider began to serve it.
    pub at: f64,
    /// In the scenario's measured dimension.
    pub amount: f64,
}

/// The end of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    pub at: f64,
    pub replied_at: f64,
    pub worker: usize,
    pub work: Work,
    pub verdict: Verdict,
}

/// How things stand at a whole second.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub limits: Vec<State>,
    pub in_flight: usize,
    /// Of the first client.
    pub reading: Reading,
}

/// All of one simulation that a judge needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub seed: u64,
    /// Seconds simulated.
    pub end: f64,
    /// Where the windows of the first limit began, if it has any.
    pub edges: Option<Vec<f64>>,
    /// In order of their arrival at the provider.
    pub admitted: Vec<Admitted>,
    /// All calls that have ended, in order of their end.
    pub calls: Vec<Sent>,
    /// One per second, from 0.
    pub samples: Vec<Sample>,
    /// Calls sent, those under way at the end included.
    pub attempts: u64,
    pub in_flight_max: usize,
    pub workers: usize,
    pub log: Log,
}

impl Run {
    pub(super) fn new(seed: u64, workers: usize) -> Self {
        Self {
            seed,
            end: 0.0,
            edges: None,
            admitted: Vec::new(),
            calls: Vec::new(),
            samples: Vec::new(),
            attempts: 0,
            in_flight_max: 0,
            workers,
            log: Log::default(),
        }
    }

    pub(super) fn sent(&mut self, under_way: usize) {
        self.attempts += 1;
        self.in_flight_max = self.in_flight_max.max(under_way);
    }

    pub(super) fn ended(&mut self, now: f64, worker: usize, call: &Call, outcome: &Outcome) {
        self.calls.push(Sent {
            at: call.attempt.sent_at,
            replied_at: now,
            worker,
            work: call.work,
            verdict: outcome.verdict,
        });
    }

    pub(super) fn sample(&mut self, limits: &[State], in_flight: usize, reading: Reading) {
        self.samples.push(Sample { limits: limits.to_vec(), in_flight, reading });
    }
}

/// Every call sent and every reply, as a running hash (FNV-1a, 64 bit) over their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log(u64);

impl Default for Log {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Log {
    pub fn hash(self) -> u64 {
        self.0
    }

    pub(super) fn sent(&mut self, now: f64, worker: usize, call: &Call) {
        self.write(&[now.to_bits(), worker as u64, call.work.id, call.attempt.id]);
        self.write(&call.work.cost.0.map(f64::to_bits));
    }

    pub(super) fn replied(&mut self, now: f64, call: &Call, outcome: &Outcome) {
        self.write(&[now.to_bits(), call.work.id, call.attempt.id, outcome.verdict as u64]);
    }

    fn write(&mut self, words: &[u64]) {
        for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
