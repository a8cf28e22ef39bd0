//! Files of many items: each row its own document, whatever happens to its neighbours.

use crate::support::Desk;
use std::fmt::Write as _;

/// More than the store is asked about at once.
const ROWS: usize = 700;

fn table(row: impl Fn(usize) -> Option<String>) -> String {
    let mut table = "id,text\n".to_owned();
    for number in 0..ROWS {
        if let Some(text) = row(number) {
            writeln!(table, "{number},{text}").unwrap();
        }
    }
    table
}

#[test]
fn of_many_rows_only_those_that_changed_are_written() {
    let desk = Desk::new();
    desk.write("t.csv", table(|n| Some(format!("row about river {n}"))));
    assert_eq!(desk.ingest(&[]).exits(0).number("documents.ingested"), ROWS as u64);

    // One row changed, one is empty now, one is gone, one stands there twice with other words.
    let second = table(|n| match n {
        3 => Some("row about thunder".to_owned()),
        300 => Some(String::new()),
        699 => None,
        _ => Some(format!("row about river {n}")),
    }) + "5,another row of the same id\n";
    desk.write("t.csv", &second);
    let plan = desk.ingest(&["--dry-run"]).exits(3);
    let planned = ["new", "changed", "unchanged"].map(|key| plan.number(&format!("plan.{key}")));
    assert_eq!(planned, [0, 1, ROWS as u64 - 3]);
    let answer = desk.ingest(&[]).exits(3);
    let counts =
        ["ingested", "unchanged", "failed"].map(|key| answer.number(&format!("documents.{key}")));
    assert_eq!(counts, [1, ROWS as u64 - 3, 2]);
    assert_eq!(answer.number("chunks.embedded"), 1);
    assert_eq!(desk.found(&["thunder", "-k", "1", "--mode", "keyword"]), ["t.csv#3"]);

    // Touched, but the same: nothing is written, and what failed stays listed without being tried again.
    desk.write("t.csv", second);
    let answer = desk.ingest(&["--prune"]).exits(3);
    let counts = ["ingested", "unchanged", "failed", "removed"]
        .map(|key| answer.number(&format!("documents.{key}")));
    assert_eq!(counts, [0, ROWS as u64 - 2, 2, 1]);
    assert_eq!(answer.json()["failures"].as_array().unwrap().len(), 2);
    desk.verifies();
}

#[test]
fn a_file_with_the_name_of_an_item_fails_and_the_item_stays() {
    let desk = Desk::new();
    desk.write("a.jsonl", "{\"id\":\"x\",\"text\":\"an item about owls\"}\n");
    let path = desk.write("a.jsonl#x", "a file about whales");
    desk.write("b.md#x", "a file about foxes, beside no file of items");
    for _ in 0..2 {
        let answer = desk.ingest(&[]).exits(3);
        let failure = &answer.json()["failures"][0];
        assert_eq!(failure["class"], "bad_document");
        assert!(failure["message"].as_str().unwrap().contains("a.jsonl"), "{failure}");
        assert_eq!(desk.found(&["owls", "--mode", "keyword"]), ["a.jsonl#x"]);
        assert_eq!(desk.found(&["whales", "--mode", "keyword"]), [""; 0]);
    }
    // Under another name it is a document like any other.
    std::fs::rename(&path, desk.docs().join("x.md")).unwrap();
    desk.ingest(&["--prune"]).exits(0);
    assert_eq!(desk.found(&["whales", "--mode", "keyword"]), ["x.md"]);
    assert_eq!(desk.found(&["owls", "--mode", "keyword"]), ["a.jsonl#x"]);
    desk.verifies();
}
