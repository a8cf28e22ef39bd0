//! `POST /embeddings` of `OpenAI` and all that are compatible.
//!
//! Source: platform.openai.com, API reference, "Create embeddings".

use crate::embed::dialect::{BadReply, Call, Dialect, Parsed, in_order, json};
use crate::embed::vector::{Encoding, WireVector};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(crate) struct OpenAi;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// Voyage answers in the same form.
#[derive(Deserialize)]
pub(crate) struct Reply {
    data: Vec<Item>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: WireVector,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

impl Dialect for OpenAi {
    fn path(&self, _model: &str) -> String {
        "/embeddings".to_owned()
    }

    fn body(&self, call: &Call<'_>) -> Vec<u8> {
        let request = Request {
            model: call.model,
            input: call.texts,
            encoding_format: base64_word(call.encoding),
            dimensions: call.dimensions,
        };
        json(&request, call.texts)
    }

    fn parse(&self, body: &[u8], count: usize) -> Result<Parsed, BadReply> {
        parse(body, count)
    }
}

/// Numbers are the default everywhere: a server that knows no other form is not asked for one.
pub(crate) fn base64_word(encoding: Encoding) -> Option<&'static str> {
    match encoding {
        Encoding::Base64 => Some("base64"),
        Encoding::Decimal => None,
    }
}

pub(crate) fn parse(body: &[u8], count: usize) -> Result<Parsed, BadReply> {
    let reply: Reply = serde_json::from_slice(body)?;
    let numbered = reply.data.into_iter().map(|item| (item.index, item.embedding));
    let tokens = reply.usage.and_then(|usage| usage.prompt_tokens.or(usage.total_tokens));
    Ok(Parsed { vectors: in_order(numbered, count)?, tokens })
}
