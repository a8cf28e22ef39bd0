//! What is known of models and providers: dimensions, and how much one call may hold.

use crate::embed::estimate::Estimate;
use crate::embed::spec::{Provider, ProviderSpec};
use types::seam::BatchLimits;

/// A model of which the dimensions are known without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    name: &'static str,
    /// Of its own accord.
    pub dimensions: usize,
    /// The dimensions can be asked for.
    pub cut: Cut,
    /// Of one text.
    text_tokens: usize,
    /// Of all texts of one call, as the provider counts.
    call_tokens: usize,
}

/// Which dimensions a model gives besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Never,
    /// Any number up to its own.
    Any,
    Only(&'static [usize]),
}

const VOYAGE_CUTS: Cut = Cut::Only(&[256, 512, 1024, 2048]);
const COHERE_CUTS: Cut = Cut::Only(&[256, 512, 1024, 1536]);

const fn model(name: &'static str, dimensions: usize, cut: Cut, tokens: [usize; 2]) -> Known {
    let [text_tokens, call_tokens] = tokens;
    Known { name, dimensions, cut, text_tokens, call_tokens }
}

/// Sources: the API reference of `OpenAI` (8,192 tokens per text, of which one is kept back; 300,000 per call).
const OPENAI: [Known; 3] = [
    model("text-embedding-3-small", 1536, Cut::Any, [8191, 300_000]),
    model("text-embedding-3-large", 3072, Cut::Any, [8191, 300_000]),
    model("text-embedding-ada-002", 1536, Cut::Never, [8191, 300_000]),
];

/// ai.google.dev, "Embeddings". A call has no limit of tokens of its own, only of bytes.
const GEMINI: [Known; 5] = [
    model("gemini-embedding-001", 3072, Cut::Any, [2048, 204_800]),
    model("gemini-embedding-2", 3072, Cut::Any, [8192, 400_000]),
    model("gemini-embedding-2-preview", 3072, Cut::Any, [8192, 400_000]),
    model("text-embedding-004", 768, Cut::Any, [2048, 204_800]),
    model("embedding-001", 768, Cut::Never, [2048, 204_800]),
];

/// docs.cohere.com, "Cohere's Embed Models". 96 texts per call are the limit; tokens follow from it.
const COHERE: [Known; 5] = [
    model("embed-v4.0", 1536, COHERE_CUTS, [128_000, 128_000]),
    model("embed-english-v3.0", 1024, Cut::Never, [512, 49_152]),
    model("embed-multilingual-v3.0", 1024, Cut::Never, [512, 49_152]),
    model("embed-english-light-v3.0", 384, Cut::Never, [512, 49_152]),
    model("embed-multilingual-light-v3.0", 384, Cut::Never, [512, 49_152]),
];

/// docs.voyageai.com, "Text embedding models".
const VOYAGE: [Known; 10] = [
    model("voyage-4-large", 1024, VOYAGE_CUTS, [32_000, 120_000]),
    model("voyage-4", 1024, VOYAGE_CUTS, [32_000, 320_000]),
    model("voyage-4-lite", 1024, VOYAGE_CUTS, [32_000, 1_000_000]),
    model("voyage-3-large", 1024, VOYAGE_CUTS, [32_000, 120_000]),
    model("voyage-3.5", 1024, VOYAGE_CUTS, [32_000, 320_000]),
    model("voyage-3.5-lite", 1024, VOYAGE_CUTS, [32_000, 1_000_000]),
    model("voyage-code-3", 1024, VOYAGE_CUTS, [32_000, 120_000]),
    model("voyage-finance-2", 1024, Cut::Never, [32_000, 120_000]),
    model("voyage-law-2", 1024, Cut::Never, [16_000, 120_000]),
    model("voyage-multilingual-2", 1024, Cut::Never, [32_000, 120_000]),
];

/// Flow control finds out how many calls at once help; this is only what the process can hold.
const IN_FLIGHT: usize = 1000;

/// A server that nobody knows: one of the small ones. TEI takes 32 texts, 16,384 tokens and 2 MB; a model of the
/// BERT family takes 512 tokens.
const UNKNOWN: BatchLimits = BatchLimits {
    items: 32,
    tokens: 16_384,
    text_tokens: 512,
    bytes: 1024 * 1024,
    in_flight: IN_FLIGHT,
};

/// Gemini refuses bodies above 4 MiB; escapes can double a text, and each needs 150 bytes around it.
const GEMINI_BYTES: usize = 1536 * 1024;

/// What a batch may hold in memory elsewhere, where no limit of bytes is told: room for every limit of tokens.
const BYTES: usize = 4 * 1024 * 1024;

/// Estimates may lie below by so much (as a share of 100): a call must not be refused for that.
const TRUST: usize = 75;

pub(crate) fn of(spec: &ProviderSpec) -> Option<Known> {
    models(spec.provider()).iter().find(|known| known.name == spec.model()).copied()
}

pub(crate) fn names(provider: Provider) -> impl Iterator<Item = &'static str> {
    models(provider).iter().map(|known| known.name)
}

fn models(provider: Provider) -> &'static [Known] {
    match provider {
        Provider::OpenAi => &OPENAI,
        Provider::Gemini => &GEMINI,
        Provider::Cohere => &COHERE,
        Provider::Voyage => &VOYAGE,
    }
}

/// Texts per call: the providers' own numbers (Gemini's from its error message).
fn items(provider: Provider) -> usize {
    match provider {
        Provider::OpenAi => 2048,
        Provider::Gemini => 100,
        Provider::Cohere => 96,
        Provider::Voyage => 1000,
    }
}

pub(crate) fn limits(spec: &ProviderSpec) -> BatchLimits {
    let provider = spec.provider();
    match of(spec) {
        Some(known) => BatchLimits {
            items: items(provider),
            tokens: known.call_tokens / 100 * TRUST,
            text_tokens: known.text_tokens / 100 * TRUST,
            bytes: if provider == Provider::Gemini { GEMINI_BYTES } else { BYTES },
            in_flight: IN_FLIGHT,
        },
        None => BatchLimits { items: UNKNOWN.items.min(items(provider)), ..UNKNOWN },
    }
}

pub(crate) fn tokens(spec: &ProviderSpec) -> Estimate {
    let vocabulary_of_openai = spec.provider() == Provider::OpenAi && of(spec).is_some();
    if vocabulary_of_openai { Estimate::OPENAI } else { Estimate::OTHERS }
}

impl Cut {
    pub(crate) fn gives(self, dimensions: usize, own: usize) -> bool {
        match self {
            Self::Never => dimensions == own,
            Self::Any => (1..=own).contains(&dimensions),
            Self::Only(some) => some.contains(&dimensions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits_of(text: &str) -> BatchLimits {
        limits(&ProviderSpec::parse(text).unwrap())
    }

    #[test]
    fn no_batch_goes_over_what_a_provider_takes() {
        for (spec, items, tokens) in [
            ("openai:text-embedding-3-small", 2048, 300_000),
            ("openai:text-embedding-3-small@http://127.0.0.1:9/v1", 2048, 300_000),
            ("gemini:gemini-embedding-001", 100, 204_800),
            ("cohere:embed-english-v3.0", 96, 49_152),
            ("voyage:voyage-3.5-lite", 1000, 1_000_000),
            ("voyage:voyage-4-large", 1000, 120_000),
            ("openai:some-model@http://127.0.0.1:9/v1", 32, 16_384),
        ] {
            let limits = limits_of(spec);
            assert_eq!(limits.items, items, "{spec}");
            assert!(limits.tokens <= tokens && limits.tokens >= tokens / 2, "{spec}");
            assert!(limits.text_tokens <= limits.tokens && limits.in_flight == IN_FLIGHT);
        }
    }

    #[test]
    fn a_model_is_cut_only_where_it_can_be() {
        for (cut, dimensions, gives) in [
            (Cut::Never, 1536, true),
            (Cut::Never, 256, false),
            (Cut::Any, 256, true),
            (Cut::Any, 1537, false),
            (Cut::Any, 0, false),
            (COHERE_CUTS, 512, true),
            (COHERE_CUTS, 700, false),
        ] {
            assert_eq!(cut.gives(dimensions, 1536), gives, "{cut:?} {dimensions}");
        }
    }
}
