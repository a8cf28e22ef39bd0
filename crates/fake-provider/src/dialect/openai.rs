//! `OpenAI`.

use super::times::go_duration;
use super::{Told, parse};
use crate::answer::{Answer, write, write_json, write_objects};
use crate::ask::{Ask, Encoding, Texts};
use crate::plan::Body;
use crate::refusal::{Refusal, Wall};
use quota::Dimension;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Texts<'a>,
    dimensions: Option<usize>,
    encoding_format: Option<Format>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Format {
    Float,
    Base64,
}

pub(super) fn read<'a>(path: &str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path != "/v1/embeddings" {
        return Err(Refusal::NoSuchPath);
    }
    read_body(body, None)
}

/// `deployment`: the model, where the path names it.
pub(super) fn read_body<'a>(
    body: &'a [u8],
    deployment: Option<&'a str>,
) -> Result<Ask<'a>, Refusal> {
    let request: Request<'a> = parse(body)?;
    let Some(model) = deployment.map(Cow::Borrowed).or(request.model) else {
        return Err(Refusal::BadRequest("you must provide a model parameter".to_owned()));
    };
    let texts = &request.input.0;
    if texts.is_empty() || texts.iter().any(|text| text.is_empty()) {
        return Err(Refusal::BadRequest(
            "Invalid 'input': input cannot be an empty string.".to_owned(),
        ));
    }
    let mut ask = Ask::new(model, request.input);
    ask.dims = request.dimensions;
    if let Some(Format::Base64) = request.encoding_format {
        ask.encoding = Encoding::Base64;
    }
    Ok(ask)
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    list(answer, &json!({"prompt_tokens": answer.tokens, "total_tokens": answer.tokens}))
}

/// The list of embeddings, which Voyage AI writes alike but for its usage.
pub(super) fn list(answer: &Answer<'_>, usage: &Value) -> Vec<u8> {
    let mut to = Vec::new();
    write(&mut to, r#"{"object":"list","data":"#);
    write_objects(&mut to, &answer.rows, answer.encoding);
    write(&mut to, r#","model":"#);
    write_json(&mut to, answer.model);
    write(&mut to, r#","usage":"#);
    write_json(&mut to, usage);
    write(&mut to, "}");
    to
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let model = told.model;
    let invalid = "invalid_request_error";
    match told.refusal {
        Refusal::BadRequest(message) => (400, error(message, invalid, None)),
        Refusal::NoSuchPath => (404, error("Invalid URL", invalid, None)),
        Refusal::NoSuchModel(model) => {
            let message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            (404, error(&message, invalid, Some("model_not_found")))
        }
        Refusal::Unauthorized => {
            let message = "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.";
            (401, error(message, invalid, Some("invalid_api_key")))
        }
        Refusal::Forbidden => {
            let message = format!("Project `proj_fake` does not have access to model `{model}`");
            (403, error(&message, invalid, Some("model_not_found")))
        }
        Refusal::Spent => {
            let message = "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
            (429, error(message, "insufficient_quota", Some("insufficient_quota")))
        }
        Refusal::Limited(wall) => limited(wall, told),
        Refusal::TooManyItems { items, max, status } => {
            let message = format!(
                "Invalid 'input': array too long. Expected an array with maximum length {max}, but got an array with length {items} instead."
            );
            (*status, error(&message, invalid, Some("array_above_max_length")))
        }
        Refusal::TooManyTokens { tokens, max, status } => {
            let message = format!("Requested {tokens} tokens, max {max} tokens per request");
            let kind = "max_tokens_per_request";
            (*status, error(&message, kind, Some(kind)))
        }
        Refusal::TextTooLong { tokens, max, status, .. } => {
            let message = format!(
                "This model's maximum context length is {max} tokens, however you requested {tokens} tokens ({tokens} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
            );
            (*status, error(&message, invalid, None))
        }
        Refusal::Poisoned { index } => (400, poisoned(*index)),
        Refusal::SlowDown { status, .. } => {
            let message = "Slow down: your request rate has increased too quickly. Reduce it to its original level, keep it there for at least 15 minutes, and then increase it gradually.";
            (*status, error(message, "slow_down", Some("slow_down")))
        }
        Refusal::Broken { status, .. } => (*status, broken(*status)),
    }
}

fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn poisoned(index: Option<usize>) -> Value {
    let place = index.map_or("'$.input'".to_owned(), |index| format!("'input[{index}]'"));
    let message = format!(
        "{place} is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
    );
    let param = index.map(|index| format!("input[{index}]"));
    json!({"error": {
        "message": message, "type": "invalid_request_error", "param": param, "code": null,
    }})
}

fn broken(status: u16) -> Value {
    match status {
        503 | 529 => {
            error("The engine is currently overloaded, please try again later", "overloaded", None)
        }
        _ => error(
            "The server had an error while processing your request. Sorry about that!",
            "server_error",
            None,
        ),
    }
}

fn limited(wall: &Wall, told: &Told<'_>) -> (u16, Value) {
    let (name, kind) = match wall.state.dimension {
        Dimension::InputTokens => ("tokens per min (TPM)", "tokens"),
        Dimension::Items => ("inputs per min", "requests"),
        Dimension::Day => ("requests per day (RPD)", "requests"),
        Dimension::InFlight => return (429, too_many_at_once()),
        Dimension::Requests | Dimension::OutputTokens => ("requests per min (RPM)", "requests"),
    };
    if told.body == Body::Silent {
        return (429, error("Rate limit reached", "requests", Some("rate_limit_exceeded")));
    }
    if wall.wait.is_none() && wall.requested > wall.state.limit {
        return (429, error(&too_large(wall, told.model, name), kind, Some("rate_limit_exceeded")));
    }
    let again = wall
        .wait
        .map_or(String::new(), |wait| format!(" Please try again in {}.", go_duration(wait)));
    let message = format!(
        "Rate limit reached for {} in organization org-fake on {name}: Limit {}, Used {}, Requested {}.{again} Visit https://platform.openai.com/account/rate-limits to learn more.",
        told.model,
        wall.state.limit.floor(),
        wall.used.ceil(),
        wall.requested,
    );
    (429, error(&message, kind, Some("rate_limit_exceeded")))
}

fn too_many_at_once() -> Value {
    error("Too many concurrent requests", "requests", Some("rate_limit_exceeded"))
}

/// More than a minute's limit in one request: waiting does not help.
fn too_large(wall: &Wall, model: &str, name: &str) -> String {
    format!(
        "Request too large for {model} in organization org-fake on {name}: Limit {}, Requested {}. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.",
        wall.state.limit.floor(),
        wall.requested,
    )
}
