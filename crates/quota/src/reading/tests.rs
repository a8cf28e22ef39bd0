use super::*;
use proptest::prelude::*;

const NOW: f64 = 1_763_700_000.0;

fn reply(status: u16, told: &[(&'static str, &'static str)], body: &str) -> Reading {
    let headers = |name: &str| told.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    read(status, &headers, body.as_bytes(), NOW)
}

fn class(status: u16, body: &str) -> Class {
    reply(status, &[], body).class
}

fn limit_of(reading: &Reading, dimension: Dimension) -> (Option<f64>, Option<f64>) {
    reading.hint.level(dimension).map_or((None, None), |level| (level.limit, level.remaining))
}

const OPENAI_TPM: &str = r#"{"error":{"message":"Rate limit reached for text-embedding-3-small in organization org-x on tokens per min (TPM): Limit 1000000, Used 976163, Requested 70716. Please try again in 2.812s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
const OPENAI_RPM: &str = r#"{"error":{"message":"Rate limit reached for text-embedding-ada-002 in organization org-x on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
const OPENAI_RPD: &str = r#"{"error":{"message":"Rate limit reached for m in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
const OPENAI_QUOTA: &str = r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
const OPENAI_LARGE: &str = r#"{"error":{"message":"Request too large for m in organization org-x on tokens per min (TPM): Limit 30000, Requested 40221. The input must be reduced in order to run successfully.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
const AZURE_CALLS: &str = r#"{"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds."}}"#;
const GEMINI_MINUTE: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: generativelanguage.googleapis.com/embed_content_free_tier_requests, limit: 100, model: gemini-embedding-001\nPlease retry in 46.3s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/embed_content_free_tier_requests","quotaId":"EmbedContentRequestsPerMinutePerUserPerProjectPerModel-FreeTier","quotaDimensions":{"model":"gemini-embedding-001"},"quotaValue":"100"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"46s"}]}}"#;
const GEMINI_DAY: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"EmbedContentRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"100"},{"quotaId":"EmbedContentRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"1000"}]},{"retryDelay":"33915s"}]}}"#;
const GEMINI_NEVER: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota.\n* Quota exceeded for metric: x/y_requests, limit: 0, model: gemini-embedding-001\nPlease retry in 25.4s.","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"25s"}]}}"#;
const COHERE_MINUTE: &str = r#"{"message":"You are using a Trial key, which is limited to 100 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key."}"#;
const COHERE_MONTH: &str =
    r#"{"message":"You are using a Trial key, which is limited to 1000 API calls / month."}"#;
const VOYAGE_UNPAID: &str = r#"{"detail":"You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM and 10K TPM."}"#;
const ANTHROPIC: &str = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Number of request tokens has exceeded your per-minute rate limit"}}"#;

#[test]
fn openai_says_limit_and_level_in_the_body() {
    let reading = reply(429, &[], OPENAI_TPM);
    assert_eq!(reading.class, Class::RateLimited);
    assert_eq!(reading.hint.refused_by, Some(Dimension::InputTokens));
    assert_eq!(reading.hint.retry_after, Some(2.812));
    assert_eq!(limit_of(&reading, Dimension::InputTokens), (Some(1e6), Some(23_837.0)));
    assert!(!reading.hint.overloaded);

    let reading = reply(429, &[("retry-after-ms", "19500")], OPENAI_RPM);
    assert_eq!(reading.hint.refused_by, Some(Dimension::Requests));
    assert_eq!(reading.hint.retry_after, Some(19.5));
    assert_eq!(limit_of(&reading, Dimension::Requests), (Some(3.0), Some(0.0)));
}

#[test]
fn more_used_than_allowed_leaves_nothing() {
    let body = OPENAI_TPM.replace("Used 976163", "Used 1000500");
    assert_eq!(limit_of(&reply(429, &[], &body), Dimension::InputTokens), (Some(1e6), Some(0.0)));
}

#[test]
fn the_body_corrects_the_headers_for_the_refused_dimension_only() {
    let headers = [
        ("x-ratelimit-limit-requests", "3000"),
        ("x-ratelimit-remaining-requests", "2999"),
        ("x-ratelimit-reset-requests", "20ms"),
        ("x-ratelimit-limit-tokens", "5"),
        ("x-ratelimit-remaining-tokens", "5"),
    ];
    let reading = reply(429, &headers, OPENAI_TPM);
    assert_eq!(limit_of(&reading, Dimension::InputTokens), (Some(1e6), Some(23_837.0)));
    assert_eq!(limit_of(&reading, Dimension::Requests), (Some(3000.0), Some(2999.0)));
    assert_eq!(reading.hint.levels.len(), 2);
}

#[test]
fn a_quota_that_does_not_pass_within_minutes_is_exhausted() {
    for (status, body) in [
        (429, OPENAI_QUOTA),
        (429, OPENAI_RPD),
        (429, GEMINI_DAY),
        (429, GEMINI_NEVER),
        (429, COHERE_MONTH),
        (402, r#"{"error":{"message":"Insufficient credits"}}"#),
        (
            429,
            r#"{"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}"#,
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
        ),
        (429, "You exceeded your current quota, please check your plan and billing details."),
        (
            429,
            r#"{"error":{"message":"x","details":[{"violations":[{"quotaId":"APerMinute","quotaValue":"0"}]}]}}"#,
        ),
    ] {
        assert_eq!(class(status, body), Class::QuotaExhausted, "{body}");
    }
    assert_eq!(reply(429, &[("retry-after", "121")], "").class, Class::QuotaExhausted);
    assert_eq!(reply(429, &[("retry-after", "120")], "").class, Class::RateLimited);
    assert_eq!(reply(429, &[], OPENAI_RPD).hint.retry_after, Some(432.0));
    let day = reply(429, &[], GEMINI_DAY);
    assert_eq!((day.hint.refused_by, day.hint.retry_after), (Some(Dimension::Day), Some(33_915.0)));
}

#[test]
fn azure_says_it_in_its_own_headers_or_in_a_sentence() {
    let reading = reply(429, &[("x-ms-retry-after-ms", "5400"), ("retry-after", "6")], AZURE_CALLS);
    assert_eq!((reading.class, reading.hint.retry_after), (Class::RateLimited, Some(5.4)));
    assert_eq!(reading.hint.refused_by, Some(Dimension::Requests));
    let unknown = [
        ("retry-after-ms", "0"),
        ("x-ratelimit-limit-requests", "-1"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-limit-tokens", "0"),
        ("x-ratelimit-remaining-tokens", "-1"),
    ];
    let reading = reply(429, &unknown, AZURE_CALLS);
    assert_eq!((reading.hint.retry_after, reading.hint.levels), (Some(6.0), vec![]));
    let busy = r#"{"error":{"code":"429","message":"The service is experiencing high demand. Please retry after 1 second."}}"#;
    let reading = reply(429, &[], busy);
    assert_eq!((reading.class, reading.hint.overloaded), (Class::Overloaded, true));
    assert_eq!(reading.hint.retry_after, Some(1.0));
}

#[test]
fn anthropic_gives_moments_which_its_own_clock_measures() {
    let headers = [
        ("date", "Fri, 21 Nov 2025 04:00:00 GMT"),
        ("retry-after", "12"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "40"),
        ("anthropic-ratelimit-requests-reset", "2025-11-21T04:00:12Z"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-input-tokens-reset", "2025-11-21T04:01:00Z"),
        ("anthropic-ratelimit-tokens-limit", "48000"),
        ("anthropic-ratelimit-tokens-remaining", "8000"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "8000"),
    ];
    let reading = reply(429, &headers, ANTHROPIC);
    assert_eq!((reading.class, reading.hint.retry_after), (Class::RateLimited, Some(12.0)));
    assert_eq!(reading.hint.refused_by, Some(Dimension::InputTokens));
    assert_eq!(reading.hint.level(Dimension::Requests).unwrap().reset_after, Some(12.0));
    assert_eq!(reading.hint.level(Dimension::InputTokens).unwrap().reset_after, Some(60.0));
    assert_eq!(limit_of(&reading, Dimension::InputTokens), (Some(40_000.0), Some(0.0)));
    assert_eq!(limit_of(&reading, Dimension::OutputTokens), (Some(8000.0), Some(8000.0)));
    assert_eq!(reading.hint.levels.len(), 3);
    let busy = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(class(529, busy), Class::Overloaded);
}

#[test]
fn gemini_names_the_quota_and_each_text_counts() {
    let reading = reply(429, &[], GEMINI_MINUTE);
    assert_eq!(reading.class, Class::RateLimited);
    assert_eq!(reading.hint.refused_by, Some(Dimension::Items));
    assert_eq!(reading.hint.retry_after, Some(46.0));
    assert_eq!(limit_of(&reading, Dimension::Items), (Some(100.0), None));
    for (quota, dimension) in [
        ("EmbedContentTokensPerModelPerMinute", Some(Dimension::InputTokens)),
        ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", Some(Dimension::Requests)),
        ("BatchEmbedContentsRequestsPerMinutePerProjectPerRegion", Some(Dimension::Requests)),
        ("GenerateContentInputTokensPerModelPerDay", Some(Dimension::Day)),
        ("Other", None),
    ] {
        assert_eq!(quota_dimension(quota), dimension, "{quota}");
    }
}

#[test]
fn a_refusal_hidden_in_a_200_is_found() {
    for body in [GEMINI_MINUTE, &format!("[{GEMINI_MINUTE}]"), OPENAI_RPM] {
        assert_eq!(class(200, body), Class::RateLimited, "{body}");
    }
    assert_eq!(class(200, r#"{"error":"model runner has stopped"}"#), Class::Failed);
    let minimax =
        r#"{"vectors":null,"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded"}}"#;
    assert_eq!(class(200, minimax), Class::RateLimited);
    assert_eq!(class(200, r#"{"data":[],"error":null,"base_resp":{"status_code":0}}"#), Class::Ok);
    assert_eq!(class(200, r#"{"data":[{"index":0,"embedding":[0.5]}]}"#), Class::Ok);
}

#[test]
fn cohere_and_voyage_answer_in_sentences() {
    let reading = reply(429, &[], COHERE_MINUTE);
    assert_eq!(reading.class, Class::RateLimited);
    assert_eq!(limit_of(&reading, Dimension::Requests), (Some(100.0), None));
    let reading = reply(429, &[], VOYAGE_UNPAID);
    assert_eq!((reading.class, reading.hint.refused_by), (Class::RateLimited, None));
    assert_eq!(limit_of(&reading, Dimension::Requests), (Some(3.0), None));
    assert_eq!(limit_of(&reading, Dimension::InputTokens), (Some(10_000.0), None));
}

/// Every class with the words and the statuses that tell it.
const CASES: &[(u16, &str, Class)] = &[
    (200, "", Class::Ok),
    (429, "", Class::RateLimited),
    (429, OPENAI_LARGE, Class::TooLarge),
    (429, r#"{"error":{"code":"slow_down","message":"x"}}"#, Class::Overloaded),
    (503, r#"{"error":{"type":"slow_down","message":"x"}}"#, Class::Overloaded),
    (429, r#"{"error":"Model is overloaded","error_type":"overloaded"}"#, Class::Overloaded),
    (503, "upstream connect error", Class::Overloaded),
    (500, r#"{"error":{"code":"rate_limit_exceeded"}}"#, Class::RateLimited),
    (429, r#"{"message":"Too many concurrent requests"}"#, Class::RateLimited),
    (
        401,
        r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}"#,
        Class::Denied,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
        Class::Denied,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#,
        Class::Denied,
    ),
    (403, "<html>forbidden</html>", Class::Denied),
    (413, "", Class::TooLarge),
    (
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens, however you requested 9000 tokens","type":"invalid_request_error","param":null,"code":null}}"#,
        Class::TooLarge,
    ),
    (
        400,
        r#"{"error":{"message":"Requested 300100 tokens, max 300000 tokens per request","type":"max_tokens_per_request","code":"max_tokens_per_request"}}"#,
        Class::TooLarge,
    ),
    (
        400,
        r#"{"detail":"Request to model 'voyage-3' failed. The max allowed tokens per submitted batch is 120000."}"#,
        Class::TooLarge,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"Request payload size exceeds the limit: 4194304 bytes.","status":"INVALID_ARGUMENT"}}"#,
        Class::TooLarge,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n","status":"INVALID_ARGUMENT"}}"#,
        Class::TooLarge,
    ),
    (
        400,
        r#"{"error":{"message":"'$.input' is invalid.","type":"invalid_request_error","code":null}}"#,
        Class::InvalidInput,
    ),
    (422, r#"{"detail":[{"msg":"field required"}]}"#, Class::InvalidInput),
    (
        404,
        r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","code":"model_not_found"}}"#,
        Class::NotFound,
    ),
    (404, "404 page not found", Class::NotFound),
    (408, "", Class::Timeout),
    (
        504,
        r#"{"error":{"code":504,"message":"Deadline expired","status":"DEADLINE_EXCEEDED"}}"#,
        Class::Timeout,
    ),
    (
        500,
        r#"{"error":{"message":"The server had an error","type":"server_error"}}"#,
        Class::Failed,
    ),
    (502, "", Class::Failed),
    (504, "", Class::Failed),
    (302, "", Class::Failed),
    (418, "", Class::Failed),
    (0, "", Class::Failed),
];

#[test]
fn every_class_is_told_by_its_word_or_its_status() {
    for (status, body, expected) in CASES {
        assert_eq!(class(*status, body), *expected, "{status} {body}");
    }
}

#[test]
fn a_limit_of_calls_at_once_is_told_apart() {
    let reading = reply(429, &[], r#"{"message":"Too many concurrent requests"}"#);
    assert_eq!(reading.hint.refused_by, Some(Dimension::InFlight));
}

#[test]
fn a_fulfilled_call_tells_its_levels() {
    let headers =
        [("x-ratelimit-limit-tokens", "60000"), ("x-ratelimit-remaining-tokens", "59000")];
    let reading = reply(200, &headers, r#"{"data":[]}"#);
    assert_eq!(limit_of(&reading, Dimension::InputTokens), (Some(60_000.0), Some(59_000.0)));
    assert_eq!((reading.hint.refused_by, reading.said), (None, None));
}

fn sane(hint: &Hint) -> bool {
    let number = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value >= 0.0);
    let mut seen = std::collections::HashSet::new();
    number(hint.retry_after)
        && hint.levels.iter().all(|level| {
            seen.insert(level.dimension)
                && number(level.limit)
                && level.limit != Some(0.0)
                && number(level.remaining)
                && number(level.reset_after)
        })
}

/// Pieces of which hostile replies are made: the readers' own words around numbers of every kind.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,6}",
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[0-9]{1,400}",
        proptest::sample::select(vec![
            "try again in ",
            "Limit ",
            "Used ",
            "Requested ",
            "limit: ",
            " tpm",
            " rpm",
            "k",
            "(TPM)",
            "ms",
            "m",
            "h",
            "s",
            ":",
            "-",
            ",",
            ".",
            " ",
            "T",
            "Z",
            "+00:00",
            "Sun, ",
            " Nov ",
            " GMT",
            "inf",
            "NaN",
            "1e999",
            "\u{e9}",
            "per day",
            "tokens per minute",
        ])
        .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_reply_makes_a_panic_or_a_number_that_cannot_be(
        status in prop_oneof![Just(200_u16), Just(429), Just(503), any::<u16>()],
        value in text(),
        message in text(),
        raw in proptest::collection::vec(any::<u8>(), 0..200),
        now in prop_oneof![Just(NOW), any::<f64>()],
    ) {
        let headers = |name: &str| (name != "date" || value.len() % 2 == 0).then_some(value.as_str());
        let quoted = serde_json::to_string(&message).unwrap();
        let body = format!(
            r#"{{"error":{{"message":{quoted},"type":"tokens","code":{quoted},"details":[
            {{"retryDelay":{quoted},"violations":[{{"quotaId":{quoted},"quotaValue":{quoted}}}]}}]}}}}"#
        );
        for body in [body.as_bytes(), message.as_bytes(), &raw] {
            let reading = read(status, &headers, body, now);
            prop_assert!(sane(&reading.hint), "{reading:?}");
        }
    }
}
