//! What the provider says, the parsers of `quota` read: each refusal of each dialect, over the wire.

use crate::client::{Client, Response, provider};
use quota::{Class, Dimension, Reading};
use serde_json::{Value, json};

const DIALECTS: [&str; 7] =
    ["openai", "azure", "gemini", "cohere", "voyage", "ollama", "anthropic"];

/// Path and body of a request for one text.
fn ask(dialect: &str, text: &str) -> (&'static str, Value) {
    match dialect {
        "azure" => ("/openai/v1/embeddings", json!({"model": "m", "input": text})),
        "gemini" => (
            "/v1beta/models/m:batchEmbedContents",
            json!({"requests": [{"model": "models/m", "content": {"parts": [{"text": text}]}}]}),
        ),
        "cohere" => {
            ("/v2/embed", json!({"model": "m", "input_type": "search_document", "texts": [text]}))
        }
        "ollama" => ("/api/embed", json!({"model": "m", "input": text})),
        "anthropic" => {
            ("/v1/messages", json!({"model": "m", "messages": [{"role": "user", "content": text}]}))
        }
        _ => ("/v1/embeddings", json!({"model": "m", "input": text})),
    }
}

fn read(reply: &Response) -> Reading {
    quota::read(reply.status, &|name| reply.header(name), &reply.body, 0.0)
}

/// What is read of the first reply, or of the one after `before` good ones.
fn reading(dialect: &str, plan: &str, before: usize) -> Reading {
    let provider = provider(&format!("dialect = '{dialect}'\n{plan}"));
    let mut client = Client::to(&provider);
    let (path, body) = ask(dialect, "text");
    for _ in 0..before {
        let reply = client.post(path, &body);
        assert_eq!((reply.status, read(&reply).class), (200, Class::Ok), "{dialect}");
    }
    read(&client.post(path, &body))
}

#[test]
fn a_reached_limit_is_read_as_one_with_its_wait_and_dimension_where_they_are_told() {
    let limit = "limit = [{ dimension = 'requests', kind = 'bucket', limit = 3 }]";
    for dialect in DIALECTS {
        let reading = reading(dialect, limit, 3);
        assert_eq!(reading.class, Class::RateLimited, "{dialect}");
        let silent = ["cohere", "voyage", "ollama"].contains(&dialect);
        let wait = (!silent).then_some(20.0);
        assert_eq!(reading.hint.retry_after, wait, "{dialect}");
        let unnamed = ["ollama"].contains(&dialect);
        let by = (!unnamed).then_some(Dimension::Requests);
        assert_eq!(reading.hint.refused_by, by, "{dialect}");
    }
}

#[test]
fn a_limit_of_tokens_is_read_as_one() {
    let limit = "limit = [{ dimension = 'input_tokens', kind = 'bucket', limit = 3 }]";
    for dialect in ["openai", "azure", "gemini", "cohere", "voyage", "anthropic"] {
        let reading = reading(dialect, limit, 3);
        assert_eq!(reading.class, Class::RateLimited, "{dialect}");
        assert_eq!(reading.hint.refused_by, Some(Dimension::InputTokens), "{dialect}");
    }
}

#[test]
fn a_request_above_the_whole_limit_is_read_as_too_large_not_as_one_to_try_again() {
    let limit =
        "tokens = 'words'\nlimit = [{ dimension = 'input_tokens', kind = 'bucket', limit = 1 }]";
    let reading = reading("openai", limit, 0);
    assert_eq!((reading.class, reading.hint.retry_after), (Class::TooLarge, None));
}

#[test]
fn levels_are_read_as_the_limiter_has_them() {
    let limits = "limit = [{ dimension = 'requests', kind = 'bucket', limit = 60 },\n\
                  { dimension = 'input_tokens', kind = 'bucket', limit = 6000 }]";
    for dialect in ["openai", "azure", "anthropic"] {
        let hint = reading(dialect, limits, 9).hint;
        let requests = hint.level(Dimension::Requests).unwrap();
        assert_eq!((requests.limit, requests.remaining), (Some(60.0), Some(50.0)), "{dialect}");
        let tokens = hint.level(Dimension::InputTokens).unwrap();
        assert_eq!((tokens.limit, tokens.remaining), (Some(6000.0), Some(5990.0)), "{dialect}");
    }
}

#[test]
fn a_key_that_is_refused_is_read_as_denied() {
    for dialect in DIALECTS {
        let reading = reading(dialect, "keys = { key = [{ key = 'k' }] }", 0);
        assert_eq!(reading.class, Class::Denied, "{dialect}");
    }
}

#[test]
fn an_overloaded_server_is_read_as_one() {
    for (dialect, code) in DIALECTS.into_iter().flat_map(|one| [(one, 503), (one, 529)]) {
        let plan =
            format!("fault = [{{ what = {{ status = {{ code = {code}, retry_after = 2.0 }} }} }}]");
        let reading = reading(dialect, &plan, 0);
        assert_eq!(reading.class, Class::Overloaded, "{dialect} {code}");
        assert_eq!(reading.hint.retry_after, Some(2.0), "{dialect} {code}");
    }
    for dialect in ["openai", "azure"] {
        let plan = "fault = [{ what = { slow_down = { code = 429 } } }]";
        assert_eq!(reading(dialect, plan, 0).class, Class::Overloaded, "{dialect}");
    }
}

#[test]
fn a_server_that_fails_is_read_as_failed() {
    for (dialect, code) in DIALECTS.into_iter().flat_map(|one| [(one, 500), (one, 502)]) {
        let plan = format!("fault = [{{ what = {{ status = {{ code = {code} }} }} }}]");
        assert_eq!(reading(dialect, &plan, 0).class, Class::Failed, "{dialect} {code}");
    }
}

#[test]
fn a_poisoned_text_is_read_as_invalid_input() {
    for (dialect, naming) in DIALECTS.into_iter().flat_map(|one| [(one, "named"), (one, "unnamed")])
    {
        let plan = format!(
            "fault = [{{ what = {{ poison = '{naming}' }}, when = {{ marker = 'text' }} }}]"
        );
        assert_eq!(reading(dialect, &plan, 0).class, Class::InvalidInput, "{dialect} {naming}");
    }
}

/// Ollama's servers know of no money; what its hosted service says of used-up hours comes back like a limit.
#[test]
fn spent_money_is_read_as_a_quota_that_does_not_come_back_soon() {
    for dialect in DIALECTS.into_iter().filter(|dialect| *dialect != "ollama") {
        let reading = reading(dialect, "fault = [{ what = 'insufficient_quota' }]", 0);
        assert_eq!(reading.class, Class::QuotaExhausted, "{dialect}");
    }
}

#[test]
fn a_day_that_is_used_up_is_read_as_a_quota_where_it_is_told() {
    let limit = "limit = [{ dimension = 'day', kind = 'fixed_window', limit = 2, secs = 86400, first_edge_secs = 40000 }]";
    for dialect in ["openai", "azure", "gemini"] {
        assert_eq!(reading(dialect, limit, 2).class, Class::QuotaExhausted, "{dialect}");
    }
}

#[test]
fn what_is_too_large_is_read_as_too_large() {
    for dialect in DIALECTS {
        let plan = "batch = { tokens_max = 0, refused_with = '413' }";
        assert_eq!(reading(dialect, plan, 0).class, Class::TooLarge, "{dialect}");
    }
}

/// Cohere's and Voyage's errors are told from replies by the status alone.
#[test]
fn an_error_in_a_200_is_read_as_an_error_where_it_looks_like_one() {
    for dialect in ["openai", "azure", "gemini", "ollama", "anthropic"] {
        let reading = reading(dialect, "fault = [{ what = { lie = 'error_inside' } }]", 0);
        assert_ne!(reading.class, Class::Ok, "{dialect}");
    }
}
