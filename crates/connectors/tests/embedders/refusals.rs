//! Replies that are errors, as flow control and people need them.

use crate::server::{Reply, Server, ok, status};
use crate::{KEY, TEXTS, embed, embedder, outcome};
use quota::Dimension;
use types::error_kind::ErrorKind;
use types::seam::EmbedError;

async fn refusal(prefix: &str, reply: Reply) -> EmbedError {
    let server = Server::start([reply]).await;
    embed(&embedder(prefix, &server)).await.unwrap_err()
}

#[tokio::test]
async fn a_key_that_is_echoed_is_not_shown() {
    let body = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: {KEY}. You can find yours at"}}}}"#
    );
    let error = outcome(status(401, &[], &body)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.contains("401 Unauthorized: Incorrect API key provided: ***. You can"),
        "{error}"
    );
    assert_eq!(error.hint, "check the key in OPENAI_API_KEY");
    let shown = format!("{error:?}");
    assert!(!shown.contains(KEY) && !shown.contains("sk-proj"), "{shown}");
}

#[tokio::test]
async fn what_was_sent_is_not_quoted() {
    let body = format!(
        r#"{{"detail":[{{"msg":"value is not valid: '{}'","input":"{}"}}]}}"#,
        TEXTS[1], TEXTS[0]
    );
    let error = outcome(status(422, &[], &body)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(
        error.message.ends_with("422 Unprocessable Entity: value is not valid: '***'"),
        "{error}"
    );
}

#[tokio::test]
async fn each_dialect_says_why_and_how_long() {
    let openai = r#"{"error":{"message":"Rate limit reached for m on tokens per min (TPM): Limit 1000000, Used 976163, Requested 70716. Please try again in 2.812s.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let gemini = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded","details":[{"violations":[{"quotaId":"EmbedContentRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"100"}]},{"retryDelay":"46s"}]}}"#;
    let cohere =
        r#"{"message":"You are using a Trial key, which is limited to 100 API calls / minute."}"#;
    let voyage = r#"{"detail":"reduced rate limits of 3 RPM and 10K TPM"}"#;
    let azure = r#"{"error":{"code":"429","message":"have exceeded call rate limit. Please retry after 6 seconds."}}"#;
    for (prefix, body, headers, wait, dimension) in [
        ("openai:m", openai, [("x", "y")], Some(2.812), Some(Dimension::InputTokens)),
        ("openai:m", azure, [("retry-after-ms", "5250")], Some(5.25), Some(Dimension::Requests)),
        ("gemini:m", gemini, [("x", "y")], Some(46.0), Some(Dimension::Items)),
        ("cohere:m", cohere, [("retry-after", "7")], Some(7.0), Some(Dimension::Requests)),
        ("voyage:m", voyage, [("x", "y")], None, None),
    ] {
        let error = refusal(prefix, status(429, &headers, body)).await;
        assert_eq!(error.kind, ErrorKind::TooManyRequests, "{error}");
        assert_eq!((error.quota.retry_after, error.quota.refused_by), (wait, dimension), "{error}");
        assert!(error.message.contains("429 Too Many Requests: "), "{error}");
    }
    // Without a word from the server the status says it.
    assert_eq!(refusal("gemini:m", status(429, &[], "")).await.kind, ErrorKind::TooManyRequests);
    // Hidden in a success.
    assert_eq!(refusal("gemini:m", ok(gemini)).await.kind, ErrorKind::TooManyRequests);
}

#[tokio::test]
async fn kinds_tell_what_the_caller_can_do() {
    let unpaid =
        r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#;
    let long = r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#;
    for (code, body, kind, hint) in [
        (429, unpaid, ErrorKind::QuotaExhausted, "plan and billing"),
        (400, long, ErrorKind::TooLarge, "chunk.tokens"),
        (404, "", ErrorKind::NotFound, "ends in /v1"),
        (400, "", ErrorKind::InvalidInput, "no such text"),
        (408, "", ErrorKind::Timeout, "later"),
        (500, "", ErrorKind::Unavailable, "later"),
    ] {
        let error = outcome(status(code, &[], body)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.hint.contains(hint), "{error}: {}", error.hint);
        assert!(!error.quota.overloaded);
    }
    let busy = outcome(status(503, &[("retry-after", "9")], "")).await.unwrap_err();
    assert_eq!((busy.kind, busy.quota.overloaded), (ErrorKind::Unavailable, true));
    assert_eq!(busy.quota.retry_after, Some(9.0));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([]).await;
    let target = format!("http://{}/v1/embeddings", elsewhere.address);
    let error = outcome(status(307, &[("location", &target)], "")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("307"), "{error}");
    assert!(elsewhere.asked().is_empty() && elsewhere.opened() == 0);
}

#[tokio::test]
async fn a_fulfilled_call_tells_what_is_left() {
    let headers = [
        ("x-ratelimit-limit-tokens", "60000"),
        ("x-ratelimit-remaining-tokens", "59000"),
        ("x-ratelimit-reset-tokens", "1s"),
    ];
    let body = r#"{"data":[{"index":0,"embedding":[1,1]},{"index":1,"embedding":[1,1]},{"index":2,"embedding":[1,1]}]}"#;
    let got = outcome(status(200, &headers, body)).await.unwrap();
    let level = got.quota.level(Dimension::InputTokens).unwrap();
    assert_eq!(
        (level.limit, level.remaining, level.reset_after),
        (Some(60_000.0), Some(59_000.0), Some(1.0))
    );
}
