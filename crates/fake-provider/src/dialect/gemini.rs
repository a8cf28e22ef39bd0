//! Gemini.

use super::times::millis;
use super::{Told, parse};
use crate::answer::{Answer, write, write_json, write_vector};
use crate::ask::{Ask, Encoding, Form, Texts};
use crate::plan::Body;
use crate::refusal::{Refusal, Wall};
use quota::Dimension;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch<'a> {
    #[serde(borrow)]
    requests: Vec<Request<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    content: Content<'a>,
    output_dimensionality: Option<usize>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

pub(super) fn read<'a>(path: &'a str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    let (model, method) = path
        .strip_prefix("/v1beta/models/")
        .and_then(|rest| rest.split_once(':'))
        .ok_or(Refusal::NoSuchPath)?;
    let (requests, form) = match method {
        "batchEmbedContents" => (parse::<Batch<'a>>(body)?.requests, Form::Many),
        "embedContent" => (vec![parse(body)?], Form::One),
        _ => return Err(Refusal::NoSuchPath),
    };
    if requests.is_empty() {
        let message = "* BatchEmbedContentsRequest.requests: requests is required";
        return Err(Refusal::BadRequest(message.to_owned()));
    }
    let dims = requests.iter().find_map(|request| request.output_dimensionality);
    let texts = requests.into_iter().map(|request| joined(request.content.parts)).collect();
    let mut ask = Ask::new(Cow::Borrowed(model), Texts(texts));
    ask.dims = dims;
    ask.form = form;
    Ok(ask)
}

/// Parts of one content are one text.
fn joined(parts: Vec<Part<'_>>) -> Cow<'_, str> {
    let mut parts = parts.into_iter().map(|part| part.text);
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |text, part| Cow::Owned(text.into_owned() + &*part))
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    let mut to = Vec::new();
    if let (Form::One, [row, ..]) = (answer.form, &answer.rows[..]) {
        write(&mut to, r#"{"embedding":{"values":"#);
        write_vector(&mut to, row, Encoding::Float);
        write(&mut to, "}");
        write_usage(&mut to, answer);
        return to;
    }
    write(&mut to, r#"{"embeddings":["#);
    for (place, row) in answer.rows.iter().enumerate() {
        write(&mut to, if place == 0 { r#"{"values":"# } else { r#",{"values":"# });
        write_vector(&mut to, row, Encoding::Float);
        write(&mut to, "}");
    }
    write(&mut to, "]");
    write_usage(&mut to, answer);
    to
}

/// The end of a reply: newer models say what they charge.
fn write_usage(to: &mut Vec<u8>, answer: &Answer<'_>) {
    write(to, r#","usageMetadata":{"promptTokenCount":"#);
    write_json(to, &answer.tokens);
    write(to, "}}");
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let invalid = "INVALID_ARGUMENT";
    match told.refusal {
        Refusal::BadRequest(message) => error(400, message, invalid, None),
        Refusal::NoSuchPath => error(404, "Requested entity was not found.", "NOT_FOUND", None),
        Refusal::NoSuchModel(model) => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for embedContent. Call ListModels to see the list of available models and their supported methods."
            );
            error(404, &message, "NOT_FOUND", None)
        }
        // This provider says 400 of a key that it does not know.
        Refusal::Unauthorized => error(
            400,
            "API key not valid. Please pass a valid API key.",
            invalid,
            Some(json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }])),
        ),
        Refusal::Forbidden => {
            error(403, "Permission denied: Consumer has been suspended.", "PERMISSION_DENIED", None)
        }
        Refusal::Spent => error(
            429,
            "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.",
            "RESOURCE_EXHAUSTED",
            None,
        ),
        Refusal::Limited(wall) => limited(wall, told),
        Refusal::TooManyItems { max, status, .. } => {
            let message = format!(
                "* BatchEmbedContentsRequest.requests: at most {max} requests can be in one batch"
            );
            error(*status, &message, invalid, None)
        }
        Refusal::TooManyTokens { tokens, max, status }
        | Refusal::TextTooLong { tokens, max, status, .. } => {
            let message = format!(
                "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({max})."
            );
            error(*status, &message, invalid, None)
        }
        Refusal::Poisoned { index: Some(index) } => {
            let message = format!(
                "* BatchEmbedContentsRequest.requests[{index}].content: contents is not valid"
            );
            error(400, &message, invalid, None)
        }
        Refusal::Poisoned { index: None } => {
            error(400, "Request contains an invalid argument.", invalid, None)
        }
        Refusal::SlowDown { status, retry_after } | Refusal::Broken { status, retry_after } => {
            let (message, name) = match status {
                429 => ("Resource exhausted. Please try again later.", "RESOURCE_EXHAUSTED"),
                503 => ("The model is overloaded. Please try again later.", "UNAVAILABLE"),
                _ => (
                    "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
                    "INTERNAL",
                ),
            };
            error(*status, message, name, retry_after.map(|wait| json!([retry_info(wait)])))
        }
    }
}

fn error(code: u16, message: &str, name: &str, details: Option<Value>) -> (u16, Value) {
    let mut error = json!({"code": code, "message": message, "status": name});
    if let Some(details) = details {
        error["details"] = details;
    }
    (code, json!({"error": error}))
}

fn retry_info(wait: f64) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": format!("{}s", millis(wait) as f64 / 1000.0),
    })
}

fn limited(wall: &Wall, told: &Told<'_>) -> (u16, Value) {
    let status = "RESOURCE_EXHAUSTED";
    if told.body == Body::Silent {
        return error(429, "Resource has been exhausted (e.g. check quota).", status, None);
    }
    let model = told.model;
    let limit = wall.state.limit.floor();
    // Each text of a batch counts as one embedding request here; batches are counted apart.
    let (metric, id) = match wall.state.dimension {
        Dimension::InputTokens => {
            ("embed_content_input_tokens", "EmbedContentInputTokensPerMinutePerProjectPerModel")
        }
        Dimension::Day => {
            ("embed_content_requests", "EmbedContentRequestsPerDayPerProjectPerModel")
        }
        Dimension::Items => {
            ("embed_content_requests", "EmbedContentRequestsPerMinutePerProjectPerModel")
        }
        Dimension::Requests | Dimension::OutputTokens | Dimension::InFlight => (
            "batch_embed_contents_requests",
            "BatchEmbedContentsRequestsPerMinutePerProjectPerRegion",
        ),
    };
    let metric = format!("generativelanguage.googleapis.com/{metric}");
    let mut message = format!(
        "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: {metric}, limit: {limit}, model: {model}"
    );
    let mut details = vec![
        json!({
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{
                "description": "Learn more about Gemini API quotas",
                "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
            }],
        }),
        json!({
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric": metric,
                "quotaId": id,
                "quotaDimensions": {"location": "global", "model": model},
                "quotaValue": limit.to_string(),
            }],
        }),
    ];
    if let Some(wait) = wall.wait {
        let seconds = millis(wait) as f64 / 1000.0;
        message = format!("{message}\nPlease retry in {seconds}s.");
        details.push(retry_info(wait));
    }
    error(429, &message, status, Some(Value::Array(details)))
}
