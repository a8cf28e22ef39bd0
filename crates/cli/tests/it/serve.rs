//! The Content API over HTTP, asked with plain sockets.

use crate::book::book;
use crate::extract::{gemini, is_clean};
use crate::support::Desk;
use fake_provider::FakeProvider;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A server with one document of eight sections.
struct Server {
    child: Child,
    address: String,
    _desk: Desk,
}

impl Server {
    fn of(provider: &FakeProvider) -> Self {
        let desk = Desk::new();
        desk.write("a/book.pdf", book(16, &[1, 3, 5, 7, 9, 11, 13, 15]));
        let llm = format!("gemini:test-model@{}", provider.base_url());
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--documents", "docs", "--json", "--llm", &llm];
        let mut command = desk.command(arguments);
        let mut child = command.env("GEMINI_API_KEY", "k").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told["listening"].as_str().unwrap().to_owned();
        Self { child, address, _desk: desk }
    }

    fn send(&self, path: &str, body: &str, more: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n{body}"
        )
        .unwrap();
        stream
    }

    /// Status and body.
    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (head, body) = whole(self.send(path, &body.to_string(), ""));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended already has nothing left to end.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn whole(mut stream: TcpStream) -> (String, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn a_request_in_either_spelling_gets_a_result_or_an_error_for_each_section() {
    let fake = gemini("");
    let server = Server::of(&fake);
    for request in [
        json!({"originalDriveFileId": "a/book.pdf", "prompt": {"promptName": "p", "promptText": "why?"},
            "sections": [{"sectionName": "A", "pageRange": "1-2"}, {"sectionName": "B", "pageRange": "x"},
                {"sectionName": "C", "pageRange": "90"}]}),
        json!({"storage_file_id": "a/book.pdf", "prompt": {"prompt_name": "p", "prompt_text": "why?"},
            "sections": [{"section_name": "A", "page_range": "1-2"}, {"section_name": "B", "page_range": "x"},
                {"section_name": "C", "page_range": "90"}]}),
    ] {
        let (status, answer) = server.post("/extract", &request);
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
        assert_eq!(answer["originalDriveFileId"], "a/book.pdf");
        assert!(answer["sections"][0]["result"].as_str().unwrap().contains("why?"), "{answer}");
        for at in [1, 2] {
            assert_eq!(answer["sections"][at]["error"]["class"], "bad_item", "{answer}");
            assert_eq!(answer["sections"][at]["result"], Value::Null);
        }
    }
    while !fake.files().is_empty() {
        std::thread::yield_now();
    }
    is_clean(&fake);
}

#[test]
fn what_is_split_once_is_extracted_from_many_times() {
    let fake = gemini("");
    let server = Server::of(&fake);
    let (status, found) = server.post("/analyze", &json!({"file_id": "a/book.pdf"}));
    assert_eq!(status, 200, "{found}");
    let sections = found["result"]["sections"].clone();
    assert_eq!(sections.as_array().unwrap().len(), 8);
    let request = json!({"storage_file_id": "a/book.pdf", "sections": sections});
    let (status, split) = server.post("/split", &request);
    assert_eq!((status, fake.files().len()), (200, 8), "{split}");
    assert!(split["sections"][0]["genai_file_name"].as_str().unwrap().starts_with("files/"));
    for prompt in ["one", "two"] {
        let mut request = request.clone();
        request["prompt"] = json!({"prompt_name": "p", "prompt_text": prompt});
        let (_, answer) = server.post("/extract", &request);
        assert!(answer["sections"][7]["result"].as_str().unwrap().contains(prompt), "{answer}");
    }
    let stats = fake.file_stats();
    assert_eq!((stats.uploaded, stats.generated, fake.files().len()), (8, 16, 8));
}

#[test]
fn sections_stream_out_and_a_client_that_goes_leaves_nothing() {
    let fake = gemini("[[fault]]\nwhat = \"never_answer\"\nwhen = { marker = \"hang\" }\n");
    let server = Server::of(&fake);
    let request = json!({"file_id": "a/book.pdf", "sections": [
        {"section_name": "Fast", "page_range": "1", "prompts": ["go"]},
        {"section_name": "Slow", "page_range": "2", "prompts": ["hang"]}]});
    let accept = "accept: text/event-stream\r\n";
    let stream = server.send("/extract", &request.to_string(), accept);
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "event: section"));
    let data = lines.find(|line| line.starts_with("data: ")).unwrap();
    assert!(data.contains("Fast") && data.contains("go"), "{data}");
    while fake.file_stats().uploaded < 2 {
        std::thread::yield_now();
    }
    drop(lines);
    while !fake.files().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(is_clean(&fake).uploaded, 2);
}

#[test]
fn what_cannot_be_done_is_a_problem_document() {
    let fake = gemini("");
    let server = Server::of(&fake);
    let one = json!([{"section_name": "A", "page_range": "1"}]);
    for (path, request, expected) in [
        ("/extract", json!({"file_id": "../gristmill.db", "sections": one}), 404),
        ("/extract", json!({"file_id": "none.pdf", "sections": one}), 404),
        ("/extract", json!({"file_id": "a/book.pdf", "sections": []}), 400),
        ("/extract", json!({"sections": one}), 400),
        ("/analyze", json!([]), 400),
        ("/nothing", json!({}), 404),
    ] {
        let (status, problem) = server.post(path, &request);
        assert_eq!((status, &problem["status"]), (expected, &json!(expected)), "{path} {problem}");
        assert_eq!(problem["success"], false);
    }
    let (head, _) = whole(server.send("/analyze", "{}", "origin: https://evil.example\r\n"));
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    assert_eq!(fake.stats().requests, 0);
}

#[test]
fn a_terminated_server_leaves_nothing() {
    let fake = gemini("[content]\ngenerate_secs = 60.0\n");
    let mut server = Server::of(&fake);
    let request = json!({"file_id": "a/book.pdf", "prompt": "x",
        "sections": [{"section_name": "A", "page_range": "1"}]});
    let _waiting = server.send("/extract", &request.to_string(), "");
    while fake.stats().in_flight < 1 || fake.file_stats().uploaded < 1 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
    is_clean(&fake);
}

#[test]
fn another_address_than_this_machines_is_refused() {
    let desk = Desk::new();
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--documents", "docs", "--llm", "gemini:m"];
    desk.run(arguments).exits(2);
}

#[test]
fn a_client_that_waits_for_the_whole_and_goes_leaves_nothing() {
    let fake = gemini("[content]\ngenerate_secs = 60.0\n");
    let server = Server::of(&fake);
    for path in ["/extract", "/analyze"] {
        let request = json!({"file_id": "a/book.pdf", "prompt": "x", "prompt_text": "x",
            "sections": [{"section_name": "A", "page_range": "1"}]});
        let before = fake.file_stats().uploaded;
        let waiting = server.send(path, &request.to_string(), "");
        while fake.stats().in_flight < 1 || fake.file_stats().uploaded == before {
            std::thread::yield_now();
        }
        drop(waiting);
        while !fake.files().is_empty() {
            std::thread::yield_now();
        }
    }
    is_clean(&fake);
}

#[test]
fn a_section_that_cannot_be_worked_on_is_an_event_too() {
    let fake = gemini("");
    let server = Server::of(&fake);
    let request = json!({"file_id": "a/book.pdf", "prompt": "x", "sections": [
        {"section_name": "Bad", "page_range": "9-3"}, {"section_name": "Good", "page_range": "1"}]});
    let accept = "accept: text/event-stream\r\n";
    let (_, events) = whole(server.send("/extract", &request.to_string(), accept));
    let rows: Vec<Value> = events
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    assert_eq!(rows.len(), 3, "{events}");
    assert_eq!(
        (&rows[0]["section_name"], &rows[0]["error"]["class"]),
        (&json!("Bad"), &json!("bad_item"))
    );
    assert_eq!((&rows[1]["section_name"], &rows[1]["error"]), (&json!("Good"), &Value::Null));
    assert_eq!(rows[2]["sections"].as_array().unwrap().len(), 2);
    let only_bad = json!({"file_id": "a/book.pdf", "prompt": "x",
        "sections": [{"section_name": "Bad", "page_range": "9-3"}]});
    let (status, answer) = server.post("/extract", &only_bad);
    assert_eq!((status, &answer["success"]), (200, &json!(false)), "{answer}");
}

#[test]
fn hostile_requests_are_refused_and_cost_nothing() {
    let fake = gemini("");
    let server = Server::of(&fake);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nan = r#"{"file_id":"a/book.pdf","sections":NaN}"#;
    let number = r#"{"file_id":"a/book.pdf","sections":[{"section_name":1e999,"page_range":"1"}]}"#;
    let null =
        r#"{"file_id":"a/book.pdf\u0000","sections":[{"section_name":"A","page_range":"1"}]}"#;
    let bytes = "\u{0}\u{1}";
    for (body, expected) in
        [(deep.as_str(), "400"), (nan, "400"), (number, "400"), (null, "404"), (bytes, "400")]
    {
        let (head, body) = whole(server.send("/extract", body, ""));
        assert!(head.starts_with(&format!("HTTP/1.1 {expected}")), "{head} {body}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["success"], false);
    }
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = "POST /extract HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 413"), "{line}");
    for id in ["/etc/passwd", "a/../../x", "..\\x", "a%2Fbook.pdf", "."] {
        let (status, _) = server.post("/analyze", &json!({"file_id": id}));
        assert_eq!(status, 404, "{id}");
    }
    assert_eq!(fake.stats().requests, 0);
    let (status, _) = server.post("/analyze", &json!({"file_id": "a/book.pdf"}));
    assert_eq!(status, 200, "the server still answers");
}
