//! Voyage AI.

use super::{Told, openai, parse};
use crate::answer::Answer;
use crate::ask::{Ask, Encoding, Texts};
use crate::plan::Body;
use crate::refusal::Refusal;
use quota::Dimension;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    input: Texts<'a>,
    output_dimension: Option<usize>,
    encoding_format: Option<Format>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Base64,
}

pub(super) fn read<'a>(path: &str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path != "/v1/embeddings" {
        return Err(Refusal::NoSuchPath);
    }
    let request: Request<'a> = parse(body)?;
    if request.input.0.is_empty() {
        return Err(Refusal::BadRequest("Input cannot be an empty list.".to_owned()));
    }
    let mut ask = Ask::new(request.model, request.input);
    ask.dims = request.output_dimension;
    if let Some(Format::Base64) = request.encoding_format {
        ask.encoding = Encoding::Base64;
    }
    Ok(ask)
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    openai::list(answer, &json!({"total_tokens": answer.tokens}))
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let model = told.model;
    let failed = format!("Request to model '{model}' failed.");
    let (status, detail) = match told.refusal {
        Refusal::BadRequest(message) => (400, message.clone()),
        Refusal::NoSuchPath => (404, "Not Found".to_owned()),
        Refusal::NoSuchModel(model) => (400, format!("Model {model} is not supported.")),
        Refusal::Unauthorized => (401, "Provided API key is invalid.".to_owned()),
        Refusal::Forbidden => (403, "Forbidden".to_owned()),
        Refusal::Spent => (402, "You have exceeded your spend limit.".to_owned()),
        Refusal::Limited(wall) => {
            let which = match wall.state.dimension {
                Dimension::InputTokens => "tokens per minute (TPM)",
                _ => "requests per minute (RPM)",
            };
            let limit = match told.body {
                Body::Right => format!(" {which} of {}", wall.state.limit.floor()),
                Body::Silent => String::new(),
            };
            (429, format!("You have exceeded your rate limit{limit}. Please reduce the frequency of your requests."))
        }
        Refusal::TooManyItems { items, max, status } => {
            (*status, format!("{failed} The batch size limit is {max}. Your batch size is {items}."))
        }
        Refusal::TooManyTokens { tokens, max, status } => (
            *status,
            format!("{failed} The max allowed tokens per submitted batch is {max}. Your batch has {tokens} tokens after truncation. Please lower the number of tokens in the batch."),
        ),
        Refusal::TextTooLong { index, max, status, .. } => (
            *status,
            format!("{failed} The example at index {index} in your batch has too many tokens and does not fit into the model's context window of {max} tokens."),
        ),
        Refusal::Poisoned { index: Some(index) } => {
            (400, format!("The example at index {index} in your batch is invalid."))
        }
        Refusal::Poisoned { index: None } => (400, "The request body is invalid.".to_owned()),
        Refusal::SlowDown { status, .. } | Refusal::Broken { status, .. } => (
            *status,
            "Our servers are experiencing high traffic. Please retry your request after a brief wait.".to_owned(),
        ),
    };
    (status, json!({"detail": detail}))
}
