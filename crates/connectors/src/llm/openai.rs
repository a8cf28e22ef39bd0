//! Servers compatible with `OpenAI`: `POST /chat/completions`, the document inside the question.
//!
//! Source: platform.openai.com/docs/guides/pdf-files and /docs/guides/structured-outputs.

use super::gemini::texts;
use super::line::{Line, Said};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use types::error_kind::ErrorKind;
use types::seam::BoxFuture;
use types::seam::llm::{Answer, AnswerEnd, CallError, Form, Llm, Part, Question, RemoteFiles};

/// A model at `OpenAI`, or at a server that speaks its language.
#[derive(Debug)]
pub struct OpenAi {
    line: Line,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
}

impl OpenAi {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    fn body(&self, question: &Question) -> Value {
        let mut body = json!({
            "model": self.line.spec.model(),
            "messages": [{"role": "user", "content": content(question)}],
        });
        if let Form::Json { schema } = &question.form {
            let schema: Value =
                serde_json::from_str(schema).expect("a schema was checked to be JSON");
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema},
            });
        }
        body
    }

    fn answer(&self, said: Said) -> Result<Answer, CallError> {
        let quota = said.quota;
        let reply: Reply = match serde_json::from_slice(&said.body) {
            Ok(reply) => reply,
            Err(error) => return Err(self.line.unusable(&error, quota)),
        };
        let Some(choice) = reply.choices.into_iter().next() else {
            let told = "the reply holds no answer";
            return Err(self.line.error(ErrorKind::Unavailable, told, quota));
        };
        let end = match (choice.message.refusal, choice.finish_reason.as_deref()) {
            (Some(_), _) => AnswerEnd::Blocked("refusal".to_owned()),
            (None, Some("content_filter")) => AnswerEnd::Blocked("content_filter".to_owned()),
            (None, Some("length")) => AnswerEnd::CutShort,
            (None, _) => AnswerEnd::Whole,
        };
        let usage = reply.usage;
        Ok(Answer {
            text: choice.message.content.unwrap_or_default(),
            end,
            tokens_in: usage.as_ref().and_then(|usage| usage.prompt_tokens),
            tokens_out: usage.as_ref().and_then(|usage| usage.completion_tokens),
            quota,
        })
    }
}

/// Servers without files often know no parts either: texts alone are one text.
fn content(question: &Question) -> Value {
    let text = |part: &'_ Part| match part {
        Part::Text(text) => Some(text.to_string()),
        Part::File(_) | Part::Inline(_) => None,
    };
    match question.parts.iter().map(text).collect::<Option<Vec<String>>>() {
        Some(texts) => json!(texts.join("\n\n")),
        None => question.parts.iter().map(part).collect(),
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text.as_ref()}),
        Part::File(file) => json!({"type": "file", "file": {"file_id": file.name}}),
        Part::Inline(file) => {
            let data = STANDARD.encode(file.bytes.as_slice());
            let data = format!("data:{};base64,{data}", file.media_type);
            json!({"type": "file", "file": {"filename": file.name, "file_data": data}})
        }
    }
}

impl Llm for OpenAi {
    fn spec(&self) -> String {
        self.line.spec.to_string()
    }

    fn files(&self) -> Option<&dyn RemoteFiles> {
        None
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, CallError>> {
        Box::pin(async move {
            let json = self.body(question).to_string().into_bytes();
            let url = self.line.url("/chat/completions");
            self.answer(self.line.post(&url, json, &texts(question)).await?)
        })
    }
}
