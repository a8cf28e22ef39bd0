//! What the dialects have in common: a call, a reply, and the rules that a reply must keep.

use crate::embed::spec::Provider;
use crate::embed::vector::{Encoding, WireVector};
use crate::embed::{cohere, gemini, openai, voyage};
use serde::Serialize;
use std::fmt;
use types::embedding::{BadVector, Embedding};
use types::seam::Purpose;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub model: &'a str,
    /// Only where the model is asked for other dimensions than its own.
    pub dimensions: Option<usize>,
    pub purpose: Purpose,
    pub texts: &'a [&'a str],
    pub encoding: Encoding,
}

/// What came, in the order of the texts, not yet checked.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub vectors: Vec<WireVector>,
    pub tokens: Option<u64>,
}

/// One way to ask for vectors and to answer.
pub(crate) trait Dialect: Send + Sync + fmt::Debug {
    /// Path below the address, with a slash at its beginning.
    fn path(&self, model: &str) -> String;

    /// JSON.
    fn body(&self, call: &Call<'_>) -> Vec<u8>;

    /// Exactly `count` vectors, or an error.
    fn parse(&self, body: &[u8], count: usize) -> Result<Parsed, BadReply>;
}

pub(crate) fn of(provider: Provider) -> &'static dyn Dialect {
    match provider {
        Provider::OpenAi => &openai::OpenAi,
        Provider::Gemini => &gemini::Gemini,
        Provider::Cohere => &cohere::Cohere,
        Provider::Voyage => &voyage::Voyage,
    }
}

/// A reply that calls itself a success and is none. Holds nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadReply {
    /// What the JSON parser says quotes the text, so only the place is kept.
    #[error("the reply is not what the API gives (line {line}, column {column})")]
    Form { line: usize, column: usize },
    #[error("the reply gives {got} vectors for {sent} texts")]
    Count { got: usize, sent: usize },
    #[error("the reply gives no vector for text {0}")]
    Missing(usize),
    #[error("the reply gives two vectors for text {0}")]
    Doubled(usize),
    #[error("the reply gives a vector for text {index} of {sent}")]
    OutOfRange { index: usize, sent: usize },
    #[error("text {index}: {bad}")]
    Vector { index: usize, bad: BadVector },
}

impl From<serde_json::Error> for BadReply {
    fn from(error: serde_json::Error) -> Self {
        Self::Form { line: error.line(), column: error.column() }
    }
}

/// Puts numbered vectors into the order of the texts: exactly one for each.
pub(crate) fn in_order(
    numbered: impl IntoIterator<Item = (usize, WireVector)>,
    sent: usize,
) -> Result<Vec<WireVector>, BadReply> {
    let mut places: Vec<Option<WireVector>> = Vec::new();
    places.resize_with(sent, || None);
    for (index, vector) in numbered {
        let place = places.get_mut(index).ok_or(BadReply::OutOfRange { index, sent })?;
        if place.replace(vector).is_some() {
            return Err(BadReply::Doubled(index));
        }
    }
    places
        .into_iter()
        .enumerate()
        .map(|(index, place)| place.ok_or(BadReply::Missing(index)))
        .collect()
}

/// For dialects without numbers, whose order is that of the texts by contract: only the count can be checked.
pub(crate) fn counted(vectors: Vec<WireVector>, sent: usize) -> Result<Vec<WireVector>, BadReply> {
    let got = vectors.len();
    if got == sent { Ok(vectors) } else { Err(BadReply::Count { got, sent }) }
}

/// Dimension, finiteness and norm of each.
pub(crate) fn checked(
    vectors: Vec<WireVector>,
    dimensions: usize,
) -> Result<Vec<Embedding>, BadReply> {
    vectors
        .into_iter()
        .enumerate()
        .map(|(index, vector)| {
            Embedding::new(vector.values, dimensions).map_err(|bad| BadReply::Vector { index, bad })
        })
        .collect()
}

/// Writes the body in one go, without a tree of values. `texts` tell how much room it needs.
pub(crate) fn json(body: &impl Serialize, texts: &[&str]) -> Vec<u8> {
    let bytes: usize = texts.iter().map(|text| text.len() + text.len() / 16 + 160).sum();
    let mut out = Vec::with_capacity(bytes + 256);
    serde_json::to_writer(&mut out, body).expect("texts and numbers can be written to memory");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Replies of every form with parts that are missing, doubled or of another kind.
    fn reply() -> impl Strategy<Value = String> {
        let index =
            prop_oneof![Just("0"), Just("1"), Just("2"), Just("-1"), Just("1e9"), Just("null")];
        let vector = prop_oneof![
            Just("[1,2]"),
            Just("[]"),
            Just("[null]"),
            Just("\"AACAPwAAgD8=\""),
            Just("\"\""),
            Just("7"),
        ];
        let items = proptest::collection::vec((index, vector), 0..4);
        (items, 0..5_usize).prop_map(|(items, form)| {
            let vectors: Vec<&str> = items.iter().map(|(_, vector)| *vector).collect();
            let numbered = items.iter().map(|(index, vector)| {
                format!(r#"{{"index":{index},"embedding":{vector},"values":{vector}}}"#)
            });
            let numbered = numbered.collect::<Vec<_>>().join(",");
            let plain = vectors.join(",");
            match form {
                0 => format!(r#"{{"data":[{numbered}]}}"#),
                1 => format!(r#"{{"embeddings":[{numbered}]}}"#),
                2 => format!(r#"{{"embeddings":{{"float":[{plain}]}}}}"#),
                3 => format!(r#"{{"embeddings":{{"base64":[{plain}]}},"meta":{{}}}}"#),
                _ => format!(r#"{{"data":[{plain}]"#),
            }
        })
    }

    proptest! {
        #[test]
        fn a_reply_gives_one_vector_per_text_or_an_error(
            body in reply(), raw in proptest::collection::vec(any::<u8>(), 0..64), sent in 0..4_usize
        ) {
            for provider in Provider::ALL {
                for body in [body.as_bytes(), &raw] {
                    if let Ok(parsed) = of(provider).parse(body, sent) {
                        prop_assert_eq!(parsed.vectors.len(), sent);
                        for embedding in checked(parsed.vectors, 2).unwrap_or_default() {
                            prop_assert_eq!(embedding.values().len(), 2);
                        }
                    }
                }
            }
        }
    }
}
