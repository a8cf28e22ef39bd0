//! Readers see the old version or the new one, never half of one; writers take turns.

use crate::support::{Desk, prose};
use std::process::Stdio;

/// A document of several segments in which every chunk names its version.
fn book(version: &str) -> String {
    let body: Vec<String> = (0..500)
        .map(|n| {
            format!("## Part {n}\n\nThis is edition {version} of part {n}. {}\n", prose(n, 60))
        })
        .collect();
    format!("# Book\n\n{}", body.join("\n"))
}

#[test]
fn a_reader_never_sees_two_versions_or_none() {
    let desk = Desk::new();
    desk.write("book.md", book("alpha"));
    desk.ingest(&[]).exits(0);
    for edition in ["beta", "alpha", "beta"] {
        desk.write("book.md", book(edition));
        let mut writer = desk
            .command(["ingest", "docs", "-q"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while writer.try_wait().unwrap().is_none() {
            let hits = desk.search(&["edition part", "-k", "200", "--mode", "keyword"]);
            let seen: Vec<bool> = hits
                .iter()
                .map(|hit| hit["text"].as_str().unwrap().contains("edition alpha"))
                .collect();
            assert!(!seen.is_empty(), "no version is visible");
            assert!(seen.iter().all(|alpha| *alpha == seen[0]), "two versions are visible");
        }
        assert!(writer.wait().unwrap().success());
        assert!(
            desk.search(&["edition", "-k", "1"])[0]["text"].as_str().unwrap().contains(edition)
        );
    }
    desk.verifies();
}

#[test]
fn a_second_writer_waits_for_the_first() {
    let desk = Desk::new();
    desk.write("book.txt", prose(3, 60_000));
    let first = desk
        .command(["ingest", "docs", "-q", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let second = desk.ingest(&[]).exits(0);
    let first = crate::support::Answer::from(first.wait_with_output().unwrap()).exits(0);
    assert_eq!(
        first.number("documents.ingested") + second.number("documents.ingested"),
        1,
        "one of the two did the work"
    );
    desk.verifies();
}
