//! The result of `ingest` as JSON and as text.

mod models;

pub(crate) use models::OfModel;

use crate::failed::Failed;
use crate::wire::embedder::RunsOn;
use crate::wire::lanes::{Kind, kind};
use flow::dispatch::Counts;
use ingest::outcome::Outcome;
use ingest::progress::Tally;
use serde_json::{Value, json};
use types::embedding::ModelId;
use types::failure::FailureClass;

/// Everything around the outcome that the result names.
pub(crate) struct Report<'r> {
    pub run_id: &'r str,
    pub store: &'r str,
    pub model: &'r ModelId,
    /// Visible chunks of the model after the run.
    pub model_chunks: u64,
    /// All models of a run with routes; empty without.
    pub models: Vec<OfModel<'r>>,
    pub outcome: &'r Outcome,
    pub quality: &'r Tally,
    pub peak_rss_bytes: u64,
    /// US dollars per million tokens; none without a price.
    pub price: Option<f64>,
    pub estimate: Estimate,
    /// None: nobody knows yet.
    pub dimensions: Option<usize>,
    /// Of a model in this process that has a choice of numbers and devices.
    /// Workers, and what was decided about them.
    pub widths: Value,
    pub runs_on: Option<RunsOn>,
}

/// What a planned run would take besides tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub requests: u64,
    /// None while nothing is known of the model's speed.
    pub seconds: Option<f64>,
}

/// What was asked of a provider. Of a model in this process nothing is requested.
pub(crate) fn provider(model: &ModelId, counts: Counts, price: Option<f64>) -> Value {
    let counts = if kind(model) == Kind::Local { Counts::default() } else { counts };
    let cost = price.filter(|_| counts.requests > 0).map(|usd| usd * counts.tokens / 1e6);
    json!({
        "requests": counts.requests,
        "throttled": counts.throttled,
        "retried": counts.retried,
        "failed": counts.failed,
        "tokens": counts.tokens.round() as u64,
        "cost_usd": cost,
    })
}

/// What the checks of the vectors found.
pub(crate) fn quality(tally: &Tally) -> Value {
    json!({
        "assessed": tally.assessed.get(),
        "valid": tally.valid.get(),
        "mean_score": tally.mean_score(),
        "suspicious": tally.suspicious.get(),
        "low_magnitude": tally.low.get(),
        "high_magnitude": tally.high.get(),
        "regenerated": tally.regenerated.get(),
    })
}

impl Report<'_> {
    pub(crate) fn json(&self) -> Value {
        let Outcome { documents, chunks, failures, stages, took, .. } = self.outcome;
        let seconds = took.as_secs_f64();
        let failures: Vec<Value> = failures
            .iter()
            .map(|(document, f)| {
                json!({ "document": document, "class": f.class, "message": f.message, "hint": f.hint })
            })
            .collect();
        let stages: Vec<Value> = stages
            .iter()
            .map(|(name, reading)| {
                json!({
                    "name": name,
                    "items": reading.items,
                    "busy_seconds": reading.busy.as_secs_f64(),
                    "p50_ms": reading.p50.as_secs_f64() * 1e3,
                    "p99_ms": reading.p99.as_secs_f64() * 1e3,
                })
            })
            .collect();
        let mut result = json!({
            "run_id": self.run_id,
            "store": self.store,
            "embedder": self.model.to_string(),
            "dimensions": self.dimensions,
            "documents": {
                "seen": documents.seen,
                "ingested": documents.ingested,
                "unchanged": documents.unchanged,
                "removed": documents.removed,
                "failed": documents.failed,
            },
            "chunks": {
                "written": chunks.written,
                "embedded": chunks.embedded,
                "reused": chunks.reused,
                "removed": chunks.removed,
                "without_vector": chunks.without_vector,
            },
            "models": self.models(),
            "provider": self.provider(),
            "quality": quality(self.quality),
            "seconds": seconds,
            "chunks_per_second": if seconds > 0.0 { chunks.written as f64 / seconds } else { 0.0 },
            "peak_rss_bytes": self.peak_rss_bytes,
            "stages": stages,
            "widths": self.widths,
            "failures": failures,
        });
        if let Some(RunsOn { text, device }) = &self.runs_on {
            result["embedder_runs_on"] = text.as_str().into();
            result["embedder_device"] = device.clone();
        }
        result
    }

    /// What `--dry-run` adds.
    pub(crate) fn plan(&self) -> Value {
        let plan = &self.outcome.plan;
        json!({
            "new": plan.new,
            "changed": plan.changed,
            "unchanged": plan.unchanged,
            "removed": plan.removed,
            "chunks": plan.chunks,
            "tokens": plan.tokens,
            "requests": self.estimate.requests,
            "cost_usd": self.planned_cost(),
            "seconds": self.estimate.seconds,
        })
    }

    fn cost(&self, tokens: f64) -> Option<f64> {
        self.price.map(|per_million| per_million * tokens / 1e6)
    }

    pub(crate) fn text(&self) -> String {
        let Outcome { documents, chunks, took, .. } = self.outcome;
        let mut lines = vec![
            format!(
                "{} documents: {} ingested, {} unchanged, {} removed, {} failed",
                documents.seen,
                documents.ingested,
                documents.unchanged,
                documents.removed,
                documents.failed
            ),
            format!(
                "{} chunks written: {} embedded, {} vectors reused, {} without a vector (keywords only)",
                chunks.written, chunks.embedded, chunks.reused, chunks.without_vector
            ),
            format!(
                "{:.2} s, peak memory {} MB, embedder {} ({} dimensions{}), store {}",
                took.as_secs_f64(),
                self.peak_rss_bytes >> 20,
                self.model,
                self.model.dimensions,
                self.runs_on.as_ref().map(|on| format!(", {}", on.text)).unwrap_or_default(),
                self.store
            ),
        ];
        lines.extend(self.models_text());
        let provider = self.outcome.calls.counts;
        if self.models.is_empty() && kind(self.model) == Kind::Remote && provider.requests > 0 {
            let cost = self.cost(provider.tokens);
            lines.push(format!(
                "{} requests: {} throttled, {} failed; {:.0} tokens{}",
                provider.requests,
                provider.throttled,
                provider.failed,
                provider.tokens,
                cost.map_or_else(String::new, |usd| format!(", {usd:.4} US dollars")),
            ));
        }
        lines.extend(self.outcome.failures.iter().map(|(document, failure)| {
            format!(
                "failed: {}: {} ({})\n  hint: {}",
                printable(document),
                failure.message,
                failure.class,
                failure.hint
            )
        }));
        lines.join("\n")
    }
}

pub(crate) fn prune_refused(gone: u64, of: u64) -> Failed {
    Failed::new(
        FailureClass::Denied,
        format!("nothing was removed: {gone} of {of} documents are gone from the sources"),
        "check that the sources are all there; if so many are meant to go, use --prune=all",
    )
}

/// Names come from file systems and archives: control characters must not reach a terminal.
pub(crate) fn printable(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// The same for a text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(super::printable("a\nb\u{1b}[2Jc é"), "a\\nb\\u{1b}[2Jc é");
    }
}
