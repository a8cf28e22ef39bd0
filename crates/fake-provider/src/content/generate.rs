//! Texts that are generated: of what was asked, so that a test sees whose answer it is.

use super::Given;
use super::files::Files;
use crate::ask::{Ask, Texts};
use crate::plan::{Content, Lie};
use crate::refusal::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

fn bad(message: &str) -> Refusal {
    Refusal::BadRequest(message.to_owned())
}

fn parsed(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::BadRequest(error.to_string()))
}

/// All texts of a request to `generateContent`.
pub(super) fn prompt_of_contents(body: &[u8]) -> Result<String, Refusal> {
    let body = parsed(body)?;
    let contents = body["contents"].as_array().ok_or_else(|| bad("contents is not specified"))?;
    let parts = contents.iter().filter_map(|content| content["parts"].as_array()).flatten();
    let texts: Vec<&str> = parts.filter_map(|part| part["text"].as_str()).collect();
    Ok(texts.join("\n"))
}

/// The answer to a request whose shape was checked.
pub(super) fn gemini(
    now: f64,
    plan: &Content,
    files: &mut Files,
    (body, lie): (&[u8], Option<Lie>),
) -> Given {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts = body["contents"].as_array().into_iter().flatten();
    let parts: Vec<&Value> = parts.filter_map(|one| one["parts"].as_array()).flatten().collect();
    let mut seen = String::new();
    for part in &parts {
        let data = if part["file_data"].is_null() { &part["fileData"] } else { &part["file_data"] };
        if data.is_null() {
            continue;
        }
        let uri = data["file_uri"].as_str().or(data["fileUri"].as_str()).unwrap_or_default();
        let name = uri.find("files/").map_or(uri, |at| uri.get(at..).unwrap_or_default());
        let Some(file) = files.active(now, name) else {
            files.wrong("file_not_active");
            return Given::wrong(
                400,
                "FAILED_PRECONDITION",
                "The File is not in an ACTIVE state and usage is not allowed.",
            );
        };
        seen = format!("{} {} {}", file.display_name, file.mime, file.bytes);
    }
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    let prompt = texts.join("\n");
    let config = &body["generationConfig"];
    let schema = [&config["responseSchema"], &config["responseJsonSchema"]]
        .into_iter()
        .find(|schema| !schema.is_null());
    files.generated();
    let text = answer(plan, &prompt, &seen, schema, lie);
    Given::fine(reply(&prompt, &text, lie))
}

fn reply(prompt: &str, text: &str, lie: Option<Lie>) -> Value {
    let tokens = prompt.len() / 4 + 1;
    let out = text.len() / 4 + 1;
    let usage = json!({"promptTokenCount": tokens, "candidatesTokenCount": out, "totalTokenCount": tokens + out});
    match lie {
        Some(Lie::Blocked) => json!({
            "promptFeedback": {"blockReason": "SAFETY"},
            "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
        }),
        Some(Lie::CutShort) => {
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            candidate(&half, "MAX_TOKENS", &usage)
        }
        _ => candidate(text, "STOP", &usage),
    }
}

fn candidate(text: &str, finish: &str, usage: &Value) -> Value {
    json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": text}]},
            "finishReason": finish,
            "index": 0,
        }],
        "usageMetadata": usage,
    })
}

/// The planned answer to this prompt, else one that says what was asked of which file.
fn answer(
    plan: &Content,
    prompt: &str,
    seen: &str,
    schema: Option<&Value>,
    lie: Option<Lie>,
) -> String {
    if lie == Some(Lie::OffSchema) {
        return json!({"something": "else"}).to_string();
    }
    if let Some(planned) = plan.answers.iter().find(|one| prompt.contains(&one.marker)) {
        return planned.text.clone();
    }
    match schema {
        Some(schema) => sample(schema, prompt).to_string(),
        None => format!("{seen}: {prompt}"),
    }
}

/// A value that the schema allows.
fn sample(schema: &Value, prompt: &str) -> Value {
    let kind = schema["type"].as_str().unwrap_or("string").to_ascii_lowercase();
    match kind.as_str() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let values = properties.map(|(key, inner)| (key.clone(), sample(inner, prompt)));
            Value::Object(values.collect::<Map<_, _>>())
        }
        "array" => json!([sample(&schema["items"], prompt)]),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => match schema["enum"].as_array().and_then(|words| words.first()) {
            Some(word) => word.clone(),
            None => json!(prompt.chars().take(60).collect::<String>()),
        },
    }
}

/// Text and size of the files in a chat.
fn of_messages(body: &Value) -> Result<(String, String), Refusal> {
    let messages = body["messages"].as_array().ok_or_else(|| bad("you must provide messages"))?;
    let (mut texts, mut seen) = (Vec::new(), String::new());
    for message in messages {
        if let Some(text) = message["content"].as_str() {
            texts.push(text.to_owned());
        }
        for part in message["content"].as_array().into_iter().flatten() {
            match part["type"].as_str() {
                Some("text") => texts.push(part["text"].as_str().unwrap_or_default().to_owned()),
                Some("file") => {
                    let data = part["file"]["file_data"].as_str().unwrap_or_default();
                    let (head, data) =
                        data.split_once(',').ok_or_else(|| bad("file_data is no data URL"))?;
                    let bytes =
                        STANDARD.decode(data).map_err(|_| bad("file_data is not base64"))?;
                    let name = part["file"]["filename"].as_str().unwrap_or_default();
                    seen = format!("{name} {head} {}", bytes.len());
                }
                _ => return Err(bad("Invalid value for content type")),
            }
        }
    }
    Ok((texts.join("\n"), seen))
}

/// `plan`: whether files may be in it.
pub(super) fn chat_ask(plan: &Content, body: &[u8]) -> Result<Ask<'static>, Refusal> {
    let body = parsed(body)?;
    let model = body["model"].as_str().ok_or_else(|| bad("you must provide a model parameter"))?;
    let (text, seen) = of_messages(&body)?;
    if !plan.takes_files && !seen.is_empty() {
        return Err(bad("Invalid 'messages': unknown part type: file"));
    }
    let mut ask = Ask::new(Cow::Owned(model.to_owned()), Texts(vec![Cow::Owned(text)]));
    ask.route = "generate";
    Ok(ask)
}

pub(super) fn chat(plan: &Content, files: &mut Files, (body, lie): (&[u8], Option<Lie>)) -> Given {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let (prompt, seen) = of_messages(&body).unwrap_or_default();
    let schema = &body["response_format"]["json_schema"]["schema"];
    files.generated();
    let text = answer(plan, &prompt, &seen, Some(schema).filter(|schema| !schema.is_null()), lie);
    let (content, finish) = match lie {
        Some(Lie::Blocked) => (Value::Null, "content_filter"),
        Some(Lie::CutShort) => {
            (json!(text.chars().take(text.chars().count() / 2).collect::<String>()), "length")
        }
        _ => (json!(text), "stop"),
    };
    let tokens = prompt.len() / 4 + 1;
    Given::fine(json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": text.len() / 4 + 1, "total_tokens": tokens + text.len() / 4 + 1},
    }))
}
