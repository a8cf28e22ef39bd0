//! Ollama.

use super::{Told, parse};
use crate::answer::{Answer, write, write_json, write_matrix};
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
    input: Texts<'a>,
    dimensions: Option<usize>,
}

pub(super) fn read<'a>(path: &str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path != "/api/embed" {
        return Err(Refusal::NoSuchPath);
    }
    let request: Request<'a> = parse(body)?;
    let mut ask = Ask::new(request.model, request.input);
    ask.dims = request.dimensions;
    Ok(ask)
}

pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    let mut to = Vec::new();
    write(&mut to, r#"{"model":"#);
    write_json(&mut to, answer.model);
    write(&mut to, r#","embeddings":"#);
    write_matrix(&mut to, &answer.rows, answer.encoding);
    write(&mut to, r#","total_duration":14143917,"load_duration":1019500,"prompt_eval_count":"#);
    write_json(&mut to, &answer.tokens);
    write(&mut to, "}");
    to
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    let (status, error) = match told.refusal {
        Refusal::BadRequest(message) => (400, message.clone()),
        Refusal::NoSuchPath => (404, "404 page not found".to_owned()),
        Refusal::NoSuchModel(model) => {
            (404, format!("model \"{model}\" not found, try pulling it first"))
        }
        Refusal::Unauthorized => (401, "unauthorized".to_owned()),
        Refusal::Forbidden => (403, "forbidden".to_owned()),
        Refusal::Spent => (429, "you have reached your usage limit".to_owned()),
        Refusal::Limited(wall) if wall.state.dimension == Dimension::InFlight => {
            (503, "server busy, please try again.  maximum pending requests exceeded".to_owned())
        }
        Refusal::Limited(_) => (429, "too many requests".to_owned()),
        Refusal::TextTooLong { status, .. } => {
            (*status, "the input length exceeds the context length".to_owned())
        }
        Refusal::TooManyItems { status, .. } | Refusal::TooManyTokens { status, .. } => {
            (*status, "input too large".to_owned())
        }
        Refusal::Poisoned { index } => {
            let place = index.map_or(String::new(), |index| format!(" at index {index}"));
            (400, format!("invalid input{place}"))
        }
        Refusal::SlowDown { status, .. } => (
            *status,
            "server busy, please try again.  maximum pending requests exceeded".to_owned(),
        ),
        Refusal::Broken { status, .. } => {
            (*status, "llama runner process has terminated".to_owned())
        }
    };
    (status, json!({"error": error}))
}
