//! `models pull` and `models list` against a hub on this machine, over real HTTP: what goes wrong on the way costs
//! what was on the way, and a folder with a model's name is whole.

use crate::support::{Answer, Desk, tree};
use fake_provider::{FakeHub, HubMisdeed, HubModel};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REPOSITORY: &str = "someone/tiny-bert";
const WEIGHTS: &str = "model.safetensors";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A desk, and a hub with the tiny model of the encoder's tests and files that nobody needs.
fn desk() -> (Desk, FakeHub) {
    (Desk::new(), FakeHub::start(model(COMMIT)).unwrap())
}

fn model(commit: &str) -> HubModel {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models/bert");
    let mut files = tree(&folder);
    files.insert("README.md".to_owned(), b"# A model".to_vec());
    files.insert("pytorch_model.bin".to_owned(), vec![7; 30_000]);
    files.insert("onnx/model.onnx".to_owned(), vec![7; 30_000]);
    HubModel { repository: REPOSITORY.to_owned(), commit: commit.to_owned(), files }
}

fn weights_bytes() -> u64 {
    model(COMMIT).files[WEIGHTS].len() as u64
}

fn models(desk: &Desk) -> PathBuf {
    desk.path().join("data/gristmill/models")
}

fn folder(desk: &Desk) -> PathBuf {
    models(desk).join(REPOSITORY)
}

fn partial(desk: &Desk) -> PathBuf {
    models(desk).join(format!("{REPOSITORY}.partial"))
}

fn pulling(desk: &Desk, hub: &FakeHub, more: &[&str]) -> Command {
    let url = hub.url();
    let mut arguments = vec!["models", "pull", REPOSITORY, "--hub", &url, "--json", "-q"];
    arguments.extend(more);
    let mut command = desk.command(arguments);
    command.env("XDG_DATA_HOME", desk.path().join("data"));
    command
}

fn pull(desk: &Desk, hub: &FakeHub, more: &[&str]) -> Answer {
    pulling(desk, hub, more).output().unwrap().into()
}

fn listed(desk: &Desk) -> Vec<Value> {
    let mut command = desk.command(["models", "list", "--json"]);
    let answer: Answer =
        command.env("XDG_DATA_HOME", desk.path().join("data")).output().unwrap().into();
    answer.exits(0).json()["models"].as_array().unwrap().clone()
}

#[track_caller]
fn is_whole(desk: &Desk) {
    let mut found = tree(&folder(desk));
    assert!(found.remove(".gristmill-model.json").is_some());
    let wanted = |name: &String| {
        !["README.md", "pytorch_model.bin", "onnx/model.onnx"].contains(&name.as_str())
    };
    let expected: BTreeMap<String, Vec<u8>> =
        model(COMMIT).files.into_iter().filter(|(name, _)| wanted(name)).collect();
    assert!(found == expected, "{:?}", found.keys());
    assert!(!partial(desk).exists());
}

/// Fails with this class and these words, and leaves no folder with the model's name.
#[track_caller]
fn fails(desk: &Desk, answer: Answer, class: &str, words: &[&str]) {
    let error = answer.exits(1).json()["error"].clone();
    assert_eq!(error["class"], class, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    assert!(!folder(desk).exists());
}

#[test]
fn a_pulled_model_is_listed_and_found_by_its_name() {
    let (desk, hub) = desk();
    assert_eq!(listed(&desk), Vec::<Value>::new());
    let answer = pull(&desk, &hub, &[]).exits(0);
    let json = answer.json();
    assert_eq!(json["commit"], COMMIT);
    assert_eq!((json["dimensions"].as_u64(), json["problem"].as_str()), (Some(24), None));
    assert_eq!(json["fetched_bytes"], json["bytes"]);
    is_whole(&desk);
    assert_eq!(listed(&desk)[0]["name"], REPOSITORY);

    desk.write("cats.md", "The cat sat on the red mat.");
    let mut ids = Vec::new();
    for name in ["tiny-bert".to_owned(), REPOSITORY.to_owned(), folder(&desk).display().to_string()]
    {
        let store = format!("sqlite:{}.db", ids.len());
        let spec = format!("local:{name}");
        let mut command = desk.command([
            "ingest",
            "docs",
            "--json",
            "-q",
            "--store",
            &store,
            "--embedder",
            &spec,
        ]);
        let answer: Answer =
            command.env("XDG_DATA_HOME", desk.path().join("data")).output().unwrap().into();
        ids.push(answer.exits(0).json()["embedder"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    hub.take_requests();
    let again = pull(&desk, &hub, &[]).exits(0).json();
    assert_eq!(
        (again["unchanged"].as_bool(), again["fetched_bytes"].as_u64()),
        (Some(true), Some(0))
    );
    assert_eq!(hub.take_requests().len(), 1, "only the listing is asked for");
}

#[test]
fn only_what_is_needed_is_asked_for_and_the_key_goes_to_the_hub_alone() {
    let (desk, hub) = desk();
    hub.ask_for_key("hf_s3cret");
    let answer = pull(&desk, &hub, &[]);
    fails(&desk, answer, "denied", &["permission of its owners", "HF_TOKEN"]);
    hub.take_requests();
    let mut command = pulling(&desk, &hub, &[]);
    let answer: Answer = command.env("HF_TOKEN", "hf_s3cret").output().unwrap().into();
    assert!(!format!("{answer:?}").contains("s3cret"));
    answer.exits(0);
    let requests = hub.take_requests();
    for request in &requests {
        assert_eq!(request.key.is_some(), request.at_hub, "{request:?}");
        assert!(!request.path.contains("pytorch") && !request.path.contains("onnx"), "{request:?}");
    }
    assert!(requests.iter().any(|request| !request.at_hub), "weights come from elsewhere");
    is_whole(&desk);
}

#[test]
fn a_connection_that_breaks_is_gone_on_with_where_it_broke() {
    let (desk, hub) = desk();
    // Twice: where the hub sends on, nothing is cut.
    hub.fault(WEIGHTS, 3, HubMisdeed::CutAfter(20_000));
    let json = pull(&desk, &hub, &[]).exits(0).json();
    assert_eq!(json["fetched_bytes"], json["bytes"], "no byte twice");
    let ranges: Vec<_> =
        hub.take_requests().into_iter().filter_map(|request| request.range).collect();
    assert!(ranges.contains(&"bytes=20000-".to_owned()), "{ranges:?}");
    is_whole(&desk);
}

#[test]
fn a_server_without_ranges_is_read_from_the_beginning() {
    let (desk, hub) = desk();
    hub.fault(WEIGHTS, 2, HubMisdeed::CutAfter(20_000));
    hub.fault(WEIGHTS, 2, HubMisdeed::IgnoreRange);
    let json = pull(&desk, &hub, &[]).exits(0).json();
    assert_eq!(json["fetched_bytes"].as_u64(), json["bytes"].as_u64().map(|bytes| bytes + 20_000));
    is_whole(&desk);
}

#[test]
fn a_network_that_stays_away_ends_the_pull_and_the_next_one_goes_on() {
    let (desk, hub) = desk();
    hub.fault(WEIGHTS, 2, HubMisdeed::CutAfter(20_000));
    hub.fault(WEIGHTS, 8, HubMisdeed::CutAfter(0));
    let answer = pull(&desk, &hub, &[]);
    fails(&desk, answer, "timeout", &["127.0.0.1 gave no answer", "what came is kept"]);
    assert_eq!(listed(&desk)[0]["finished"], false);
    let mut json = pull(&desk, &hub, &[]);
    while json.code != Some(0) {
        json = pull(&desk, &hub, &[]);
    }
    assert_eq!(json.number("fetched_bytes"), weights_bytes() - 20_000);
    is_whole(&desk);
}

#[test]
fn a_damaged_file_is_fetched_again_once_and_never_given_its_name() {
    // The weights are asked for twice, of the hub and where it sends on.
    for (file, times) in [(WEIGHTS, 2), ("tokenizer.json", 1)] {
        let (desk, hub) = desk();
        hub.fault(file, times, HubMisdeed::Damage);
        pull(&desk, &hub, &[]).exits(0);
        is_whole(&desk);
        let (desk, hub) = self::desk();
        hub.fault(file, 99, HubMisdeed::Damage);
        let answer = pull(&desk, &hub, &[]);
        fails(&desk, answer, "bad_document", &[file, "another checksum"]);
        assert!(!partial(&desk).join(file).exists());
    }
}

#[test]
fn refusals_are_told_with_what_to_do() {
    for (path, status, code, retry_after, class, words) in [
        ("?blobs=true", 404, "RepoNotFound", None, "bad_document", "names of model and revision"),
        ("?blobs=true", 401, "", None, "denied", "HF_TOKEN"),
        ("?blobs=true", 403, "GatedRepo", None, "denied", "accept the model's terms"),
        (WEIGHTS, 429, "", Some(17), "quota", "pull again in 17 s"),
        (WEIGHTS, 503, "", None, "quota", "what came is kept"),
        ("?blobs=true", 302, "", None, "bad_document", "leads nowhere"),
    ] {
        let (desk, hub) = desk();
        hub.fault(path, 99, HubMisdeed::Refuse { status, code, retry_after });
        let answer = pull(&desk, &hub, &[]);
        fails(&desk, answer, class, &[words]);
    }
    let (desk, hub) = desk();
    let answer = pull(&desk, &hub, &["--revision", "v9"]);
    fails(&desk, answer, "bad_document", &["no someone/tiny-bert at v9"]);
}

#[test]
fn a_model_that_cannot_be_used_is_refused_before_its_weights_are_fetched() {
    let mut unknown = model(COMMIT);
    unknown.files.insert("config.json".to_owned(), br#"{"model_type":"t5"}"#.to_vec());
    let mut pickled = model(COMMIT);
    pickled.files.remove(WEIGHTS);
    for (model, words) in [(unknown, "model_type"), (pickled, "save_pretrained")] {
        let (desk, hub) = (Desk::new(), FakeHub::start(model).unwrap());
        let answer = pull(&desk, &hub, &[]);
        fails(&desk, answer, "bad_document", &[words]);
        assert!(hub.take_requests().iter().all(|request| !request.path.ends_with(WEIGHTS)));
    }
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let (desk, hub) = desk();
    pull(&desk, &hub, &[]).exits(0);
    let newer = "f".repeat(40);
    hub.replace(model(&newer));
    let answer = pull(&desk, &hub, &[]).exits(1).json();
    assert!(answer["error"]["message"].as_str().unwrap().contains(COMMIT), "{answer}");
    is_whole(&desk);
    let to = desk.path().join("elsewhere");
    let json = pull(&desk, &hub, &["--to", to.to_str().unwrap()]).exits(0).json();
    assert_eq!(json["commit"], newer);
    assert!(to.join(WEIGHTS).exists());
    let docs = desk.docs();
    pull(&desk, &hub, &["--to", docs.to_str().unwrap()]).exits(1);
}

#[test]
fn what_came_of_another_commit_is_not_gone_on_with() {
    let (desk, hub) = desk();
    hub.fault(WEIGHTS, 2, HubMisdeed::CutAfter(20_000));
    hub.fault(WEIGHTS, 6, HubMisdeed::CutAfter(0));
    while pull(&desk, &hub, &[]).code != Some(1) {}
    hub.replace(model(&"f".repeat(40)));
    let mut answer = pull(&desk, &hub, &[]);
    while answer.code != Some(0) {
        answer = pull(&desk, &hub, &[]);
    }
    is_whole(&desk);
}

/// A pull that has been given the first bytes of the weights and no more.
fn stalled(desk: &Desk, hub: &FakeHub) -> std::process::Child {
    hub.fault(WEIGHTS, 2, HubMisdeed::StallAfter(20_000));
    let child =
        pulling(desk, hub, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let file = partial(desk).join(format!("{WEIGHTS}.partial"));
    while std::fs::metadata(&file).map_or(0, |data| data.len()) < 20_000 {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child
}

#[test]
fn after_a_kill_the_next_pull_fetches_only_the_rest() {
    let (desk, hub) = desk();
    let mut child = stalled(&desk, &hub);
    let second = pull(&desk, &hub, &[]).exits(1);
    assert!(second.stdout.contains("another pull is writing"), "{second:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let json = pull(&desk, &hub, &[]).exits(0);
    assert_eq!(json.number("fetched_bytes"), weights_bytes() - 20_000);
    is_whole(&desk);
}

#[test]
fn an_interrupt_ends_a_pull_at_once_and_keeps_what_came() {
    let (desk, hub) = desk();
    let child = stalled(&desk, &hub);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let answer: Answer = child.wait_with_output().unwrap().into();
    assert!(answer.exits(130).stdout.contains("interrupted"));
    assert_eq!(pull(&desk, &hub, &[]).exits(0).number("fetched_bytes"), weights_bytes() - 20_000);
    is_whole(&desk);
}

#[test]
fn a_kill_or_a_full_disk_at_any_point_leaves_a_whole_model_or_none() {
    const { assert!(fault::COMPILED_IN, "run the tests with: cargo all-tests") };
    for kind in ["kill", "disk_full"] {
        for at in 1.. {
            let (desk, hub) = desk();
            let mut command = pulling(&desk, &hub, &[]);
            command.env("FAULT_AT", at.to_string()).env("FAULT_KIND", kind);
            let answer: Answer = command.output().unwrap().into();
            if answer.code == Some(0) {
                assert!(at > 10, "only {at} points were passed");
                break;
            }
            if kind == "disk_full" {
                assert_eq!(answer.json()["error"]["class"], "disk_full", "{answer:?}");
            }
            if folder(&desk).exists() {
                assert!(folder(&desk).join(".gristmill-model.json").exists(), "{kind} at {at}");
            }
            pull(&desk, &hub, &[]).exits(0);
            pull(&desk, &hub, &[]).exits(0);
            is_whole(&desk);
        }
    }
}
