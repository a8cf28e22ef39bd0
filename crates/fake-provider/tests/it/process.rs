//! The provider in a process of its own.

use crate::client::{Client, openai};
use fake_provider::Stats;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_fake-provider");

/// Ends with the test, also when it fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn it_says_where_it_listens_and_plays_its_plan() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, "dims = 3\n[keys]\nkey = [{ key = 'k' }]").unwrap();
    let mut command = Command::new(BINARY);
    command.arg("--plan").arg(&plan).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let address = told["listening"].as_str().unwrap();
    assert_eq!(told["base_url"], json!(format!("http://{address}")));
    let mut client = Client::at(address.parse().unwrap()).with_header("authorization: Bearer k");
    let reply = client.post("/v1/embeddings", &openai(&["text"])).json();
    assert_eq!(reply["data"][0]["embedding"].as_array().unwrap().len(), 3);
    let stats: Stats = serde_json::from_slice(&client.get("/_fake/stats").body).unwrap();
    assert_eq!((stats.requests, stats.accepted), (1, 1));
    assert!(stats.now > 0.0);
}

#[test]
fn a_wrong_argument_or_plan_ends_it_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, "dimz = 3").unwrap();
    for (arguments, named) in [
        (vec!["--plan", plan.to_str().unwrap()], "dimz"),
        (vec!["--plan", "/does/not/exist"], "/does/not/exist"),
        (vec!["--listen", "nowhere"], "nowhere"),
        (vec!["--listen"], "--listen needs a value"),
        (vec!["--port", "1"], "--port"),
    ] {
        let output = Command::new(BINARY).args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
}
