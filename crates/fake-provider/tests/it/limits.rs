//! Hidden limits over a socket. The clock is moved by hand, so that counts are exact.

use crate::client::{Client, clocked, openai, provider};
use serde_json::json;

const PATH: &str = "/v1/embeddings";

/// How many of `sent` requests pass.
fn passed(client: &mut Client, sent: usize) -> usize {
    (0..sent).filter(|_| client.post(PATH, &openai(&["text"])).status == 200).count()
}

#[test]
fn a_bucket_of_requests_gives_its_burst_and_then_its_rate() {
    let (provider, clock) =
        clocked("limit = [{ dimension = 'requests', kind = 'bucket', limit = 60, secs = 10 }]");
    let mut client = Client::to(&provider);
    assert_eq!(passed(&mut client, 30), 10);
    clock.advance(3.0);
    assert_eq!(passed(&mut client, 30), 3);
    clock.advance(1000.0);
    assert_eq!(passed(&mut client, 30), 10);
    let stats = provider.stats();
    assert_eq!((stats.requests, stats.accepted, stats.refused["limited"]), (90, 23, 67));
}

#[test]
fn without_limits_everything_passes_on_many_connections() {
    let provider = provider("");
    let mut clients: Vec<Client> = (0..8).map(|_| Client::to(&provider)).collect();
    for client in &mut clients {
        assert_eq!(passed(client, 20), 20);
    }
    assert_eq!(provider.stats().accepted, 160);
    assert_eq!(provider.paid("text"), 160);
    assert_eq!(provider.paid("other"), 0);
}

#[test]
fn a_refusal_says_how_long_to_wait_and_then_the_call_passes() {
    let (provider, clock) =
        clocked("limit = [{ dimension = 'requests', kind = 'bucket', limit = 3 }]");
    let mut client = Client::to(&provider);
    assert_eq!(passed(&mut client, 3), 3);
    let refused = client.post(PATH, &openai(&["text"]));
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.json(),
        json!({"error": {
            "message": "Rate limit reached for m in organization org-fake on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.",
            "type": "requests", "param": null, "code": "rate_limit_exceeded",
        }})
    );
    assert_eq!(refused.header("x-ratelimit-limit-requests"), Some("3"));
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-reset-requests"), Some("1m0s"));
    clock.advance(20.0);
    assert_eq!(passed(&mut client, 2), 1);
}
