//! Counters of a running job, written by its stages and read by a display.

use crate::outcome::{Chunks, Documents, FAILURES_LISTED_MAX, Plan};
use crate::quality::{Magnitude, Quality};
use flow::dispatch::Counts;
use flow::meter::{Meter, Reading};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use types::failure::Failure;

/// Never decreases while a run goes on.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One run's counters; the stage meters are named as the stages are.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files that the listings gave so far.
    pub files_listed: Count,
    /// How much there is to do, as far as is known, and how much is done: bytes of files, or chunks to migrate.
    pub work_known: Count,
    pub work_done: Count,
    /// 1 once all of it is known.
    pub listings_done: Count,
    pub ingested: Count,
    pub unchanged: Count,
    pub removed: Count,
    pub failed: Count,
    /// Ingested, with a failure listed (a refused chunk, lost pages).
    pub flawed: Count,
    pub relabelled: Count,
    pub chunks_written: Count,
    pub chunks_embedded: Count,
    pub chunks_reused: Count,
    pub chunks_removed: Count,
    pub chunks_without_vector: Count,
    pub tokens_embedded: Count,
    pub plan_new: Count,
    pub plan_changed: Count,
    pub plan_removed: Count,
    pub plan_chunks: Count,
    pub plan_tokens: Count,
    pub source: Meter,
    pub parse: Meter,
    pub embed: Meter,
    pub store: Meter,
    pub consolidate: Meter,
    pub quality: Tally,
    listed: Mutex<Vec<(String, Failure)>>,
    calls: Mutex<Calls>,
    shares: Mutex<Vec<Share>>,
    told: Mutex<Vec<String>>,
}

/// What the checks of vectors found.
#[derive(Debug, Default)]
pub struct Tally {
    pub assessed: Count,
    pub valid: Count,
    pub suspicious: Count,
    pub low: Count,
    pub high: Count,
    /// Vectors that the model was asked for again.
    pub regenerated: Count,
    score_millionths: Count,
}

impl Tally {
    pub(crate) fn add(&self, quality: Quality) {
        self.assessed.add(1);
        self.valid.add(u64::from(quality.is_valid()));
        self.suspicious.add(u64::from(quality.suspicious));
        self.low.add(u64::from(quality.magnitude == Magnitude::Low));
        self.high.add(u64::from(quality.magnitude == Magnitude::High));
        self.score_millionths.add((quality.score * 1e6) as u64);
    }

    /// In 0..=1; none before the first vector.
    pub fn mean_score(&self) -> Option<f64> {
        let assessed = self.assessed.get();
        (assessed > 0).then(|| self.score_millionths.get() as f64 / 1e6 / assessed as f64)
    }
}

/// What one of several models did, or would do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    pub embedded: u64,
    pub reused: u64,
    pub without_vector: u64,
    /// Chunks to embed and their tokens, of a dry run.
    pub planned: (u64, u64),
    pub counts: Counts,
}

/// Calls to the model so far, and the limits in force.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    pub counts: Counts,
    pub in_flight: usize,
    /// Of the first route; none before the first call.
    pub limit: Option<flow::policy::Reading>,
}

impl Progress {
    /// Lists a failure in the run's result.
    pub fn list(&self, document: &str, failure: &Failure) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.len() >= FAILURES_LISTED_MAX {
            return;
        }
        // Documents that share a name share their failures of earlier runs.
        let known = listed.iter().any(|(name, same)| name == document && same == failure);
        if !known {
            listed.push((document.to_owned(), failure.clone()));
        }
    }

    pub fn failures(&self) -> Vec<(String, Failure)> {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        listed
    }

    /// Says something that the user has to know while the run goes on.
    pub fn tell(&self, message: String) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    /// What was told since the last call.
    pub fn take_told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn show_calls(&self, calls: Calls) {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner) = calls;
    }

    /// What was planned stays: that is told elsewhere.
    pub(crate) fn show_shares(&self, mut now: Vec<Share>) {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        for (share, before) in now.iter_mut().zip(shares.iter()) {
            share.planned = before.planned;
        }
        *shares = now;
    }

    /// A chunk that a dry run would have this model embed.
    pub(crate) fn plan_chunk(&self, model: usize, tokens: u64) {
        self.plan_chunks.add(1);
        self.plan_tokens.add(tokens);
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() <= model {
            shares.resize_with(model + 1, Share::default);
        }
        let (chunks, of_chunks) = &mut shares[model].planned;
        *chunks += 1;
        *of_chunks += tokens;
    }

    /// Of each model in their order; empty while none was asked.
    pub fn shares(&self) -> Vec<Share> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn calls(&self) -> Calls {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn documents(&self) -> Documents {
        let (ingested, unchanged, failed) =
            (self.ingested.get(), self.unchanged.get(), self.failed.get());
        // A dry run plans what another run would ingest.
        let planned = self.plan_new.get() + self.plan_changed.get();
        Documents {
            seen: ingested + unchanged + failed + planned,
            ingested,
            unchanged,
            removed: self.removed.get(),
            failed,
        }
    }

    pub fn chunks(&self) -> Chunks {
        Chunks {
            written: self.chunks_written.get(),
            embedded: self.chunks_embedded.get(),
            reused: self.chunks_reused.get(),
            removed: self.chunks_removed.get(),
            without_vector: self.chunks_without_vector.get(),
        }
    }

    pub fn plan(&self) -> Plan {
        Plan {
            new: self.plan_new.get(),
            changed: self.plan_changed.get(),
            unchanged: self.unchanged.get(),
            removed: self.plan_removed.get(),
            chunks: self.plan_chunks.get(),
            tokens: self.plan_tokens.get(),
        }
    }

    pub fn stages(&self) -> Vec<(&'static str, Reading)> {
        vec![
            ("source", self.source.read()),
            ("parse", self.parse.read()),
            ("embed", self.embed.read()),
            ("store", self.store.read()),
            ("consolidate", self.consolidate.read()),
        ]
    }
}
