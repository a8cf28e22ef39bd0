//! Gemini: `models/{model}:generateContent`.
//!
//! Source: ai.google.dev/api/generate-content.

use super::line::{Line, Said};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use types::error_kind::ErrorKind;
use types::seam::BoxFuture;
use types::seam::llm::{Answer, AnswerEnd, CallError, Form, Llm, Part, Question, RemoteFiles};

/// A model at Google, or at a server that speaks its language.
#[derive(Debug)]
pub struct Gemini {
    pub(super) line: Line,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default)]
    usage_metadata: Usage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<ReplyPart>,
}

#[derive(Deserialize)]
struct ReplyPart {
    #[serde(default)]
    text: Option<String>,
    /// What the model thought on the way is not its answer.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default)]
    prompt_token_count: Option<u64>,
    #[serde(default)]
    candidates_token_count: Option<u64>,
}

impl Gemini {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    fn answer(&self, said: Said) -> Result<Answer, CallError> {
        let quota = said.quota;
        let reply: Reply = match serde_json::from_slice(&said.body) {
            Ok(reply) => reply,
            Err(error) => return Err(self.line.unusable(&error, quota)),
        };
        let blocked = reply.prompt_feedback.and_then(|feedback| feedback.block_reason);
        let candidate = reply.candidates.into_iter().next();
        let end = match (blocked, candidate.as_ref().and_then(|one| one.finish_reason.as_deref())) {
            (Some(reason), _) => AnswerEnd::Blocked(reason),
            (None, Some("MAX_TOKENS")) => AnswerEnd::CutShort,
            (None, Some("STOP" | "FINISH_REASON_UNSPECIFIED")) => AnswerEnd::Whole,
            (None, Some(reason)) => AnswerEnd::Blocked(reason.to_owned()),
            (None, None) => {
                let told = "the reply holds no answer and no reason";
                return Err(self.line.error(ErrorKind::Unavailable, told, quota));
            }
        };
        let parts = candidate.and_then(|one| one.content).map_or(Vec::new(), |one| one.parts);
        let text = parts.into_iter().filter(|part| !part.thought).filter_map(|part| part.text);
        Ok(Answer {
            text: text.collect(),
            end,
            tokens_in: reply.usage_metadata.prompt_token_count,
            tokens_out: reply.usage_metadata.candidates_token_count,
            quota,
        })
    }
}

fn body(question: &Question) -> Value {
    let parts: Vec<Value> = question.parts.iter().map(part).collect();
    let mut body = json!({"contents": [{"role": "user", "parts": parts}]});
    if let Form::Json { schema } = &question.form {
        let schema: Value = serde_json::from_str(schema).expect("a schema was checked to be JSON");
        body["generationConfig"] =
            json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    }
    body
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"text": text.as_ref()}),
        Part::File(file) => {
            json!({"fileData": {"mimeType": file.media_type, "fileUri": file.uri}})
        }
        Part::Inline(file) => json!({"inlineData": {
            "mimeType": file.media_type, "data": STANDARD.encode(file.bytes.as_slice()),
        }}),
    }
}

/// The texts of a question, which no message may quote.
pub(super) fn texts(question: &Question) -> Vec<&str> {
    let texts = question.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_ref()),
        Part::File(_) | Part::Inline(_) => None,
    });
    texts.collect()
}

impl Llm for Gemini {
    fn spec(&self) -> String {
        self.line.spec.to_string()
    }

    fn files(&self) -> Option<&dyn RemoteFiles> {
        Some(self)
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, CallError>> {
        Box::pin(async move {
            let path = format!("/v1beta/models/{}:generateContent", self.line.spec.model());
            let json = body(question).to_string().into_bytes();
            let said = self.line.post(&self.line.url(&path), json, &texts(question)).await;
            let said = said.map_err(|mut error| {
                let asks_of_file = question.parts.iter().any(|part| matches!(part, Part::File(_)));
                if error.kind == ErrorKind::NotFound
                    && asks_of_file
                    && error.message.contains("may not exist")
                {
                    // The file is gone; the model is not: the next question may do better.
                    error.kind = ErrorKind::InvalidInput;
                }
                error
            })?;
            self.answer(said)
        })
    }
}
