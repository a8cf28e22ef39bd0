//! How each provider speaks: paths, requests, replies, refusals, headers.
//!
//! Shapes are those of the providers' references and of replies that their users published (autumn 2026).

use crate::answer::Answer;
use crate::ask::Ask;
use crate::plan::{Body, DIMS_MAX, Headers, Hints, Wait};
use crate::refusal::Refusal;
use serde::Deserialize;

mod anthropic;
mod azure;
mod cohere;
mod gemini;
pub(crate) mod headers;
mod ollama;
mod openai;
mod times;
mod voyage;

/// The provider that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `POST /v1/embeddings`.
    Openai,
    /// `POST /openai/deployments/{model}/embeddings` and `POST /openai/v1/embeddings`.
    Azure,
    /// `POST /v1beta/models/{model}:batchEmbedContents` and `:embedContent`.
    Gemini,
    /// `POST /v2/embed`.
    Cohere,
    /// `POST /v1/embeddings`.
    Voyage,
    /// `POST /api/embed`.
    Ollama,
    /// `POST /v1/messages`: a stub that answers each message with a short text, for its limits and headers.
    Anthropic,
}

/// A refusal and what may be said of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) refusal: &'a Refusal,
    pub(crate) model: &'a str,
    pub(crate) body: Body,
}

impl Dialect {
    /// Whether each vector says whose it is.
    pub fn has_indexes(self) -> bool {
        matches!(self, Self::Openai | Self::Azure | Self::Voyage)
    }

    /// The request in `body`. Errors: a path that is not served, a body that makes no sense.
    pub(crate) fn read<'a>(self, path: &'a str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
        let ask = self.read_any(path, body)?;
        match ask.dims {
            Some(dims) if dims == 0 || dims > DIMS_MAX => {
                Err(Refusal::BadRequest(format!("Invalid value for dimensions: {dims}")))
            }
            _ => Ok(ask),
        }
    }

    fn read_any<'a>(self, path: &'a str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
        match self {
            Self::Openai => openai::read(path, body),
            Self::Azure => azure::read(path, body),
            Self::Gemini => gemini::read(path, body),
            Self::Cohere => cohere::read(path, body),
            Self::Voyage => voyage::read(path, body),
            Self::Ollama => ollama::read(path, body),
            Self::Anthropic => anthropic::read(path, body),
        }
    }

    pub(crate) fn answer(self, answer: &Answer<'_>) -> Vec<u8> {
        match self {
            Self::Openai | Self::Azure => openai::answer(answer),
            Self::Gemini => gemini::answer(answer),
            Self::Cohere => cohere::answer(answer),
            Self::Voyage => voyage::answer(answer),
            Self::Ollama => ollama::answer(answer),
            Self::Anthropic => anthropic::answer(answer),
        }
    }

    /// Status and body.
    pub(crate) fn refusal(self, told: &Told<'_>) -> (u16, String) {
        let (status, body) = match self {
            Self::Openai => openai::refusal(told),
            Self::Azure => azure::refusal(told),
            Self::Gemini => gemini::refusal(told),
            Self::Cohere => cohere::refusal(told),
            Self::Voyage => voyage::refusal(told),
            Self::Ollama => ollama::refusal(told),
            Self::Anthropic => anthropic::refusal(told),
        };
        (status, body.to_string())
    }

    /// What this provider says of limits where the plan does not.
    pub(crate) fn hints(self) -> Hints {
        let (headers, retry_after) = match self {
            Self::Openai => (Headers::Right, Wait::Missing),
            Self::Azure | Self::Anthropic => (Headers::Right, Wait::Right),
            Self::Gemini | Self::Cohere | Self::Voyage | Self::Ollama => {
                (Headers::Missing, Wait::Missing)
            }
        };
        Hints { headers: Some(headers), retry_after: Some(retry_after), body: Some(Body::Right) }
    }
}

/// `body` as JSON of one shape.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::BadRequest(error.to_string()))
}
