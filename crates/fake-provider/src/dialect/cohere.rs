//! Cohere, version 2 of its API.

use super::{Told, parse};
use crate::answer::{Answer, write, write_json, write_matrix};
use crate::ask::{Ask, Encoding, Texts};
use crate::plan::Body;
use crate::refusal::{Refusal, Wall};
use quota::Dimension;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

const ID: &str = "00000000-0000-4000-8000-000000000000";

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    texts: Texts<'a>,
    #[serde(borrow)]
    input_type: Option<Cow<'a, str>>,
    #[serde(default)]
    embedding_types: Vec<Kind>,
    output_dimension: Option<usize>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Float,
    Base64,
}

pub(super) fn read<'a>(path: &str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path != "/v2/embed" {
        return Err(Refusal::NoSuchPath);
    }
    let request: Request<'a> = parse(body)?;
    if request.input_type.is_none() {
        let message = "invalid request: valid input_type must be provided with the provided model";
        return Err(Refusal::BadRequest(message.to_owned()));
    }
    let encoding = match request.embedding_types[..] {
        [] | [Kind::Float] => Encoding::Float,
        [Kind::Base64] => Encoding::Base64,
        _ => {
            let message = "invalid request: this server gives one of embedding_types at a time";
            return Err(Refusal::BadRequest(message.to_owned()));
        }
    };
    let mut ask = Ask::new(request.model, request.texts);
    ask.dims = request.output_dimension;
    ask.encoding = encoding;
    Ok(ask)
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    let mut to = Vec::new();
    write(&mut to, r#"{"id":"#);
    write_json(&mut to, ID);
    write(&mut to, r#","embeddings":{"#);
    write(
        &mut to,
        match answer.encoding {
            Encoding::Float => r#""float":"#,
            Encoding::Base64 => r#""base64":"#,
        },
    );
    write_matrix(&mut to, &answer.rows, answer.encoding);
    write(&mut to, r#"},"texts":"#);
    write_json(&mut to, answer.texts);
    let meta =
        json!({"api_version": {"version": "2"}, "billed_units": {"input_tokens": answer.tokens}});
    write(&mut to, r#","meta":"#);
    write_json(&mut to, &meta);
    write(&mut to, r#","response_type":"embeddings_by_type"}"#);
    to
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let (status, message) = match told.refusal {
        Refusal::BadRequest(message) => (400, message.clone()),
        Refusal::NoSuchPath => (404, "page not found".to_owned()),
        Refusal::NoSuchModel(model) => (404, format!("model '{model}' not found, make sure the correct model ID was used and that you have access to the model.")),
        Refusal::Unauthorized => (401, "invalid api token".to_owned()),
        Refusal::Forbidden => (403, "your api token does not have access to this endpoint".to_owned()),
        Refusal::Spent => (402, "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue".to_owned()),
        Refusal::Limited(_) if told.body == Body::Silent => (429, "too many requests".to_owned()),
        Refusal::Limited(wall) => (429, limited(wall)),
        Refusal::TooManyItems { items, max, status } => (*status, format!("invalid request: total number of texts must be at most {max} - received {items}")),
        Refusal::TooManyTokens { tokens, max, status } => (*status, format!("invalid request: total number of tokens must be at most {max} - received {tokens}")),
        Refusal::TextTooLong { index, tokens, max, status } => (*status, format!("too many tokens: text at index {index} has {tokens} tokens, the maximum is {max}")),
        Refusal::Poisoned { index: Some(index) } => (400, format!("invalid request: texts[{index}] is not valid")),
        Refusal::Poisoned { index: None } => (400, "invalid request: texts are not valid".to_owned()),
        Refusal::SlowDown { status, .. } => (*status, "the service is overloaded, please slow down".to_owned()),
        Refusal::Broken { status, .. } => (*status, "internal server error, this has been reported to our developers".to_owned()),
    };
    (status, json!({"id": ID, "message": message}))
}

fn limited(wall: &Wall) -> String {
    let limit = wall.state.limit.floor();
    let unit = match wall.state.dimension {
        Dimension::InputTokens => {
            return format!("trial token rate limit exceeded, limit is {limit} tokens per minute");
        }
        Dimension::Items => "inputs / minute",
        Dimension::Day => "API calls / day",
        Dimension::Requests | Dimension::OutputTokens | Dimension::InFlight => "API calls / minute",
    };
    format!(
        "You are using a Trial key, which is limited to {limit} {unit}. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'."
    )
}
