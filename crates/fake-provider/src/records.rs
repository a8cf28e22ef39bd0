//! What happened at the provider, for those who check it.

use crate::vector::{self, TextKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Arrival times kept; later ones are counted only.
const TIMES_MAX: usize = 1 << 20;

/// Counts since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// All requests for vectors, whatever became of them.
    pub requests: u64,
    /// Requests that were served and are paid for; some replies may have been lost or spoiled on the way.
    pub accepted: u64,
    /// By reason.
    pub refused: BTreeMap<String, u64>,
    /// Faults of the plan that struck, by name.
    pub faults: BTreeMap<String, u64>,
    /// Texts of accepted requests.
    pub texts: u64,
    /// Tokens of accepted requests.
    pub tokens: u64,
    /// Different texts among them.
    pub distinct_texts: u64,
    /// Texts paid for more than once.
    pub paid_again: u64,
    /// Requests under way now.
    pub in_flight: u64,
    pub in_flight_max: u64,
    /// Seconds of the provider's clock.
    pub now: f64,
    /// When requests came, in seconds of the provider's clock. Empty where it was not asked for.
    #[serde(default)]
    pub times: Vec<f64>,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    stats: Stats,
    times: Vec<f64>,
    paid: HashMap<TextKey, u32>,
}

impl Records {
    pub(crate) fn arrived(&mut self, now: f64) {
        self.stats.requests += 1;
        self.stats.in_flight += 1;
        self.stats.in_flight_max = self.stats.in_flight_max.max(self.stats.in_flight);
        if self.times.len() < TIMES_MAX {
            self.times.push(now);
        }
    }

    pub(crate) fn left(&mut self) {
        self.stats.in_flight -= 1;
    }

    pub(crate) fn refused(&mut self, reason: &str) {
        count(&mut self.stats.refused, reason);
    }

    pub(crate) fn struck(&mut self, fault: &str) {
        count(&mut self.stats.faults, fault);
    }

    pub(crate) fn accepted(&mut self, texts: &[TextKey], tokens: u64) {
        self.stats.accepted += 1;
        self.stats.texts += texts.len() as u64;
        self.stats.tokens += tokens;
        for text in texts {
            let paid = self.paid.entry(*text).or_default();
            *paid += 1;
            self.stats.distinct_texts += u64::from(*paid == 1);
            self.stats.paid_again += u64::from(*paid == 2);
        }
    }

    /// How often `text` was in an accepted request.
    pub(crate) fn paid(&self, text: &str) -> u64 {
        self.paid.get(&vector::key(text)).copied().map_or(0, u64::from)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.stats.requests
    }

    /// When requests came, the first [`TIMES_MAX`] of them.
    pub(crate) fn times(&self) -> &[f64] {
        &self.times
    }

    pub(crate) fn stats(&self, now: f64) -> Stats {
        Stats { now, ..self.stats.clone() }
    }

    /// Everything but the requests under way.
    pub(crate) fn reset(&mut self) {
        let in_flight = self.stats.in_flight;
        *self = Self::default();
        self.stats.in_flight = in_flight;
        self.stats.in_flight_max = in_flight;
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}
