//! Killed anywhere, run again: as if nothing had happened, and nothing paid for twice.

use crate::support::{Answer, Desk, prose, tree};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Documents of all sizes: many that share a transaction, one of several segments, items, an archive.
fn library(desk: &Desk) {
    for n in 0..12 {
        desk.write(&format!("a/small/{n:02}.md"), format!("# Small {n}\n\n{}", prose(n, 120)));
    }
    desk.write("b/long/book.txt", prose(99, 60_000));
    let item = |n: u64| {
        format!(
            "{{\"id\":\"i{n}\",\"text\":\"item {n} {}\",\"domain\":\"items\"}}",
            prose(200 + n, 40).replace('\n', " ")
        )
    };
    let items = (0..20).map(item).collect::<Vec<_>>().join("\n");
    desk.write("c/items.jsonl", items);
    desk.write("c/broken.pdf", "%PDF-1.4 cut off");
}

const OUT: [&str; 3] = ["--out", "out", "--with-embeddings"];

/// What an undisturbed run leaves.
struct Truth {
    files: BTreeMap<String, Vec<u8>>,
    vectors: u64,
}

fn truth(desk: &Desk) -> Truth {
    let answer = desk
        .ingest(&["--store", "sqlite:truth.db", "--out", "truth", "--with-embeddings"])
        .exits(3);
    Truth {
        files: consolidated(&desk.path().join("truth")),
        vectors: answer.number("chunks.embedded"),
    }
}

/// Consolidated files without the manifest, which knows its store.
fn consolidated(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(folder);
    files.remove(".gristmill.json");
    files
}

fn forget(desk: &Desk) {
    for name in ["gristmill.db", "gristmill.db-wal", "gristmill.db-shm", "gristmill.db.lock"] {
        drop(std::fs::remove_file(desk.path().join(name)));
    }
    drop(std::fs::remove_dir_all(desk.path().join("out")));
}

/// Vectors that are committed: none of their texts may be embedded again.
fn committed(desk: &Desk) -> u64 {
    let path = desk.path().join("gristmill.db");
    if !path.exists() {
        return 0;
    }
    let Ok(connection) = Connection::open(&path) else { return 0 };
    connection.query_row("SELECT count(*) FROM vector", [], |row| row.get(0)).unwrap_or(0)
}

#[track_caller]
fn recovers(desk: &Desk, truth: &Truth, about: &str) {
    let before = committed(desk);
    let answer = desk.ingest(&OUT).exits(3);
    let embedded = answer.number("chunks.embedded");
    assert_eq!(
        before + embedded,
        truth.vectors,
        "{about}: {before} were committed, {embedded} embedded after"
    );
    assert!(
        consolidated(&desk.path().join("out")) == truth.files,
        "{about}: consolidated files differ"
    );
    desk.verifies();
}

fn faulty(desk: &Desk, at: u64, kind: &str) -> Answer {
    impatient(desk, at, kind, "0s")
}

fn impatient(desk: &Desk, at: u64, kind: &str, store_wait: &str) -> Answer {
    let mut arguments = vec!["ingest", "docs", "--json", "-q"];
    arguments.extend(OUT);
    let mut command = desk.command(arguments);
    command
        .env("FAULT_AT", at.to_string())
        .env("FAULT_KIND", kind)
        .env("GRISTMILL_STORE_WAIT", store_wait)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.output().unwrap().into()
}

#[test]
fn a_kill_at_every_point_loses_nothing_and_pays_for_nothing_twice() {
    const { assert!(fault::COMPILED_IN, "run the tests with: cargo all-tests") };
    let desk = Desk::new();
    library(&desk);
    let truth = truth(&desk);
    let mut points = 0;
    loop {
        forget(&desk);
        let answer = faulty(&desk, points + 1, "kill");
        if answer.code.is_some() {
            answer.exits(3);
            break;
        }
        points += 1;
        recovers(&desk, &truth, &format!("killed at point {points}"));
    }
    assert!(points >= 20, "only {points} points were passed");
}

#[test]
fn an_error_or_a_full_disk_at_every_point_is_told_and_survived() {
    let desk = Desk::new();
    library(&desk);
    let truth = truth(&desk);
    for kind in ["error", "disk_full"] {
        for at in 1.. {
            forget(&desk);
            let answer = faulty(&desk, at, kind);
            if answer.code == Some(3) {
                break;
            }
            let answer = answer.exits(1);
            assert!(
                answer.stderr.contains("hint:")
                    || answer.stderr.is_empty()
                    || answer.stderr.contains("gristmill:")
            );
            let error = answer.json()["error"].clone();
            let (class, message) = (error["class"].as_str(), error["message"].as_str().unwrap());
            // What happens after a commit undoes nothing, so it is no full disk to the run.
            let committed = message.contains("store.commit.after");
            let expected = if committed { "internal" } else { "disk_full" };
            assert!(kind != "disk_full" || class == Some(expected), "point {at}: {answer:?}");
            recovers(&desk, &truth, &format!("{kind} at point {at}"));
        }
    }
}

/// Somebody makes room: the run goes on by itself, and pays for nothing twice.
#[test]
fn room_on_a_full_disk_is_waited_for() {
    let desk = Desk::new();
    library(&desk);
    let truth = truth(&desk);
    let mut waited = 0;
    for at in 1.. {
        forget(&desk);
        let answer = impatient(&desk, at, "disk_full", "60s");
        if !answer.stderr.contains("for room on the disk") {
            if answer.code == Some(3) {
                break;
            }
            continue;
        }
        waited += 1;
        let answer = answer.exits(3);
        assert_eq!(answer.number("chunks.embedded"), truth.vectors, "point {at}");
        assert!(consolidated(&desk.path().join("out")) == truth.files, "point {at}");
        desk.verifies();
    }
    assert!(waited >= 5, "only {waited} full disks were waited for");
}

/// Kills at random times, one run after another over the same store, so that recoveries are killed too.
#[test]
fn kills_at_random_times_lose_nothing() {
    const KILLS: u64 = 200;
    const LANES: u64 = 2;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                let desk = Desk::new();
                library(&desk);
                let truth = truth(&desk);
                let mut random = 0x1234_5678_9abc_def1 ^ (lane << 40);
                for kill in 0..KILLS / LANES {
                    if kill % 5 == 0 {
                        forget(&desk);
                    }
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    killed_after(&desk, Duration::from_micros(random % 400_000));
                    if kill % 5 == 4 {
                        recovers(&desk, &truth, &format!("lane {lane}, kill {kill}"));
                    }
                }
            });
        }
    });
}

fn killed_after(desk: &Desk, time: Duration) {
    let mut arguments = vec!["ingest", "docs", "--json", "-q"];
    arguments.extend(OUT);
    let mut child =
        desk.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (done, wait) = std::sync::mpsc::sync_channel::<()>(0);
    // Only the time passes: nobody sends.
    assert!(wait.recv_timeout(time).is_err());
    drop(done);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_interrupt_drains_and_the_next_run_goes_on() {
    let desk = Desk::new();
    desk.write("book.txt", prose(5, 400_000));
    let whole = desk.ingest(&["--store", "sqlite:truth.db"]).exits(0).number("chunks.embedded");
    let child = desk
        .command(["ingest", "docs", "--json", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As soon as something is committed.
    while committed(&desk) == 0 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let answer = Answer::from(child.wait_with_output().unwrap());
    // A fast machine may have been done before the signal came.
    assert!(matches!(answer.code, Some(130 | 0)), "{answer:?}");
    let before = committed(&desk);
    assert!(before > 0);
    let rest = desk.ingest(&[]).exits(0);
    assert_eq!(before + rest.number("chunks.embedded"), whole);
    desk.verifies();
}
