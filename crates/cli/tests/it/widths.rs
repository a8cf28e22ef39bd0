//! What a run takes of the machine: told in its result and in `status`, and changed while it goes on.

use crate::support::{Answer, Desk};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// A run whose only document is not parsed before [`ended`] lets it.
fn waiting(desk: &Desk) -> Child {
    desk.write("one.slow", "A delta grows where a river drops its sand.");
    let mut command = desk.command(["ingest", "docs", "--json", "-q"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn configure(desk: &Desk, text: &str) {
    let go = desk.path().join("go").display().to_string();
    let script =
        format!("while [ ! -e {go} ]; do sleep 0.02; done; echo '{{\\\"text\\\":\\\"sand\\\"}}'");
    let parser =
        format!("[[parsers]]\nmatch = \"*.slow\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\n");
    std::fs::write(desk.path().join("gristmill.toml"), format!("{text}{parser}")).unwrap();
}

/// What a run says of its configuration after SIGHUP.
fn told_after_a_hangup(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let line = lines.find(|line| line.as_ref().unwrap().contains("configuration"));
    line.unwrap().unwrap()
}

fn ended(desk: &Desk, child: Child) -> Value {
    std::fs::write(desk.path().join("go"), "").unwrap();
    Answer::from(child.wait_with_output().unwrap()).exits(0).json()
}

/// Until the run catches SIGHUP: before that, one would end it.
fn listening(desk: &Desk, child: &mut Child) {
    let list = format!("/proc/{}/status", child.id());
    let caught = || {
        let status = std::fs::read_to_string(&list).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
    };
    while !caught() {
        assert!(child.try_wait().unwrap().is_none(), "ended early in {}", desk.path().display());
        std::thread::yield_now();
    }
}

#[test]
fn a_hangup_changes_the_number_of_workers_in_the_middle_of_a_run_and_status_shows_it() {
    let desk = Desk::new();
    configure(&desk, "workers = 4\n");
    let mut child = waiting(&desk);
    listening(&desk, &mut child);
    configure(&desk, "workers = 2\nmemory_limit = \"300MB\"\n");
    let line = told_after_a_hangup(&mut child);
    assert!(
        line.contains("workers = 2") && line.contains("with the next run: memory_limit"),
        "{line}"
    );
    let widths = ended(&desk, child)["widths"].clone();
    assert_eq!(widths["workers"]["now"], 2, "{widths}");
    assert_eq!(widths["follows_load"], false);
    let decision = &widths["decisions"][0];
    assert_eq!((decision["from"].as_u64(), decision["to"].as_u64()), (Some(4), Some(2)));
    assert_eq!(decision["reason"], "configuration");
    let status = desk.run(["status", "--json"]).exits(0).json();
    assert_eq!(status["runs"][0]["result"]["widths"], widths);
}

#[test]
fn a_configuration_with_mistakes_changes_nothing() {
    let desk = Desk::new();
    configure(&desk, "workers = 2\n");
    let mut child = waiting(&desk);
    listening(&desk, &mut child);
    configure(&desk, "workers = 0\n");
    let line = told_after_a_hangup(&mut child);
    assert!(line.contains("nothing changes") && line.contains("workers"), "{line}");
    assert_eq!(ended(&desk, child)["widths"]["decisions"], Value::Array(Vec::new()));
}

#[test]
fn workers_follow_the_load_only_where_nobody_wrote_a_number() {
    let desk = Desk::new();
    desk.write("a.md", "A delta grows where a river drops its sand.");
    let widths = desk.ingest(&[]).exits(0).json()["widths"].clone();
    assert_eq!(widths["follows_load"], true);
    assert!(widths["workers"]["most"].as_u64() >= widths["workers"]["usual"].as_u64());
    configure(&desk, "workers = 1\n");
    let widths = desk.ingest(&[]).exits(0).json()["widths"].clone();
    assert_eq!(widths["follows_load"], false);
    assert_eq!(widths["workers"]["most"], 1);
}
