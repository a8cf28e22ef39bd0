//! A stub of Anthropic's messages: what it says of limits, without a model behind it.

use super::{Told, parse};
use crate::answer::Answer;
use crate::ask::{Ask, Texts};
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
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

pub(super) fn read<'a>(path: &str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path != "/v1/messages" {
        return Err(Refusal::NoSuchPath);
    }
    let request: Request<'a> = parse(body)?;
    let texts = request.messages.into_iter().map(|message| message.content).collect();
    Ok(Ask::new(request.model, Texts(texts)))
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    let message = json!({
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Understood."}],
        "model": answer.model,
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": {"input_tokens": answer.tokens, "output_tokens": 3},
    });
    message.to_string().into_bytes()
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let invalid = "invalid_request_error";
    let (status, kind, message) = match told.refusal {
        Refusal::BadRequest(message) => (400, invalid, message.clone()),
        Refusal::NoSuchPath => (404, "not_found_error", "Not Found".to_owned()),
        Refusal::NoSuchModel(model) => (404, "not_found_error", format!("model: {model}")),
        Refusal::Unauthorized => (401, "authentication_error", "invalid x-api-key".to_owned()),
        Refusal::Forbidden => {
            (403, "permission_error", "Your API key does not have permission to use the specified resource.".to_owned())
        }
        Refusal::Spent => (
            400,
            invalid,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.".to_owned(),
        ),
        Refusal::Limited(wall) => {
            let unit = match wall.state.dimension {
                Dimension::InputTokens => "input tokens per minute",
                _ => "requests per minute",
            };
            let limit = wall.state.limit.floor();
            (429, "rate_limit_error", format!("This request would exceed your organization's rate limit of {limit} {unit}."))
        }
        Refusal::TooManyItems { status, .. }
        | Refusal::TooManyTokens { status, .. }
        | Refusal::TextTooLong { status, .. } => (*status, invalid, "prompt is too long".to_owned()),
        Refusal::Poisoned { index } => {
            let place = index.map_or(String::new(), |index| format!(".{index}"));
            (400, invalid, format!("messages{place}: invalid content"))
        }
        Refusal::SlowDown { status, .. } => {
            (*status, "rate_limit_error", "Your request rate has increased too quickly.".to_owned())
        }
        Refusal::Broken { status: 529, .. } => (529, "overloaded_error", "Overloaded".to_owned()),
        Refusal::Broken { status, .. } => (*status, "api_error", "Internal server error".to_owned()),
    };
    (
        status,
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}),
    )
}
