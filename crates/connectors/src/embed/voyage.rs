//! `POST /embeddings` of Voyage AI: as `OpenAI`'s, with a type of input.
//!
//! Source: docs.voyageai.com, "Text embedding models".

use crate::embed::dialect::{BadReply, Call, Dialect, Parsed, json};
use crate::embed::openai;
use serde::Serialize;
use types::seam::Purpose;

#[derive(Debug)]
pub(crate) struct Voyage;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    input_type: &'static str,
    /// A text that is too long is an error, not silently half a text.
    truncation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<usize>,
}

impl Dialect for Voyage {
    fn path(&self, _model: &str) -> String {
        "/embeddings".to_owned()
    }

    fn body(&self, call: &Call<'_>) -> Vec<u8> {
        let request = Request {
            model: call.model,
            input: call.texts,
            input_type: match call.purpose {
                Purpose::Document => "document",
                Purpose::Query => "query",
            },
            truncation: false,
            encoding_format: openai::base64_word(call.encoding),
            output_dimension: call.dimensions,
        };
        json(&request, call.texts)
    }

    fn parse(&self, body: &[u8], count: usize) -> Result<Parsed, BadReply> {
        openai::parse(body, count)
    }
}
