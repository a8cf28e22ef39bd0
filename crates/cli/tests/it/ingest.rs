//! The main job, end to end.

use crate::support::{Desk, age, prose, tree};
use serde_json::Value;

#[test]
fn a_folder_becomes_a_store_that_answers() {
    let desk = Desk::new();
    desk.write(
        "nature/bees/swarm.md",
        "# Swarms\n\nScout bees dance to tell the swarm where a good nest site is.\n",
    );
    desk.write(
        "nature/rivers/delta.txt",
        "A delta grows where a river drops its sand into a quiet sea.\n",
    );
    let result = desk.ingest(&[]).exits(0);
    assert_eq!(result.number("documents.ingested"), 2);
    assert_eq!(result.number("chunks.embedded"), result.number("chunks.written"));
    assert_eq!(result.json()["embedder"], "builtin");
    assert_eq!(result.number("dimensions"), 256);
    assert_eq!(desk.found(&["how do bees choose a home", "-k", "1"]), ["nature/bees/swarm.md"]);
    let hit = &desk.search(&["river sand", "-k", "1"])[0];
    assert_eq!(
        (hit["domain"].as_str(), hit["category"].as_str()),
        (Some("nature"), Some("rivers"))
    );
    desk.verifies();
}

#[test]
fn a_second_run_does_nothing_and_a_third_only_what_changed() {
    let desk = Desk::new();
    for n in 0..5 {
        desk.write(&format!("a/b/{n}.md"), format!("# Title {n}\n\n{}", prose(n, 600)));
    }
    let first = desk.ingest(&[]).exits(0);
    let again = desk.ingest(&[]).exits(0);
    assert_eq!((again.number("documents.unchanged"), again.number("documents.ingested")), (5, 0));
    assert_eq!((again.number("chunks.embedded"), again.number("chunks.written")), (0, 0));
    assert_eq!(again.json()["stages"][1]["items"], 0, "nothing was opened");

    let changed = format!("# Title 3\n\n{}\n\nA last word about whales.\n", prose(3, 600));
    desk.write("a/b/3.md", changed);
    let third = desk.ingest(&[]).exits(0);
    assert_eq!((third.number("documents.ingested"), third.number("documents.unchanged")), (1, 4));
    assert_eq!(third.number("chunks.embedded"), 1, "only the last chunk is new: {third:?}");
    assert!(third.number("chunks.reused") > 0);
    assert!(first.number("chunks.written") > 10);
    desk.verifies();
}

#[test]
fn a_touched_file_with_the_same_content_is_unchanged() {
    let desk = Desk::new();
    let path = desk.write("one.txt", prose(1, 100));
    desk.ingest(&[]).exits(0);
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    let again = desk.ingest(&[]).exits(0);
    assert_eq!((again.number("documents.unchanged"), again.number("chunks.embedded")), (1, 0));
}

#[test]
fn prune_removes_what_is_gone_and_only_then() {
    let desk = Desk::new();
    desk.write("x/keep.txt", "The kept one is about lighthouses.");
    let gone = desk.write("x/gone.txt", "The gone one is about submarines.");
    desk.ingest(&["--out", "out"]).exits(0);
    std::fs::remove_file(gone).unwrap();
    assert_eq!(desk.ingest(&[]).exits(0).number("documents.removed"), 0);
    assert_eq!(desk.found(&["submarines", "--mode", "keyword"]), ["x/gone.txt"]);
    assert_eq!(desk.ingest(&["--prune"]).exits(0).number("documents.removed"), 1);
    assert!(desk.found(&["submarines", "--mode", "keyword"]).is_empty());
    let file = std::fs::read_to_string(desk.path().join("out/x/unknown.json")).unwrap();
    assert!(file.contains("lighthouses") && !file.contains("submarines"));
    desk.verifies();
}

#[test]
fn prune_refuses_to_remove_very_much_without_a_word() {
    let desk = Desk::new();
    for n in 0..150 {
        desk.write(&format!("{n}.txt"), format!("document number {n}"));
    }
    desk.ingest(&[]).exits(0);
    for n in 0..120 {
        std::fs::remove_file(desk.docs().join(format!("{n}.txt"))).unwrap();
    }
    let refused = desk.ingest(&["--prune"]).exits(1);
    assert_eq!(refused.number("documents.removed"), 0);
    assert_eq!(desk.ingest(&["--prune=all"]).exits(0).number("documents.removed"), 120);
    desk.verifies();
}

#[test]
fn an_empty_listing_never_removes() {
    let desk = Desk::new();
    let path = desk.write("only.txt", "the only document");
    desk.ingest(&[]).exits(0);
    std::fs::remove_file(path).unwrap();
    assert_eq!(desk.ingest(&["--prune=all"]).exits(0).number("documents.removed"), 0);
    assert_eq!(desk.found(&["only document"]).len(), 1);
}

#[test]
fn items_are_documents_of_their_own() {
    let desk = Desk::new();
    let lines = "{\"id\":\"one\",\"text\":\"whales sing in the deep\",\"domain\":\"sea\",\"category\":\"song\"}\n\
                 {\"id\":\"two\",\"content\":\"owls hunt without a sound\",\"domain\":\"air\"}\n";
    desk.write("box/items.jsonl", lines);
    assert_eq!(desk.ingest(&["--out", "out"]).exits(0).number("documents.ingested"), 2);
    let hit = &desk.search(&["whales", "--mode", "keyword"])[0];
    assert_eq!(hit["document"], "box/items.jsonl#one");
    assert_eq!((hit["domain"].as_str(), hit["category"].as_str()), (Some("sea"), Some("song")));
    assert!(desk.path().join("out/sea/song.json").exists());
    assert!(desk.path().join("out/air/unknown.json").exists());

    desk.write("box/items.jsonl", lines.replace("without a sound", "by ear alone"));
    let second = desk.ingest(&[]).exits(0);
    assert_eq!((second.number("documents.ingested"), second.number("documents.unchanged")), (1, 1));
    desk.verifies();
}

#[test]
fn json_lines_come_from_standard_input() {
    let desk = Desk::new();
    let mut child = desk
        .command(["ingest", "-", "--json", "-q"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        child.stdin.as_mut().unwrap(),
        b"{\"id\":\"a\",\"text\":\"glass is made of sand\"}\n{\"id\":\"b\",\"text\":\"paper is made of wood\"}\n",
    )
    .unwrap();
    let answer = crate::support::Answer::from(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(answer.number("documents.ingested"), 2);
    assert!(desk.found(&["glass sand", "-k", "1"])[0].ends_with("#a"));
}

#[test]
fn new_labels_reach_unchanged_documents_without_embedding() {
    let desk = Desk::new();
    desk.write("notes/a.txt", prose(1, 300));
    desk.write("notes/b.md", "---\ndomain: own\n---\n# B\n\nfront matter wins");
    desk.ingest(&["--out", "out"]).exits(0);
    let again = desk.ingest(&["--domain", "sky", "--category", "blue"]).exits(0);
    assert_eq!((again.number("chunks.embedded"), again.number("chunks.written")), (0, 0));
    assert_eq!(again.number("documents.unchanged"), 2);
    let files: Vec<String> = tree(&desk.path().join("out")).into_keys().collect();
    assert_eq!(files, [".gristmill.json", "own/blue.json", "sky/blue.json"]);
    let hits = desk.search(&["river", "--document", "notes/a.txt"]);
    assert!(
        !hits.is_empty()
            && hits.iter().all(|hit| hit["domain"] == "sky" && hit["category"] == "blue")
    );
    desk.verifies();
}

#[test]
fn consolidated_files_are_complete_and_depend_on_nothing_but_content() {
    let desk = Desk::new();
    for n in 0..30 {
        desk.write(&format!("d/c/{n:02}.md"), format!("# Title {n}\n\n{}", prose(n, 200)));
    }
    let written =
        desk.ingest(&["--out", "out", "--with-embeddings"]).exits(0).number("chunks.written");
    let file: Value =
        serde_json::from_slice(&std::fs::read(desk.path().join("out/d/c.json")).unwrap()).unwrap();
    let entries = file["entries"].as_array().unwrap();
    assert_eq!(entries.len() as u64, written, "every chunk of every document");
    assert_eq!(
        (file["meta"]["entries"].as_u64(), file["meta"]["documents"].as_u64()),
        (Some(written), Some(30))
    );
    assert!(entries.iter().all(|entry| entry["embedding"].as_array().unwrap().len() == 256));
    let before = tree(&desk.path().join("out"));

    // Another order of ingestion, another store, the same bytes.
    for n in [17, 3, 29] {
        desk.write(&format!("d/c/{n:02}.md"), "for a while something else");
    }
    let other = ["--store", "sqlite:other.db", "--out", "other", "--with-embeddings"];
    desk.ingest(&other).exits(0);
    for n in [17, 3, 29] {
        desk.write(&format!("d/c/{n:02}.md"), format!("# Title {n}\n\n{}", prose(n, 200)));
    }
    desk.ingest(&other).exits(0);
    assert_eq!(tree(&desk.path().join("other"))["d/c.json"], before["d/c.json"]);
}

#[test]
fn only_touched_pairs_are_rewritten() {
    let desk = Desk::new();
    desk.write("a/x/1.txt", "first document about tulips");
    desk.write("b/x/2.txt", "second document about granite");
    desk.ingest(&["--out", "out"]).exits(0);
    let untouched = desk.path().join("out/a/x.json");
    age(&untouched);
    let before = std::fs::metadata(&untouched).unwrap().modified().unwrap();
    desk.write("b/x/2.txt", "second document about marble");
    desk.ingest(&[]).exits(0);
    assert_eq!(std::fs::metadata(&untouched).unwrap().modified().unwrap(), before);
    assert!(std::fs::read_to_string(desk.path().join("out/b/x.json")).unwrap().contains("marble"));
    std::fs::write(desk.path().join("out/b/x.json"), "junk").unwrap();
    std::fs::remove_file(desk.path().join("out/a/x.json")).unwrap();
    desk.ingest(&[]).exits(0);
    for (file, word) in [("a", "tulips"), ("b", "marble")] {
        assert!(
            std::fs::read_to_string(desk.path().join(format!("out/{file}/x.json")))
                .unwrap()
                .contains(word)
        );
    }
}

#[test]
fn a_failed_document_is_listed_not_tried_again_and_comes_back_after_a_fix() {
    let desk = Desk::new();
    desk.write("good.txt", "a perfectly good document");
    desk.write("bad.pdf", "%PDF-1.4\nnothing of a document\n");
    let first = desk.ingest(&[]).exits(3);
    assert_eq!((first.number("documents.ingested"), first.number("documents.failed")), (1, 1));
    let failure = &first.json()["failures"][0];
    assert_eq!(failure["document"], "bad.pdf");
    assert_eq!(failure["class"], "bad_document");
    assert!(
        !failure["message"].as_str().unwrap().is_empty()
            && !failure["hint"].as_str().unwrap().is_empty()
    );

    let second = desk.ingest(&[]).exits(3);
    assert_eq!(second.json()["failures"][0]["document"], "bad.pdf");
    let listed = desk.run(["failures", "list", "--json"]).exits(0).json();
    assert_eq!(listed["failures"][0]["attempts"], 1, "a plain run does not try again");
    assert_eq!(desk.run(["failures", "retry", "--all", "--json", "-q"]).exits(3).number("left"), 1);
    let listed = desk.run(["failures", "list", "--json"]).exits(0).json();
    assert_eq!(listed["failures"][0]["attempts"], 2);

    desk.write(
        "bad.pdf",
        include_bytes!("../../../../samples/library/technology/manuals/heat-pump.pdf"),
    );
    desk.ingest(&[]).exits(0);
    assert_eq!(desk.found(&["heat pump", "-k", "1"]), ["bad.pdf"]);
    assert_eq!(
        desk.run(["failures", "list", "--json"]).exits(0).json()["failures"],
        Value::Array(Vec::new())
    );
    desk.verifies();
}

#[test]
fn our_own_files_inside_a_source_are_no_documents() {
    let desk = Desk::new();
    desk.write("a.txt", "the only document");
    for _ in 0..2 {
        let answer = desk.run(["ingest", ".", "--json", "-q", "--out", "docs/out"]).exits(0);
        assert_eq!(answer.number("documents.seen"), 1);
    }
    assert_eq!(desk.ingest(&[]).exits(0).number("documents.seen"), 1, "the remembered folder too");
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let desk = Desk::new();
    desk.write("a.txt", prose(1, 700));
    let plan = desk.ingest(&["--dry-run"]).exits(0);
    assert!(!desk.path().join("gristmill.db").exists());
    assert_eq!(plan.json()["store"], "sqlite:gristmill.db");
    let done = desk.ingest(&[]).exits(0);
    assert_eq!(plan.number("plan.chunks"), done.number("chunks.embedded"));
    assert_eq!((plan.number("plan.new"), plan.number("documents.ingested")), (1, 0));
    desk.write("a.txt", prose(2, 700));
    let plan = desk.ingest(&["--dry-run"]).exits(0);
    assert_eq!((plan.number("plan.changed"), plan.number("plan.new")), (1, 0));
}

#[test]
fn one_source_under_two_spellings_is_read_once() {
    let desk = Desk::new();
    desk.write("long.txt", prose(4, 60_000));
    for n in 0..200 {
        desk.write(&format!("{n}.txt"), format!("document {n}"));
    }
    let answer = desk.run(["ingest", "docs", "./docs/", "--json", "-q"]).exits(0);
    assert_eq!(answer.number("documents.seen"), 201);
    assert_eq!(answer.number("chunks.removed"), 0);
    desk.verifies();
}

#[test]
fn the_source_folder_takes_no_consolidated_files() {
    let desk = Desk::new();
    desk.write("a/x.txt", "hello");
    for out in ["docs", "."] {
        let answer = desk.ingest(&["--out", out]).exits(2);
        assert!(answer.stderr.contains("holds the source"), "{answer:?}");
    }
    desk.ingest(&["--out", "docs/out"]).exits(0);
    assert_eq!(desk.ingest(&[]).exits(0).number("documents.seen"), 1);
}

#[test]
fn a_purged_failure_is_still_a_failure_of_the_run() {
    let desk = Desk::new();
    desk.write("empty.txt", "");
    desk.ingest(&[]).exits(3);
    desk.run(["failures", "purge", "--all"]).exits(0);
    assert_eq!(desk.ingest(&[]).exits(3).number("documents.failed"), 1);
}

const RECORDS: &str = r#"
[[parsers]]
match = "*.rec"
command = ["sh", "-c", "printf '%s\n' '{\"text\":\"the heron waits\",\"domain\":\"birds\"}' '{\"text\":\"the otter dives\"}'; exit $(cat $0)"]
"#;

#[test]
fn records_of_a_command_keep_their_labels_and_survive_its_death() {
    let desk = Desk::new();
    std::fs::write(desk.path().join("gristmill.toml"), RECORDS).unwrap();
    let path = desk.write("zoo/a.rec", "0");
    desk.ingest(&[]).exits(0);
    assert_eq!(desk.search(&["heron", "-k", "1", "--mode", "keyword"])[0]["domain"], "birds");
    assert_eq!(desk.search(&["otter", "-k", "1", "--mode", "keyword"])[0]["domain"], "zoo");
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    let touched = desk.ingest(&[]).exits(0);
    assert_eq!((touched.number("documents.unchanged"), touched.number("chunks.written")), (1, 0));

    desk.write("zoo/a.rec", "7");
    let died = desk.ingest(&[]).exits(3);
    assert_eq!(died.json()["failures"][0]["document"], "zoo/a.rec");
    // Not the version before, which would answer as well.
    assert_eq!((died.number("documents.ingested"), died.number("documents.failed")), (1, 0));
    assert_eq!(
        desk.found(&["otter", "-k", "1", "--mode", "keyword"]),
        ["zoo/a.rec"],
        "what came before is kept"
    );
}
