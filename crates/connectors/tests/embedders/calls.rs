//! What is asked, in each dialect.

use crate::server::{Server, ok, status};
use crate::{KEY, TEXTS, embed, embedder, embedder_with, options, spec, values};
use connectors::embed::{ApiKey, BadSetup, Encoding, OpenError, ProviderSpec, RemoteEmbedder};
use serde_json::json;
use types::error_kind::ErrorKind;
use types::seam::{Embedder, Purpose};

const OPENAI: &str = r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]},
    {"index":2,"embedding":[1,1]}],"usage":{"prompt_tokens":17,"total_tokens":18}}"#;
const GEMINI: &str = r#"{"embeddings":[{"values":[1,0]},{"values":[0,1]},{"values":[1,1]}],
    "usageMetadata":{"promptTokenCount":17}}"#;
/// Base64 of [1,0], [0,1] and [1,1] in f32.
const COHERE: &str = r#"{"id":"x","embeddings":{"base64":["AACAPwAAAAA=","AAAAAAAAgD8=","AACAPwAAgD8="]},
    "texts":["sent back"],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":17}}}"#;

#[tokio::test]
async fn openai_is_asked_for_base64_with_a_bearer() {
    let server = Server::start([ok(OPENAI)]).await;
    let embedder = embedder("openai:m", &server);
    let got = embed(&embedder).await.unwrap();
    assert_eq!(values(&got), [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    assert_eq!(got.tokens, Some(17));
    let asked = server.asked().remove(0);
    assert_eq!(asked.target, "POST /v1/embeddings HTTP/1.1");
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.body, json!({"model": "m", "input": TEXTS, "encoding_format": "base64"}));
    let id = embedder.model();
    assert_eq!((id.to_string().as_str(), id.dimensions), ("openai:m", 2));
}

#[tokio::test]
async fn a_model_that_can_be_cut_is_asked_for_the_dimensions_and_another_is_refused() {
    let server = Server::start([ok(OPENAI), ok(OPENAI)]).await;
    embed(&embedder("openai:text-embedding-3-small", &server)).await.unwrap();
    assert_eq!(server.asked()[0].body["dimensions"], 2);
    let own = embedder_with("openai:text-embedding-3-small", &server, &options(1536));
    assert_eq!(embed(&own).await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(server.asked()[1].body.get("dimensions"), None);
    let fixed = spec("openai:text-embedding-ada-002", &server);
    let refused = RemoteEmbedder::new(&fixed, None, &options(2)).unwrap_err();
    assert_eq!(refused, BadSetup::Dimensions { spec: fixed, own: 1536, asked: 2 });
}

#[tokio::test]
async fn voyage_is_told_what_a_text_is_for() {
    let server = Server::start([ok(OPENAI), ok(OPENAI)]).await;
    let embedder = embedder("voyage:m", &server);
    embed(&embedder).await.unwrap();
    embedder.embed(Purpose::Query, &TEXTS).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].target, "POST /v1/embeddings HTTP/1.1");
    let expected = json!({"model": "m", "input": TEXTS, "input_type": "document", "truncation": false,
        "encoding_format": "base64"});
    assert_eq!(asked[0].body, expected);
    assert_eq!(asked[1].body["input_type"], "query");
}

#[tokio::test]
async fn cohere_is_told_what_a_text_is_for_and_gives_base64() {
    let server = Server::start([ok(COHERE), ok(COHERE)]).await;
    let embedder = embedder("cohere:m", &server);
    let got = embed(&embedder).await.unwrap();
    assert_eq!(values(&got), [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    assert_eq!((got.tokens, embedder.encoding()), (Some(17), Encoding::Base64));
    embedder.embed(Purpose::Query, &TEXTS).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].target, "POST /v2/embed HTTP/1.1");
    let expected = json!({"model": "m", "texts": TEXTS, "input_type": "search_document",
        "embedding_types": ["base64"], "truncate": "NONE"});
    assert_eq!(asked[0].body, expected);
    assert_eq!(asked[1].body["input_type"], "search_query");
}

#[tokio::test]
async fn gemini_gets_the_key_in_a_header_and_the_task_with_each_text() {
    let server = Server::start([ok(GEMINI), ok(GEMINI)]).await;
    let embedder = embedder_with("gemini:gemini-embedding-001", &server, &options(2));
    let got = embed(&embedder).await.unwrap();
    assert_eq!((values(&got)[1].as_slice(), got.tokens), ([0.0, 1.0].as_slice(), Some(17)));
    embedder.embed(Purpose::Query, &TEXTS).await.unwrap();
    let asked = server.asked();
    assert_eq!(
        asked[0].target,
        "POST /v1beta/models/gemini-embedding-001:batchEmbedContents HTTP/1.1"
    );
    assert_eq!(asked[0].header("x-goog-api-key"), Some(KEY));
    assert_eq!(asked[0].header("authorization"), None);
    let one = json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": TEXTS[1]}]},
        "taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 2});
    assert_eq!(asked[0].body["requests"][1], one);
    assert_eq!(asked[1].body["requests"][0]["taskType"], "RETRIEVAL_QUERY");
}

#[tokio::test]
async fn the_second_gemini_embedding_is_told_the_task_in_the_text() {
    let server = Server::start([ok(GEMINI), ok(GEMINI)]).await;
    let embedder = embedder("gemini:gemini-embedding-2", &server);
    embed(&embedder).await.unwrap();
    embedder.embed(Purpose::Query, &TEXTS).await.unwrap();
    let first = |index: usize| server.asked()[index].body["requests"][0].clone();
    assert_eq!(
        first(0)["content"]["parts"][0]["text"],
        format!("title: none | text: {}", TEXTS[0])
    );
    assert_eq!(
        first(1)["content"]["parts"][0]["text"],
        format!("task: search result | query: {}", TEXTS[0])
    );
    assert_eq!(first(0).get("taskType"), None);
}

#[tokio::test]
async fn texts_arrive_as_they_are() {
    let server = Server::start([ok(OPENAI), ok(GEMINI)]).await;
    let texts = ["quote \" slash \\ line\n", "\u{1} é 漢 \u{1f41d}", "</script>"];
    embedder("openai:m", &server).embed(Purpose::Document, &texts).await.unwrap();
    embedder("gemini:gemini-embedding-2", &server).embed(Purpose::Query, &texts).await.unwrap();
    assert_eq!(server.asked()[0].body["input"], json!(texts));
    let second = &server.asked()[1].body["requests"][1]["content"]["parts"][0]["text"];
    assert_eq!(second, &format!("task: search result | query: {}", texts[1]));
}

#[tokio::test]
async fn a_server_that_ignores_base64_is_noticed() {
    let server = Server::start([ok(OPENAI), ok(OPENAI)]).await;
    let embedder = embedder("openai:m", &server);
    assert_eq!(embedder.encoding(), Encoding::Base64);
    embed(&embedder).await.unwrap();
    assert_eq!(embedder.encoding(), Encoding::Decimal);
    embed(&embedder).await.unwrap();
    assert_eq!(server.asked()[1].body.get("encoding_format"), None);
}

#[tokio::test]
async fn a_server_that_refuses_base64_is_asked_without_it_the_next_time() {
    let refusal = status(400, &[], r#"{"error":{"message":"unknown field encoding_format"}}"#);
    let server = Server::start([refusal, ok(OPENAI)]).await;
    let embedder = embedder("openai:m", &server);
    let error = embed(&embedder).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("refuses vectors in base64"), "{error}");
    embed(&embedder).await.unwrap();
    assert_eq!(server.asked()[1].body.get("encoding_format"), None);
    assert_eq!(embedder.encoding(), Encoding::Decimal);
}

#[tokio::test]
async fn an_unknown_model_is_asked_for_its_dimensions_once() {
    let one = r#"{"data":[{"index":0,"embedding":[1,2,3]}],"usage":{"total_tokens":4}}"#;
    let refusal = status(422, &[], r#"{"detail":"encoding_format is not supported"}"#);
    let server = Server::start([ok(one), refusal, ok(one), ok(one)]).await;
    let unknown = spec("openai:m", &server);
    let no_dimensions = crate::RemoteOptions { dimensions: None, ..options(1) };
    let opened = RemoteEmbedder::open(&unknown, None, &no_dimensions).await.unwrap();
    assert_eq!((opened.embedder.model().dimensions, opened.calls, opened.tokens), (3, 1, 4));
    let opened = RemoteEmbedder::open(&unknown, None, &no_dimensions).await.unwrap();
    assert_eq!((opened.embedder.model().dimensions, opened.calls), (3, 2));
    // Nothing is asked where the dimensions are known.
    let opened = RemoteEmbedder::open(&unknown, None, &options(5)).await.unwrap();
    assert_eq!((opened.embedder.model().dimensions, opened.calls), (5, 0));
    assert_eq!(server.asked().len(), 3);
    let refused = RemoteEmbedder::new(&unknown, None, &no_dimensions).unwrap_err();
    assert_eq!(refused, BadSetup::UnknownDimensions { spec: unknown });
}

#[tokio::test]
async fn a_server_without_vectors_is_told_when_it_is_opened() {
    let zero = ok(r#"{"data":[{"index":0,"embedding":[0,0,0]}]}"#);
    let server = Server::start([zero, status(404, &[], "404 page not found")]).await;
    let unknown = spec("openai:m", &server);
    let no_dimensions = crate::RemoteOptions { dimensions: None, ..options(1) };
    for expected in [ErrorKind::InvalidInput, ErrorKind::NotFound] {
        let error = RemoteEmbedder::open(&unknown, None, &no_dimensions).await.unwrap_err();
        let OpenError::Call(error) = error else { panic!("{error}") };
        assert_eq!(error.kind, expected);
    }
}

#[test]
fn the_providers_own_address_needs_a_key_and_says_which() {
    for (text, variable) in [
        ("openai:text-embedding-3-small", "OPENAI_API_KEY"),
        ("gemini:gemini-embedding-001", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("cohere:embed-v4.0", "COHERE_API_KEY"),
        ("voyage:voyage-3.5", "VOYAGE_API_KEY"),
    ] {
        let spec = ProviderSpec::parse(text).unwrap();
        let any = crate::RemoteOptions { dimensions: None, ..options(1) };
        let error = RemoteEmbedder::new(&spec, None, &any).unwrap_err().to_string();
        assert!(error.contains(&format!("set {variable}")), "{error}");
        assert!(RemoteEmbedder::new(&spec, Some(ApiKey::new(KEY).unwrap()), &any).is_ok());
    }
}
