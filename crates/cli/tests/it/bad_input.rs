//! Each bad input: a message with file, cause and hint; the rest goes on, and nothing is lost.

use crate::hostile::{self, Expect, Hostile};
use crate::support::{Desk, prose};
use rusqlite::Connection;
use serde_json::Value;

const GOOD: &str = "zz-good.txt";

/// What a run over hostile files must have left for each of them.
#[track_caller]
fn judge(desk: &Desk, files: &[Hostile]) {
    let failures = desk.run(["failures", "list", "--json"]).exits(0).json()["failures"].clone();
    for file in files {
        let failed: Vec<&Value> = failures
            .as_array()
            .unwrap()
            .iter()
            .filter(|failure| belongs(failure["document"].as_str().unwrap(), file.name))
            .collect();
        for failure in &failed {
            let told = |key: &str| failure[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(told("message") && told("hint"), "{failure}");
        }
        let (word, classes) = match file.expect {
            Expect::Found(word) => (Some(word), None),
            Expect::Failed(classes) => (None, Some(classes)),
            Expect::FoundAndFailed(word, classes) => (Some(word), Some(classes)),
            Expect::Answered => {
                assert!(
                    !failed.is_empty() || is_stored(desk, file.name),
                    "{:?} ended in silence",
                    file.name
                );
                continue;
            }
        };
        if let Some(word) = word {
            let found = desk.found(&[word, "--mode", "keyword"]);
            assert!(
                found.iter().any(|name| belongs(name, file.name)),
                "{:?}: {word} is not found: {failed:?}",
                file.name
            );
        }
        if let Some(classes) = classes {
            let right =
                failed.iter().any(|failure| classes.contains(&failure["class"].as_str().unwrap()));
            assert!(right, "{:?} should have failed as one of {classes:?}: {failed:?}", file.name);
        }
    }
}

/// The file itself, one of its items or one of its members.
fn belongs(document: &str, file: &str) -> bool {
    document
        .strip_prefix(file)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['#', '/', '~']))
}

fn is_stored(desk: &Desk, file: &str) -> bool {
    let connection = Connection::open(desk.path().join("gristmill.db")).unwrap();
    let mut names = connection.prepare("SELECT name FROM document WHERE version > 0").unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names.iter().any(|name| belongs(name, file))
}

#[test]
fn every_hostile_file_has_an_answer_and_the_rest_goes_on() {
    let desk = Desk::new();
    let files = hostile::all(&desk.docs());
    desk.write(GOOD, "The good document tells of lighthouses.");
    // Endless parsers are given up sooner than by default, so that the test is.
    std::fs::write(desk.path().join("quick.toml"), "[limits]\nparse_seconds = 2\n").unwrap();
    let quick = ["--config", "quick.toml", "--out", "out", "--memory-limit", "1GiB"];
    let answer = desk.ingest(&quick).exits(3);
    let peak = answer.number("peak_rss_bytes");
    assert!(peak as f64 <= 1.1 * f64::from(1 << 30), "{} MiB", peak >> 20);
    judge(&desk, &files);
    assert_eq!(desk.found(&["lighthouses", "-k", "1", "--mode", "keyword"]), [GOOD]);
    desk.verifies();
    // Nothing was written beside the store, the documents and the consolidated files.
    let mut names: Vec<String> = std::fs::read_dir(desk.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("gristmill.db"))
        .collect();
    names.sort();
    assert_eq!(names, ["docs", "out", "quick.toml"]);
    let again = desk.ingest(&["--config", "quick.toml"]).exits(3);
    assert_eq!(
        (again.number("documents.ingested"), again.number("chunks.embedded")),
        (0, 0),
        "nothing is tried twice"
    );
}

#[test]
fn entries_that_are_no_files_are_named_and_links_do_not_lead_out() {
    let desk = Desk::new();
    let outside = tempfile::tempdir().unwrap();
    let files = hostile::tree(&desk.docs(), outside.path());
    desk.write(GOOD, "The good document tells of lighthouses.");
    let answer = desk.run(["ingest", "docs"]).exits(3);
    assert!(
        !answer.stdout.contains('\x1b') && !answer.stderr.contains('\x1b'),
        "names reached the terminal: {answer:?}"
    );
    judge(&desk, &files);
    assert!(desk.found(&["xylophagous", "--mode", "keyword"]).is_empty(), "a link led out");
}

#[test]
fn a_line_of_100_mb_is_read_in_bounded_memory() {
    let desk = Desk::new();
    hostile::long_line(&desk.docs().join("line.txt"), 100 << 20);
    let answer = desk.ingest(&["--memory-limit", "256MiB"]).exits(0);
    assert_eq!(answer.number("documents.ingested"), 1);
    assert!(answer.number("peak_rss_bytes") as f64 <= 1.1 * f64::from(256 << 20));
}

#[test]
fn a_missing_source_is_named_and_the_others_are_read() {
    let desk = Desk::new();
    desk.write(GOOD, "The good document tells of lighthouses.");
    let alone = desk.run(["ingest", "nowhere"]).exits(1);
    assert!(alone.stderr.contains("nowhere") && alone.stderr.contains("hint:"), "{alone:?}");
    let both = desk.run(["ingest", "nowhere", "docs", "--json", "-q"]).exits(3);
    assert_eq!(both.number("documents.ingested"), 1);
    assert_eq!(both.json()["failures"][0]["document"], "nowhere");
    let url = desk.run(["ingest", "s3://bucket/key"]).exits(1);
    assert!(url.stderr.contains("s3://"), "{url:?}");
}

#[test]
fn labels_are_data_and_never_leave_the_folder() {
    let desk = Desk::new();
    desk.write(
        "x.jsonl",
        "{\"id\":\"1\",\"text\":\"the ocelot\",\"domain\":\"../../etc\",\"category\":\"..\"}\n",
    );
    desk.ingest(&["--out", "out"]).exits(0);
    let files: Vec<String> = crate::support::tree(&desk.path().join("out")).into_keys().collect();
    assert_eq!(files, ["%2E.%2F..%2Fetc/%2E%2E.json", ".gristmill.json"]);
    assert_eq!(desk.search(&["ocelot"])[0]["domain"], "../../etc");
}

fn stored(desk: &Desk) {
    desk.write("a.txt", prose(1, 2000));
    desk.ingest(&[]).exits(0);
}

/// Every command over the broken store says what is wrong, and none crashes or changes it.
#[track_caller]
fn refuses(desk: &Desk, word: &str) {
    for command in [
        &["ingest", "docs"][..],
        &["search", "river"],
        &["status"],
        &["verify"],
        &["failures", "list"],
    ] {
        let answer = desk.run(command).exits(1);
        assert!(
            answer.stderr.contains("gristmill.db") && answer.stderr.contains("hint:"),
            "{command:?}: {answer:?}"
        );
        assert!(answer.stderr.contains(word), "{command:?}: no {word:?} in {answer:?}");
        assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    }
}

#[test]
fn a_store_that_is_something_else_is_refused_and_kept() {
    let desk = Desk::new();
    desk.write("a.txt", "text");
    std::fs::write(desk.path().join("gristmill.db"), "this is a diary and no database").unwrap();
    refuses(&desk, "not");
    assert_eq!(
        std::fs::read(desk.path().join("gristmill.db")).unwrap(),
        b"this is a diary and no database"
    );
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let desk = Desk::new();
    stored(&desk);
    let connection = Connection::open(desk.path().join("gristmill.db")).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", version + 1).unwrap();
    drop(connection);
    refuses(&desk, "install the newest gristmill");
}

#[test]
fn a_cut_store_is_refused() {
    let desk = Desk::new();
    stored(&desk);
    let path = desk.path().join("gristmill.db");
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    for command in [&["ingest", "docs"][..], &["verify"]] {
        let answer = desk.run(command);
        assert!(matches!(answer.code, Some(1 | 3)), "{command:?}: {answer:?}");
        assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    }
}

#[test]
fn flipped_bits_are_found_by_verify() {
    let desk = Desk::new();
    for n in 0..20 {
        desk.write(&format!("{n}.txt"), prose(n, 2000));
    }
    desk.ingest(&[]).exits(0);
    let path = desk.path().join("gristmill.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let step = bytes.len() / 40;
    for place in (step..bytes.len()).step_by(step) {
        bytes[place] ^= 0x10;
    }
    std::fs::write(&path, bytes).unwrap();
    let answer = desk.run(["verify", "--json"]);
    assert!(matches!(answer.code, Some(1 | 3)), "{answer:?}");
    assert!(!answer.stderr.contains("panicked"), "{answer:?}");
}

#[test]
fn wrong_usage_is_exit_2_and_says_what_is_expected() {
    let desk = Desk::new();
    desk.write("a.txt", "text");
    for arguments in [
        &["ingest"][..],
        &["ingest", "docs", "--embedder", "nonsense"],
        &["ingest", "docs", "--memory-limit", "much"],
        &["ingest", "docs", "--profile", "wild"],
        &["search"],
        &["search", "x", "--mode", "psychic"],
        &["failures", "retry"],
        &["failures", "retry", "nonsense"],
        &["frobnicate"],
        &["search", "x", "--document", "["],
    ] {
        let answer = desk.run(arguments).exits(2);
        assert!(!answer.stderr.is_empty(), "{arguments:?}");
    }
    let told = desk.run(["search", "--json"]).exits(2);
    assert!(told.json()["error"]["message"].is_string());
    std::fs::write(desk.path().join("gristmill.toml"), "memory_limt = \"1GB\"\n").unwrap();
    let answer = desk.run(["ingest", "docs"]).exits(2);
    assert!(
        answer.stderr.contains("memory_limt") && answer.stderr.contains("memory_limit"),
        "{answer:?}"
    );
}

/// A real full disk needs a mount; a size limit on files takes the same path through the store.
#[test]
fn a_file_size_limit_in_the_store_is_told_and_nothing_is_lost() {
    let desk = Desk::new();
    for n in 0..40 {
        desk.write(&format!("{n}.txt"), prose(n, 3000));
    }
    let limited = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -f 600; trap '' XFSZ; exec \"$0\" ingest docs --json -q",
            env!("CARGO_BIN_EXE_gristmill"),
        ])
        .current_dir(desk.path())
        .output()
        .unwrap();
    let answer = crate::support::Answer::from(limited).exits(1);
    assert!(
        answer.stderr.contains("hint:") || answer.json()["error"]["hint"].is_string(),
        "{answer:?}"
    );
    desk.ingest(&[]).exits(0);
    desk.verifies();
}

#[test]
fn wrong_usage_is_of_no_class_of_failures() {
    let desk = Desk::new();
    for arguments in [
        vec!["ingest", "docs", "--json", "--no-such-flag"],
        vec!["ingest", "docs", "--json", "--out", "."],
        vec!["search", "--json", "x", "--config", "missing.toml"],
    ] {
        let answer = desk.run(&arguments).exits(2);
        assert_eq!(answer.json()["error"]["class"], "usage", "{arguments:?}");
    }
}

#[test]
fn a_store_that_cannot_be_made_is_denied() {
    let desk = Desk::new();
    desk.write("a.md", "words");
    // In sysfs nobody, not even root, makes a file.
    let answer = desk.ingest(&["--store", "sqlite:/sys/kb.db"]).exits(1);
    let error = &answer.json()["error"];
    assert_eq!(error["class"], "denied", "{error}");
}
