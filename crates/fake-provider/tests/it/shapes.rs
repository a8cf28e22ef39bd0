//! What each dialect takes and gives.

use crate::client::{Client, numbers, openai, provider};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_provider::{Plan, vector};
use serde_json::{Value, json};

#[test]
fn openai_gives_the_vector_of_each_text_with_index_and_usage() {
    let provider = provider("dims = 8");
    let mut client = Client::to(&provider);
    let reply = client.post("/v1/embeddings", &openai(&["one", "five!"]));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        reply.json(),
        json!({
            "object": "list",
            "data": [
                {"object": "embedding", "index": 0, "embedding": numbers(&vector("m", "one", 8))},
                {"object": "embedding", "index": 1, "embedding": numbers(&vector("m", "five!", 8))},
            ],
            "model": "m",
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        })
    );
}

/// A list of numbers as f32.
fn floats(list: &Value) -> Vec<f32> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn from_base64(text: &Value) -> Vec<f32> {
    let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

#[test]
fn openai_gives_base64_of_little_endian_floats_in_the_asked_dimension() {
    let provider = provider("");
    let mut client = Client::to(&provider);
    let mut ask = openai(&["one", "two"]);
    ask["encoding_format"] = json!("base64");
    ask["dimensions"] = json!(5);
    let reply = client.post("/v1/embeddings", &ask).json();
    for (index, text) in ["one", "two"].into_iter().enumerate() {
        let found = from_base64(&reply["data"][index]["embedding"]);
        assert_eq!(found, vector("m", text, 5));
    }
}

#[test]
fn openai_refuses_what_it_refuses() {
    let provider = provider(
        "models = ['m']\n[batch]\nitems_max = 2\ntokens_max = 8\ntext_tokens_max = 5\n\
         [keys]\nkey = [{ key = 'good' }, { key = 'bad', refused = '403' }]",
    );
    let mut good = Client::to(&provider).with_header("authorization: Bearer good");
    for (texts, status, code, part) in [
        (&["a", "b", "c"][..], 400, json!("array_above_max_length"), "maximum length 2"),
        (&["long, far too long text"], 400, json!(null), "maximum context length is 5 tokens"),
        (&["sixteen letters!", "seventeen letters"], 400, json!("max_tokens_per_request"), "max 8"),
        (&[""], 400, json!(null), "empty string"),
    ] {
        let reply = good.post("/v1/embeddings", &openai(texts));
        let error = &reply.json()["error"];
        assert_eq!((reply.status, &error["code"]), (status, &code), "{error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    let reply = good.post("/v1/embeddings", &json!({"model": "n", "input": "text"}));
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(good.post("/v1/other", &openai(&["a"])).status, 404);
    let reply = Client::to(&provider).post("/v1/embeddings", &openai(&["a"]));
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    let mut bad = Client::to(&provider).with_header("authorization: Bearer bad");
    assert_eq!(bad.post("/v1/embeddings", &openai(&["a"])).status, 403);
    assert_eq!(provider.stats().accepted, 0);
}

#[test]
fn azure_takes_the_deployment_from_the_path_and_says_the_wait_in_three_ways() {
    let provider = provider(
        "dialect = 'azure'\ndims = 4\n[keys]\nkey = [{ key = 'k' }]\n\
         [[limit]]\ndimension = 'requests'\nkind = 'fixed_window'\nlimit = 2\nfirst_edge_secs = 8.5",
    );
    let path = "/openai/deployments/dep/embeddings?api-version=2024-10-21";
    assert_eq!(Client::to(&provider).post(path, &json!({"input": "text"})).status, 401);
    let mut client = Client::to(&provider).with_header("api-key: k");
    for _ in 0..2 {
        let reply = client.post(path, &json!({"input": "text"}));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["model"], "dep");
    }
    let reply = client.post(path, &json!({"input": "text"}));
    assert_eq!(reply.status, 429);
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "429");
    assert_eq!(reply.header("retry-after"), Some("9"));
    assert_eq!(reply.header("retry-after-ms"), Some("8500"));
    let told = "Please retry after 9 seconds.";
    assert!(error["message"].as_str().unwrap().contains(told), "{error}");
    assert!(error["message"].as_str().unwrap().contains("call rate limit"), "{error}");
    let other = client.post("/openai/v1/embeddings", &openai(&["text"]));
    assert_eq!(other.status, 429);
}

#[test]
fn gemini_embeds_batches_and_single_texts() {
    let provider = provider("dialect = 'gemini'\ndims = 4");
    let mut client = Client::to(&provider);
    let request = |text: &str| json!({"model": "models/g", "content": {"parts": [{"text": text}]}, "outputDimensionality": 6});
    let batch = json!({"requests": [request("one"), request("two")]});
    let reply = client.post("/v1beta/models/g:batchEmbedContents?key=k", &batch).json();
    assert_eq!(floats(&reply["embeddings"][0]["values"]), vector("g", "one", 6));
    assert_eq!(floats(&reply["embeddings"][1]["values"]), vector("g", "two", 6));
    assert_eq!(reply["usageMetadata"], json!({"promptTokenCount": 2}));
    let reply = client.post("/v1beta/models/g:embedContent", &request("one")).json();
    assert_eq!(floats(&reply["embedding"]["values"]), vector("g", "one", 6));
}

#[test]
fn gemini_names_quota_and_delay_in_the_details() {
    let provider = provider(
        "dialect = 'gemini'\nlimit = [{ dimension = 'items', kind = 'bucket', limit = 1 }]",
    );
    let mut client = Client::to(&provider);
    let ask = json!({"content": {"parts": [{"text": "one"}]}});
    let path = "/v1beta/models/g:embedContent";
    assert_eq!(client.post(path, &ask).status, 200);
    let reply = client.post(path, &ask);
    let error = &reply.json()["error"];
    assert_eq!((reply.status, &error["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    let violation = &error["details"][1]["violations"][0];
    assert_eq!(violation["quotaValue"], "1");
    assert!(violation["quotaId"].as_str().unwrap().contains("PerMinutePerProject"));
    assert_eq!(error["details"][2]["retryDelay"], "60s");
    assert_eq!(reply.header("retry-after"), None);
}

#[test]
fn gemini_says_400_of_a_key_that_it_does_not_know() {
    let provider = provider("dialect = 'gemini'\n[keys]\nkey = [{ key = 'k' }]");
    let ask = json!({"content": {"parts": [{"text": "one"}]}});
    let path = "/v1beta/models/g:embedContent";
    let reply = Client::to(&provider).post(path, &ask);
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let mut known = Client::to(&provider).with_header("x-goog-api-key: k");
    assert_eq!(known.post(path, &ask).status, 200);
    assert_eq!(Client::to(&provider).post(&format!("{path}?key=k"), &ask).status, 200);
}

#[test]
fn cohere_gives_vectors_by_type_with_billed_tokens() {
    let provider = provider("dialect = 'cohere'\ndims = 4\ntokens = 'words'");
    let mut client = Client::to(&provider);
    let ask = |kind: &str| json!({"model": "c", "input_type": "search_document", "texts": ["one", "two"], "embedding_types": [kind]});
    let reply = client.post("/v2/embed", &ask("float")).json();
    assert_eq!(floats(&reply["embeddings"]["float"][1]), vector("c", "two", 4));
    assert_eq!(reply["meta"]["billed_units"]["input_tokens"], 4);
    assert_eq!(reply["response_type"], "embeddings_by_type");
    assert_eq!(reply["texts"], json!(["one", "two"]));
    let reply = client.post("/v2/embed", &ask("base64")).json();
    assert_eq!(from_base64(&reply["embeddings"]["base64"][0]), vector("c", "one", 4));
    let reply = client.post("/v2/embed", &json!({"model": "c", "texts": ["one"]}));
    assert_eq!(reply.status, 400);
    assert!(reply.json()["message"].as_str().unwrap().contains("input_type"));
}

#[test]
fn voyage_gives_indexed_vectors_and_details() {
    let provider = provider("dialect = 'voyage'\ndims = 4\nbatch = { items_max = 1 }");
    let mut client = Client::to(&provider);
    let reply = client.post(
        "/v1/embeddings",
        &json!({"model": "v", "input": "one", "input_type": "document", "output_dimension": 3}),
    );
    let reply = reply.json();
    assert_eq!(floats(&reply["data"][0]["embedding"]), vector("v", "one", 3));
    assert_eq!(reply["usage"], json!({"total_tokens": 1}));
    let reply = client.post("/v1/embeddings", &json!({"model": "v", "input": ["one", "two"]}));
    assert_eq!(reply.status, 400);
    assert!(reply.json()["detail"].as_str().unwrap().contains("batch size limit is 1"));
}

#[test]
fn ollama_gives_a_matrix_and_is_busy_beyond_its_slots() {
    let provider = provider(
        "dialect = 'ollama'\ndims = 4\nmodels = ['o']\n\
         limit = [{ dimension = 'in_flight', kind = 'in_flight', limit = 0 }]",
    );
    let mut client = Client::to(&provider);
    let reply = client.post("/api/embed", &json!({"model": "p", "input": "one"}));
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["error"], "model \"p\" not found, try pulling it first");
    let ask = json!({"model": "o", "input": ["one", "two"]});
    let reply = client.post("/api/embed", &ask);
    assert_eq!(reply.status, 503);
    assert!(reply.json()["error"].as_str().unwrap().contains("server busy"));
    provider.replan(Plan::from_toml("dialect = 'ollama'\ndims = 4").unwrap()).unwrap();
    let reply = client.post("/api/embed", &ask).json();
    assert_eq!(floats(&reply["embeddings"][1]), vector("o", "two", 4));
    assert_eq!(reply["prompt_eval_count"], 2);
}

#[test]
fn anthropic_says_its_limits_in_headers() {
    let provider = provider(
        "dialect = 'anthropic'\nlimit = [{ dimension = 'requests', kind = 'bucket', limit = 1 }]",
    );
    let mut client = Client::to(&provider);
    let ask =
        json!({"model": "a", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]});
    let reply = client.post("/v1/messages", &ask);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("anthropic-ratelimit-requests-limit"), Some("1"));
    assert_eq!(reply.header("anthropic-ratelimit-requests-remaining"), Some("0"));
    assert!(reply.header("anthropic-ratelimit-requests-reset").unwrap().ends_with('Z'));
    let reply = client.post("/v1/messages", &ask);
    assert_eq!(reply.status, 429);
    assert_eq!(reply.json()["error"]["type"], "rate_limit_error");
    assert!(reply.header("retry-after").is_some());
}
