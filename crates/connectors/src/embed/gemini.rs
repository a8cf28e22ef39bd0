//! `POST /v1beta/models/MODEL:batchEmbedContents` of the Gemini API.
//!
//! Source: ai.google.dev, "Embeddings" (guide and API reference).

use crate::embed::dialect::{BadReply, Call, Dialect, Parsed, counted, json};
use crate::embed::vector::WireVector;
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use types::seam::Purpose;

#[derive(Debug)]
pub(crate) struct Gemini;

#[derive(Serialize)]
struct Request<'a> {
    #[serde(serialize_with = "one_per_text")]
    requests: &'a Call<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<usize>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    #[serde(serialize_with = "after_prefix")]
    text: Prefixed<'a>,
}

struct Prefixed<'a>(&'static str, &'a str);

/// How a model is told what a text is for.
struct Task {
    task_type: Option<&'static str>,
    prefix: &'static str,
}

impl Task {
    /// The second generation takes no task type; its guide puts the task before the text.
    fn of(model: &str, purpose: Purpose) -> Self {
        let by_prefix = model.starts_with("gemini-embedding-2");
        match (by_prefix, purpose) {
            (true, Purpose::Document) => Self { task_type: None, prefix: "title: none | text: " },
            (true, Purpose::Query) => {
                Self { task_type: None, prefix: "task: search result | query: " }
            }
            (false, Purpose::Document) => {
                Self { task_type: Some("RETRIEVAL_DOCUMENT"), prefix: "" }
            }
            (false, Purpose::Query) => Self { task_type: Some("RETRIEVAL_QUERY"), prefix: "" },
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn one_per_text<S: Serializer>(call: &&Call<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let model = format!("models/{}", call.model);
    let task = Task::of(call.model, call.purpose);
    let mut list = serializer.serialize_seq(Some(call.texts.len()))?;
    for text in call.texts {
        list.serialize_element(&One {
            model: &model,
            content: Content { parts: [Part { text: Prefixed(task.prefix, text) }] },
            task_type: task.task_type,
            output_dimensionality: call.dimensions,
        })?;
    }
    list.end()
}

fn after_prefix<S: Serializer>(text: &Prefixed<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    match text.0 {
        "" => serializer.serialize_str(text.1),
        prefix => serializer.collect_str(&format_args!("{prefix}{}", text.1)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    embeddings: Vec<Values>,
    #[serde(default)]
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
struct Values {
    values: WireVector,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default)]
    prompt_token_count: Option<u64>,
}

impl Dialect for Gemini {
    fn path(&self, model: &str) -> String {
        format!("/v1beta/models/{model}:batchEmbedContents")
    }

    fn body(&self, call: &Call<'_>) -> Vec<u8> {
        json(&Request { requests: call }, call.texts)
    }

    fn parse(&self, body: &[u8], count: usize) -> Result<Parsed, BadReply> {
        let reply: Reply = serde_json::from_slice(body)?;
        let vectors = reply.embeddings.into_iter().map(|one| one.values).collect();
        let tokens = reply.usage_metadata.and_then(|usage| usage.prompt_token_count);
        Ok(Parsed { vectors: counted(vectors, count)?, tokens })
    }
}
