//! The models of a run with routes, each with what it did.

use super::{Report, provider};
use crate::wire::lanes::{Kind, kind};
use flow::dispatch::Counts;
use ingest::progress::Share;
use serde_json::{Value, json};
use types::embedding::ModelId;

/// One model of several.
pub(crate) struct OfModel<'r> {
    pub model: &'r ModelId,
    /// None: nobody knows yet.
    pub dimensions: Option<usize>,
    /// Visible chunks with its vectors after the run.
    pub chunks: u64,
    pub share: Share,
    /// US dollars per million tokens.
    pub price: Option<f64>,
}

impl OfModel<'_> {
    fn json(&self) -> Value {
        json!({
            "embedder": self.model.to_string(),
            "dimensions": self.dimensions,
            "chunks": self.chunks,
            "embedded": self.share.embedded,
            "reused": self.share.reused,
            "without_vector": self.share.without_vector,
            "provider": provider(self.model, self.share.counts, self.price),
        })
    }

    fn text(&self) -> String {
        format!(
            "  {}: {} chunks embedded, {} reused, {} in the store",
            self.model, self.share.embedded, self.share.reused, self.chunks
        )
    }
}

impl Report<'_> {
    pub(super) fn models(&self) -> Value {
        if self.models.is_empty() {
            return json!([{
                "embedder": self.model.to_string(),
                "dimensions": self.dimensions,
                "chunks": self.model_chunks,
            }]);
        }
        self.models.iter().map(OfModel::json).collect()
    }

    pub(super) fn models_text(&self) -> Vec<String> {
        self.models.iter().map(OfModel::text).collect()
    }

    /// Of all providers together; the cost is none where a price is missing.
    pub(super) fn provider(&self) -> Value {
        if self.models.is_empty() {
            return provider(self.model, self.outcome.calls.counts, self.price);
        }
        let mut all = Counts::default();
        let mut cost = Some(0.0);
        for each in &self.models {
            let counts = each.share.counts;
            if kind(each.model) == Kind::Local || counts.requests == 0 {
                continue;
            }
            all.requests += counts.requests;
            all.throttled += counts.throttled;
            all.retried += counts.retried;
            all.failed += counts.failed;
            all.tokens += counts.tokens;
            cost = cost.zip(each.price).map(|(sum, usd)| sum + usd * counts.tokens / 1e6);
        }
        json!({
            "requests": all.requests,
            "throttled": all.throttled,
            "retried": all.retried,
            "failed": all.failed,
            "tokens": all.tokens.round() as u64,
            "cost_usd": cost.filter(|_| all.requests > 0),
        })
    }

    /// What the planned chunks would cost; none where a price is missing.
    pub(super) fn planned_cost(&self) -> Option<f64> {
        if self.models.is_empty() {
            return self.cost(self.outcome.plan.tokens as f64);
        }
        self.models.iter().try_fold(0.0, |sum, each| {
            let (_, tokens) = each.share.planned;
            if tokens == 0 { Some(sum) } else { Some(sum + each.price? * tokens as f64 / 1e6) }
        })
    }
}
