//! Files and generated texts, as a client of Gemini or `OpenAI` sees them.

use crate::client::{Client, Response, clocked, provider};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

const GEMINI: &str = "dialect = \"gemini\"\n";

fn start(provider: &FakeProvider, name: &str, bytes: usize) -> Response {
    Client::to(provider)
        .with_header("x-goog-upload-protocol: resumable")
        .with_header("x-goog-upload-command: start")
        .with_header(&format!("x-goog-upload-header-content-length: {bytes}"))
        .with_header("x-goog-upload-header-content-type: application/pdf")
        .post("/upload/v1beta/files", &json!({"file": {"name": name, "display_name": "shown"}}))
}

fn finish(provider: &FakeProvider, started: &Response, body: &str) -> Response {
    let url = started.header("x-goog-upload-url").unwrap();
    let path = url.strip_prefix("http://fake").unwrap();
    let mut client = Client::to(provider)
        .with_header("x-goog-upload-command: upload, finalize")
        .with_header("x-goog-upload-offset: 0");
    client.try_post(path, body).unwrap()
}

fn delete(provider: &FakeProvider, name: &str) -> Response {
    let mut client = Client::to(provider);
    client.send("DELETE", &format!("/v1beta/{name}"), "").unwrap();
    client.receive().unwrap()
}

fn ask(provider: &FakeProvider, file: &str) -> Response {
    let body = json!({"contents": [{"parts": [
        {"fileData": {"mimeType": "application/pdf", "fileUri": format!("https://x/v1beta/{file}")}},
        {"text": "what is it?"},
    ]}]});
    Client::to(provider).post("/v1beta/models/m:generateContent", &body)
}

#[test]
fn a_file_is_uploaded_becomes_active_is_asked_about_and_deleted() {
    let (fake, clock) = clocked(&format!("{GEMINI}[content]\nprocessing_secs = 2.0\n"));
    let uploaded = finish(&fake, &start(&fake, "files/mine", 5), "hello").json();
    assert_eq!(
        (&uploaded["file"]["name"], &uploaded["file"]["state"]),
        (&json!("files/mine"), &json!("PROCESSING"))
    );
    assert_eq!(ask(&fake, "files/mine").status, 400);
    clock.advance(2.0);
    let looked = Client::to(&fake).get("/v1beta/files/mine").json();
    assert_eq!(looked["state"], "ACTIVE");
    let listed = Client::to(&fake).get("/v1beta/files?pageSize=10").json();
    assert_eq!(listed["files"][0]["displayName"], "shown");
    let answer = ask(&fake, "files/mine").json();
    let text = answer["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert_eq!(text, "shown application/pdf 5: what is it?");
    assert_eq!(fake.files(), ["files/mine"]);
    assert_eq!(delete(&fake, "files/mine").status, 200);
    assert_eq!(delete(&fake, "files/mine").status, 403);
    let stats = fake.file_stats();
    assert_eq!((stats.uploaded, stats.deleted, stats.alive, stats.generated), (1, 1, 0, 1));
    assert_eq!(stats.wrong["file_not_active"], 1);
}

#[test]
fn what_does_not_fit_together_is_refused_and_counted() {
    let fake = provider(GEMINI);
    assert_eq!(finish(&fake, &start(&fake, "files/a", 6), "hello").status, 400);
    assert_eq!(start(&fake, "files/UPPER", 1).status, 400);
    assert_eq!(finish(&fake, &start(&fake, "files/a", 5), "hello").status, 200);
    assert_eq!(start(&fake, "files/a", 5).status, 409);
    assert_eq!(Client::to(&fake).post("/upload/v1beta/files", &json!({})).status, 400);
    let wrong = fake.file_stats().wrong;
    let counted: Vec<(&str, u64)> = wrong.iter().map(|(what, n)| (what.as_str(), *n)).collect();
    assert_eq!(counted, [("name", 1), ("start_headers", 1), ("upload_bytes", 1)]);
}

#[test]
fn a_provider_may_keep_to_names_of_its_own_and_a_file_may_never_become_active() {
    let (fake, clock) =
        clocked(&format!("{GEMINI}[content]\nnames_kept = false\nstuck_share = 1.0\n"));
    let file = finish(&fake, &start(&fake, "files/a", 5), "hello").json();
    assert_ne!(file["file"]["name"], "files/a");
    clock.advance(1e6);
    let name = file["file"]["name"].as_str().unwrap();
    assert_eq!(Client::to(&fake).get(&format!("/v1beta/{name}")).json()["state"], "PROCESSING");
}

#[test]
fn who_comes_before_the_told_wait_is_over_is_counted() {
    let (fake, clock) = clocked(&format!(
        "{GEMINI}[[fault]]\nwhat = {{ status = {{ code = 429, retry_after = 10.0 }} }}\nwhen = {{ route = \"generate\", times = 1 }}\n"
    ));
    let question = json!({"contents": [{"parts": [{"text": "x"}]}]});
    let path = "/v1beta/models/m:generateContent";
    let refused = Client::to(&fake).post(path, &question);
    let told = &refused.json()["error"]["details"][0]["retryDelay"];
    assert_eq!((refused.status, told), (429, &json!("10s")));
    clock.advance(5.0);
    assert_eq!(Client::to(&fake).post(path, &question).status, 200);
    assert_eq!(fake.file_stats().early, 1);
    // Another kind of route was told nothing.
    assert_eq!(Client::to(&fake).get("/v1beta/files").status, 200);
    clock.advance(5.0);
    Client::to(&fake).post(path, &question);
    assert_eq!(fake.file_stats().early, 1);
}

#[test]
fn answers_keep_to_the_schema_or_are_spoiled_as_planned() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}, "words": {"type": "array", "items": {"type": "string"}}}});
    let question = json!({
        "contents": [{"parts": [{"text": "x"}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema},
    });
    let answers = |lie: &str| -> Value {
        let fake = provider(&format!("{GEMINI}{lie}"));
        Client::to(&fake).post("/v1beta/models/m:generateContent", &question).json()
    };
    let text = |reply: &Value| -> Value {
        let text = reply["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(text(&answers("")), json!({"n": 1, "words": ["x"]}));
    assert_eq!(
        text(&answers("[[fault]]\nwhat = { lie = \"off_schema\" }")),
        json!({"something": "else"})
    );
    let blocked = answers("[[fault]]\nwhat = { lie = \"blocked\" }");
    assert_eq!(blocked["promptFeedback"]["blockReason"], "SAFETY");
    let cut = answers("[[fault]]\nwhat = { lie = \"cut_short\" }");
    assert_eq!(cut["candidates"][0]["finishReason"], "MAX_TOKENS");
    let inside = answers("[[fault]]\nwhat = { lie = \"error_inside\" }");
    assert_eq!(inside["error"]["code"], 429);
    assert_eq!(
        text(&answers("[content]\nanswer = [{ marker = \"x\", text = \"[7]\" }]")),
        json!([7])
    );
}

#[test]
fn a_chat_takes_a_file_inside_the_question() {
    let fake = provider("");
    let file = json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGVsbG8="}});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [file, {"type": "text", "text": "what?"}]}]});
    let reply = Client::to(&fake).post("/v1/chat/completions", &body).json();
    let choice = &reply["choices"][0];
    assert_eq!(choice["message"]["content"], "a.pdf data:application/pdf;base64 5: what?");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(Client::to(&fake).post("/v1/chat/completions", &json!({"model": "m"})).status, 400);
}
