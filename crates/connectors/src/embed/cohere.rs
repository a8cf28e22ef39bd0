//! `POST /v2/embed` of Cohere.
//!
//! Source: docs.cohere.com, "Embed API (v2)".

use crate::embed::dialect::{BadReply, Call, Dialect, Parsed, counted, json};
use crate::embed::vector::{Encoding, WireVector};
use serde::{Deserialize, Serialize};
use types::seam::Purpose;

#[derive(Debug)]
pub(crate) struct Cohere;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    texts: &'a [&'a str],
    input_type: &'static str,
    embedding_types: [&'static str; 1],
    /// A text that is too long is an error, not silently half a text.
    truncate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<usize>,
}

#[derive(Deserialize)]
struct Reply {
    embeddings: ByType,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct ByType {
    #[serde(default)]
    base64: Option<Vec<WireVector>>,
    #[serde(default)]
    float: Option<Vec<WireVector>>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    billed_units: Option<Billed>,
}

#[derive(Deserialize)]
struct Billed {
    /// Some gateways write it as 12.0.
    #[serde(default)]
    input_tokens: Option<f64>,
}

impl Dialect for Cohere {
    fn path(&self, _model: &str) -> String {
        "/v2/embed".to_owned()
    }

    fn body(&self, call: &Call<'_>) -> Vec<u8> {
        let request = Request {
            model: call.model,
            texts: call.texts,
            input_type: match call.purpose {
                Purpose::Document => "search_document",
                Purpose::Query => "search_query",
            },
            embedding_types: match call.encoding {
                Encoding::Base64 => ["base64"],
                Encoding::Decimal => ["float"],
            },
            truncate: "NONE",
            output_dimension: call.dimensions,
        };
        json(&request, call.texts)
    }

    fn parse(&self, body: &[u8], count: usize) -> Result<Parsed, BadReply> {
        let reply: Reply = serde_json::from_slice(body)?;
        let vectors = reply.embeddings.base64.or(reply.embeddings.float).unwrap_or_default();
        let billed =
            reply.meta.and_then(|meta| meta.billed_units).and_then(|units| units.input_tokens);
        let tokens = billed.filter(|tokens| *tokens >= 0.0).map(|tokens| tokens as u64);
        Ok(Parsed { vectors: counted(vectors, count)?, tokens })
    }
}
