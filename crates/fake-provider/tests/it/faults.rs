//! Faults as a raw client sees them.

use crate::client::{Client, Response, clocked, eventually, numbers, openai, provider};
use fake_provider::vector;
use serde_json::{Value, json};
use std::io;

const PATH: &str = "/v1/embeddings";

fn one_fault(what: &str) -> String {
    format!("dims = 4\n[[fault]]\nwhat = {what}\nwhen = {{ nth = [2] }}")
}

/// The second of three requests for two texts meets the fault; the others are well.
fn second(what: &str) -> io::Result<Response> {
    let provider = provider(&one_fault(what));
    let body = openai(&["one", "two"]).to_string();
    let mut client = Client::to(&provider);
    assert_eq!(client.try_post(PATH, &body).unwrap().status, 200);
    let struck = client.try_post(PATH, &body);
    assert_eq!(Client::to(&provider).try_post(PATH, &body).unwrap().status, 200);
    assert_eq!(provider.stats().faults.values().sum::<u64>(), 1);
    struck
}

fn lie(name: &str) -> Response {
    let reply = second(&format!("{{ lie = '{name}' }}")).unwrap();
    assert_eq!(reply.status, 200);
    reply
}

#[test]
fn errors_of_the_server_have_their_status_and_wait() {
    for code in [500, 502, 503, 529] {
        let reply = second(&format!("{{ status = {{ code = {code} }} }}")).unwrap();
        assert_eq!(reply.status, code);
        assert!(reply.json()["error"]["message"].is_string());
        assert_eq!(reply.header("retry-after"), None);
    }
    let reply = second("{ status = { code = 503, retry_after = 1.5 } }").unwrap();
    assert_eq!(reply.header("retry-after"), Some("2"));
    assert_eq!(reply.header("retry-after-ms"), Some("1500"));
    let reply = second("{ slow_down = { code = 429 } }").unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (429, &json!("slow_down")));
    let reply = second("'insufficient_quota'").unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (429, &json!("insufficient_quota")));
}

#[test]
fn connections_are_reset_before_and_within_the_reply() {
    for what in ["'reset_before'", "'reset_during'"] {
        let error = second(what).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{what}");
    }
}

#[test]
fn what_was_cut_off_is_paid_and_what_was_not_begun_is_not() {
    for (what, paid) in [("'reset_before'", 0), ("'reset_during'", 1), ("{ lie = 'garbage' }", 1)] {
        let provider = provider(&format!("fault = [{{ what = {what} }}]"));
        Client::to(&provider).try_post(PATH, &openai(&["text"]).to_string()).ok();
        assert_eq!(provider.paid("text"), paid, "{what}");
    }
}

#[test]
fn a_request_that_is_never_answered_is_in_flight_until_its_client_goes() {
    let provider = provider(&one_fault("'never_answer'"));
    let mut client = Client::to(&provider);
    client.post(PATH, &openai(&["text"]));
    client.send("POST", PATH, &openai(&["text"]).to_string()).unwrap();
    eventually(|| provider.stats().requests == 2);
    assert_eq!(provider.stats().in_flight, 1);
    drop(client);
    eventually(|| provider.stats().in_flight == 0);
}

#[test]
fn a_drip_comes_piece_by_piece_as_time_goes_on() {
    let (provider, clock) = clocked(&one_fault("{ drip = { bytes = 100, every = 1.0 } }"));
    let mut client = Client::to(&provider);
    let whole = client.post(PATH, &openai(&["text"]));
    client.send("POST", PATH, &openai(&["text"]).to_string()).unwrap();
    let reply = std::thread::spawn(move || client.receive().unwrap());
    eventually(|| provider.stats().requests == 2);
    let pieces = whole.body.len().div_ceil(100);
    assert!(pieces > 1);
    let mut moved = 0;
    eventually(|| {
        clock.advance(0.25);
        moved += 1;
        reply.is_finished()
    });
    assert!(moved >= (pieces - 1) * 4, "{moved} steps for {pieces} pieces");
    assert_eq!(reply.join().unwrap().body, whole.body);
}

#[test]
fn bodies_are_garbage_cut_short_errors_or_too_long() {
    assert!(lie("garbage").body.starts_with(b"<html>"));
    assert!(serde_json::from_slice::<Value>(&lie("truncated").body).is_err());
    assert!(lie("error_inside").json()["error"]["message"].is_string());
    let long = lie("oversize");
    assert_eq!(long.body.len(), 64 << 20);
    assert!(long.body.starts_with(br#"{"object":"list""#));
}

#[test]
fn vectors_are_shuffled_missing_doubled_or_of_the_wrong_dimension() {
    let indexes = |reply: &Value| -> Vec<u64> {
        let data = reply["data"].as_array().unwrap();
        data.iter().map(|item| item["index"].as_u64().unwrap()).collect()
    };
    let shuffled = lie("shuffled").json();
    assert_eq!(indexes(&shuffled), [1, 0]);
    assert_eq!(shuffled["data"][0]["embedding"], numbers(&vector("m", "two", 4)));
    assert_eq!(indexes(&lie("missing").json()), [0]);
    assert_eq!(indexes(&lie("doubled_index").json()), [0, 0]);
    let short = lie("wrong_dimension").json();
    assert_eq!(short["data"][1]["embedding"].as_array().unwrap().len(), 3);
}

#[test]
fn vectors_hold_zeros_null_or_no_numbers() {
    let zeros = lie("zero_vector").json();
    assert_eq!(zeros["data"][0]["embedding"], json!([0.0, 0.0, 0.0, 0.0]));
    assert_ne!(zeros["data"][1]["embedding"], json!([0.0, 0.0, 0.0, 0.0]));
    assert!(lie("null").json()["data"][0]["embedding"][0].is_null());
    let text = String::from_utf8(lie("not_a_number").body).unwrap();
    assert!(text.contains("[NaN,"), "{text}");
}

#[test]
fn a_poisoned_text_costs_its_whole_batch_and_only_that() {
    for (naming, message) in
        [("named", "'input[1]' is invalid."), ("unnamed", "'$.input' is invalid.")]
    {
        let provider = provider(&format!(
            "[[fault]]\nwhat = {{ poison = '{naming}' }}\nwhen = {{ marker = 'BAD' }}"
        ));
        let mut client = Client::to(&provider);
        let reply = client.post(PATH, &openai(&["good", "so BAD"]));
        assert_eq!(reply.status, 400);
        assert!(reply.json()["error"]["message"].as_str().unwrap().starts_with(message));
        assert_eq!(provider.paid("good"), 0);
        assert_eq!(client.post(PATH, &openai(&["good"])).status, 200);
        assert_eq!(provider.paid("good"), 1);
    }
}

#[test]
fn hints_can_be_missing_or_wrong_while_the_limit_holds() {
    for (hints, remaining, wait) in [
        ("", Some("0"), None),
        ("headers = 'missing'", None, None),
        ("headers = 'minus_one', retry_after = 'right'", Some("-1"), Some("30")),
        ("headers = 'zero', retry_after = { times = 0.5 }", Some("0"), Some("15")),
        ("headers = 'garbage', retry_after = 'garbage'", Some("some"), Some("soon")),
    ] {
        let provider = provider(&format!(
            "limit = [{{ dimension = 'requests', kind = 'bucket', limit = 2 }}]\n\
             [[fault]]\nwhat = {{ hints = {{ {hints} }} }}\nwhen = {{ nth = [3] }}"
        ));
        let mut client = Client::to(&provider);
        for _ in 0..2 {
            let reply = client.post(PATH, &openai(&["text"]));
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("2"));
        }
        let reply = client.post(PATH, &openai(&["text"]));
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("x-ratelimit-remaining-requests"), remaining, "{hints}");
        assert_eq!(reply.header("retry-after"), wait, "{hints}");
    }
}

#[test]
fn retry_after_can_be_a_date_and_the_body_can_be_silent() {
    let provider = provider(
        "hints = { retry_after = 'date', body = 'silent' }\n\
         limit = [{ dimension = 'requests', kind = 'bucket', limit = 1 }]",
    );
    let mut client = Client::to(&provider);
    client.post(PATH, &openai(&["text"]));
    let reply = client.post(PATH, &openai(&["text"]));
    assert!(reply.header("retry-after").unwrap().ends_with(" GMT"));
    assert!(!reply.json()["error"]["message"].as_str().unwrap().contains("Limit"));
}
