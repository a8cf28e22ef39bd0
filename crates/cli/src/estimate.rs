//! What a planned run would take: requests and time, before anything is spent.

use crate::report::Estimate;
use crate::settings::EmbedCaps;
use crate::wire::lanes::{Kind, kind};
use ingest::outcome::Plan;
use serde_json::Value;
use std::time::Duration;
use types::embedding::ModelId;
use types::seam::{BatchLimits, RunRow};

/// Chunks per second that the store takes with its full text on two cores (`benches/`, README); the built-in
/// model itself is faster.
const STORE_RATE: f64 = 10_000.0;

/// A shorter run says little about speed.
const RUN_CHUNKS_MIN: f64 = 500.0;

/// Requests, tokens and texts per minute of the providers' first paid tiers, as their pages said in 2026-11.
const TIERS: [(&str, [Option<f64>; 3]); 4] = [
    ("openai", [Some(3_000.0), Some(1_000_000.0), None]),
    ("gemini", [Some(3_000.0), Some(1_000_000.0), None]),
    ("cohere", [Some(2_000.0), None, Some(2_000.0)]),
    ("voyage", [Some(2_000.0), Some(3_000_000.0), None]),
];

/// What is known about a planned run.
#[derive(Clone, Copy)]
pub(crate) struct Known<'k> {
    pub plan: Plan,
    pub model: &'k ModelId,
    /// At the provider's own address, whose limits are public.
    pub own_address: Address,
    pub limits: BatchLimits,
    pub caps: EmbedCaps,
    /// The store's last runs, newest first.
    pub runs: &'k [RunRow],
    /// Time that listing, parsing and chunking took just now.
    pub read: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    Provider,
    Other,
}

impl Known<'_> {
    pub(crate) fn estimate(&self) -> Estimate {
        let requests = self.requests();
        let embedding = if self.plan.chunks == 0 { Some(0.0) } else { self.embedding(requests) };
        let read = self.read.as_secs_f64();
        Estimate {
            requests: if kind(self.model) == Kind::Local { 0 } else { requests },
            // Reading and embedding go on side by side.
            seconds: embedding.map(|seconds| seconds.max(read)),
        }
    }

    /// Batches as they are cut with enough in line.
    fn requests(&self) -> u64 {
        let items = self.caps.batch_items.map_or(self.limits.items, |n| n.min(self.limits.items));
        let tokens =
            self.caps.batch_tokens.map_or(self.limits.tokens, |n| n.min(self.limits.tokens));
        let by_items = self.plan.chunks.div_ceil(items.max(1) as u64);
        by_items.max(self.plan.tokens.div_ceil(tokens.max(1) as u64))
    }

    /// Limits that the user knows, else the last run with this model, else public limits.
    fn embedding(&self, requests: u64) -> Option<f64> {
        let own = [
            self.caps.requests_per_minute.map(|n| n as f64),
            self.caps.tokens_per_minute.map(|n| n as f64),
            None,
        ];
        if own.iter().any(Option::is_some) {
            return self.at(own, requests);
        }
        if let Some(rate) = self.last_rate() {
            return Some(self.plan.chunks as f64 / rate);
        }
        if self.model.provider == "builtin" {
            return Some(self.plan.chunks as f64 / STORE_RATE);
        }
        let tier = TIERS.iter().find(|(provider, _)| *provider == self.model.provider);
        let tier = tier.filter(|_| self.own_address == Address::Provider);
        tier.and_then(|(_, limits)| self.at(*limits, requests))
    }

    fn at(&self, per_minute: [Option<f64>; 3], requests: u64) -> Option<f64> {
        let amounts = [requests as f64, self.plan.tokens as f64, self.plan.chunks as f64];
        let minutes = amounts.iter().zip(per_minute).filter_map(|(n, limit)| Some(n / limit?));
        minutes.max_by(f64::total_cmp).map(|minutes| minutes * 60.0)
    }

    fn last_rate(&self) -> Option<f64> {
        self.runs.iter().find_map(|run| {
            let result: Value = serde_json::from_str(run.result.as_deref()?).ok()?;
            let embedded = result["chunks"]["embedded"].as_f64()?;
            let seconds = result["seconds"].as_f64()?;
            let same = result["embedder"] == self.model.to_string();
            (same && embedded >= RUN_CHUNKS_MIN && seconds > 0.0).then(|| embedded / seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::LimitPolicy;

    const CAPS: EmbedCaps = EmbedCaps {
        key_over_http: false,
        batch_items: None,
        batch_tokens: None,
        in_flight: None,
        policy: LimitPolicy::Adaptive,
        requests_per_minute: None,
        tokens_per_minute: None,
    };

    fn known<'k>(model: &'k ModelId, runs: &'k [RunRow]) -> Known<'k> {
        Known {
            plan: Plan { chunks: 10_000, tokens: 2_000_000, ..Plan::default() },
            model,
            own_address: Address::Provider,
            limits: BatchLimits {
                items: 100,
                tokens: 10_000,
                text_tokens: 8192,
                bytes: 1 << 20,
                in_flight: 100,
            },
            caps: CAPS,
            runs,
            read: Duration::from_secs(3),
        }
    }

    fn model(provider: &str) -> ModelId {
        ModelId { provider: provider.to_owned(), model: "m".to_owned(), dimensions: 8 }
    }

    fn run(result: &str) -> RunRow {
        RunRow {
            run_id: "r".to_owned(),
            started: 0,
            ended: Some(1),
            result: Some(result.to_owned()),
        }
    }

    #[test]
    fn the_tighter_cap_of_a_batch_decides_the_requests() {
        let model = model("openai");
        let mut known = known(&model, &[]);
        assert_eq!(known.estimate().requests, 200);
        known.caps.batch_items = Some(10);
        assert_eq!(known.estimate().requests, 1000);
    }

    #[test]
    fn the_time_comes_from_the_best_that_is_known() {
        let openai = model("openai");
        let mut known = known(&openai, &[]);
        assert_eq!(known.estimate().seconds, Some(120.0));
        known.own_address = Address::Other;
        assert_eq!(known.estimate().seconds, None);
        let runs = [
            run(r#"{"embedder":"other","chunks":{"embedded":9000},"seconds":1}"#),
            run(r#"{"embedder":"openai:m","chunks":{"embedded":9},"seconds":1}"#),
            run(r#"{"embedder":"openai:m","chunks":{"embedded":1000},"seconds":2}"#),
        ];
        known.runs = &runs;
        assert_eq!(known.estimate().seconds, Some(20.0));
        known.caps.requests_per_minute = Some(20);
        assert_eq!(known.estimate().seconds, Some(600.0));
    }

    #[test]
    fn nothing_to_embed_takes_the_time_of_reading() {
        let other = model("unheard-of");
        let mut known = known(&other, &[]);
        known.plan = Plan::default();
        assert_eq!(known.estimate(), Estimate { requests: 0, seconds: Some(3.0) });
    }
}
