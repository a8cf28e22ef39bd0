//! What providers charge, for estimates and for `--max-cost`.

use crate::settings::Settings;
use connectors::embed::ProviderSpec;
use std::collections::BTreeMap;
use types::embedding::ModelId;

/// When the shipped prices were read. They change: check your provider.
pub(crate) const SHIPPED_DATE: &str = "2026-11";

/// US dollars per million input tokens, from the providers' public price lists.
pub(crate) const SHIPPED: [(&str, f64); 7] = [
    ("builtin", 0.0),
    ("local", 0.0),
    ("text-embedding-3-small", 0.02),
    ("text-embedding-3-large", 0.13),
    ("gemini-embedding-001", 0.15),
    ("embed-v4", 0.12),
    ("voyage-3.5", 0.06),
];

/// US dollars per million tokens, by model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prices(BTreeMap<String, f64>);

impl Prices {
    pub(crate) fn new(prices: impl IntoIterator<Item = (String, f64)>) -> Self {
        Self(prices.into_iter().collect())
    }

    /// The price of the model with its provider (`openai:text-embedding-3-small`), else of the model, else of
    /// everything from the provider.
    pub(crate) fn of(&self, model: &ModelId) -> Option<f64> {
        let names = [model.to_string(), model.model.clone(), model.provider.clone()];
        names.iter().find_map(|name| self.0.get(name)).copied()
    }
}

/// US dollars per million tokens of a language model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LlmPrice {
    pub input: f64,
    pub output: f64,
}

impl LlmPrice {
    /// US dollars.
    pub(crate) fn of(self, tokens_in: f64, tokens_out: f64) -> f64 {
        (self.input * tokens_in + self.output * tokens_out) / 1e6
    }
}

/// Behind the name of a model: the price of what it writes.
const OUTPUT: &str = " output";

impl Prices {
    /// Where only one price is written, it counts for input and output.
    pub(crate) fn of_llm(&self, spec: &ProviderSpec) -> Option<LlmPrice> {
        let provider = spec.provider().as_str();
        let names =
            [format!("{provider}:{}", spec.model()), spec.model().to_owned(), provider.to_owned()];
        let price =
            |end: &str| names.iter().find_map(|name| self.0.get(&format!("{name}{end}"))).copied();
        let input = price("")?;
        Some(LlmPrice { input, output: price(OUTPUT).unwrap_or(input) })
    }
}

/// A limit of the costs cannot be kept for a model without a price. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "max_cost needs a price for `{model}`; set `\"{model}\" = ...` under [prices], in US dollars per million tokens"
)]
pub(crate) struct NoPrice {
    pub model: String,
}

impl Settings {
    /// US dollars that a run with this model may cost; none: not limited.
    pub(crate) fn budget(&self, model: &ModelId) -> Result<Option<f64>, NoPrice> {
        match self.max_cost {
            Some(_) if self.prices.of(model).is_none() => Err(NoPrice { model: model.to_string() }),
            limit => Ok(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(provider: &str, model: &str) -> ModelId {
        ModelId { provider: provider.to_owned(), model: model.to_owned(), dimensions: 8 }
    }

    #[test]
    fn the_most_exact_price_wins() {
        let shipped = SHIPPED.map(|(name, usd)| (name.to_owned(), usd));
        let own = [("openai:text-embedding-3-small", 9.0), ("mine", 1.0)];
        let prices =
            Prices::new(shipped.into_iter().chain(own.map(|(name, usd)| (name.to_owned(), usd))));
        for (model, price) in [
            (model("builtin", ""), Some(0.0)),
            (model("builtin", "rev2"), Some(0.0)),
            (model("openai", "text-embedding-3-small"), Some(9.0)),
            (model("openai", "text-embedding-3-large"), Some(0.13)),
            (model("mine", "any"), Some(1.0)),
            (model("other", "any"), None),
            (model("other", ""), None),
        ] {
            assert_eq!(prices.of(&model), price, "{model}");
        }
    }

    #[test]
    fn what_a_model_writes_has_a_price_of_its_own_or_that_of_its_input() {
        let own = [("gemini:a", 1.0), ("gemini:a output", 8.0), ("b", 2.0)];
        let prices = Prices::new(own.map(|(name, usd)| (name.to_owned(), usd)));
        let price = |spec: &str| prices.of_llm(&ProviderSpec::parse(spec).unwrap());
        assert_eq!(price("gemini:a"), Some(LlmPrice { input: 1.0, output: 8.0 }));
        assert_eq!(
            price("openai:b@http://x/v1"),
            Some(LlmPrice { input: 2.0, output: 2.0 }),
            "the address does not count"
        );
        assert_eq!(price("gemini:c"), None);
        assert_eq!(price("gemini:a").unwrap().of(2e6, 1e6).to_bits(), 10f64.to_bits());
    }
}
