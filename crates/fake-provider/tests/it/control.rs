//! Requests about the provider itself, as another process makes them.

use crate::client::{Client, openai, provider};
use fake_provider::Stats;
use serde_json::json;

const PATH: &str = "/v1/embeddings";

fn stats(client: &mut Client, path: &str) -> Stats {
    serde_json::from_slice(&client.get(path).body).unwrap()
}

#[test]
fn counts_are_told_over_http_and_forgotten_on_demand() {
    let provider = provider("");
    let mut client = Client::to(&provider);
    client.post(PATH, &openai(&["one", "two"]));
    client.post(PATH, &openai(&["one"]));
    client.post(PATH, &json!({"input": 7}));
    let told = stats(&mut client, "/_fake/stats");
    assert_eq!(told, provider.stats());
    assert_eq!((told.requests, told.accepted, told.texts), (3, 2, 3));
    assert_eq!((told.distinct_texts, told.paid_again, told.in_flight_max), (2, 1, 1));
    assert_eq!(told.refused["bad_request"], 1);
    assert_eq!(stats(&mut client, "/_fake/stats?times").times, [0.0; 3]);
    let paid = client.post("/_fake/paid", &json!(["one", "two", "three"]));
    assert_eq!(paid.json(), json!([2, 1, 0]));
    assert_eq!(client.post("/_fake/reset", &json!(null)).status, 200);
    assert_eq!(stats(&mut client, "/_fake/stats"), Stats::default());
    assert_eq!(provider.paid("one"), 0);
}

#[test]
fn another_plan_changes_limits_in_mid_run_and_keeps_what_was_used() {
    let provider = provider("limit = [{ dimension = 'requests', kind = 'bucket', limit = 4 }]");
    let mut client = Client::to(&provider);
    let mut passed =
        |sent| (0..sent).filter(|_| client.post(PATH, &openai(&["text"])).status == 200).count();
    assert_eq!(passed(3), 3);
    let mut control = Client::to(&provider);
    let plan = "[[limit]]\ndimension = 'requests'\nkind = 'bucket'\nlimit = 1000";
    assert_eq!(control.try_post("/_fake/plan", plan).unwrap().status, 200);
    assert_eq!(passed(3), 1, "a bucket that grows is not filled at once");
    let plan = "[[limit]]\ndimension = 'requests'\nkind = 'sliding_window'\nlimit = 2";
    assert_eq!(control.try_post("/_fake/plan", plan).unwrap().status, 200);
    assert_eq!(passed(3), 2, "another kind of limit begins afresh");
}

#[test]
fn a_provider_lives_within_an_asynchronous_test_and_ends_with_its_handle() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let address = runtime.block_on(async {
        let provider = provider("");
        assert_eq!(Client::to(&provider).post(PATH, &openai(&["text"])).status, 200);
        provider.address()
    });
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_plan_with_a_mistake_is_refused_and_the_old_one_stays() {
    let provider = provider("dims = 3");
    let mut control = Client::to(&provider);
    for (plan, named) in [
        ("dimz = 3", "dimz"),
        ("[service]\nlatency = 3", "latency"),
        ("dims = 0", "dims is 0"),
        ("dialect = 'gemini'", "keeps its dialect"),
        ("fault = [{ what = 'reset_befor' }]", "reset_befor"),
        ("fault = [{ what = { poison = 'named' } }]", "marker"),
        ("limit = [{ dimension = 'requests', kind = 'in_flight', limit = 1 }]", "in_flight"),
    ] {
        let reply = control.try_post("/_fake/plan", plan).unwrap();
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert!(reply.status == 400 && error.contains(named), "{plan}: {error}");
    }
    let reply = control.post(PATH, &openai(&["text"])).json();
    assert_eq!(reply["data"][0]["embedding"].as_array().unwrap().len(), 3);
}
