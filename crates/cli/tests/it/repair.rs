//! `verify --repair`: rows deleted behind our back come back, and only what exists nowhere is embedded again.

use crate::support::{Desk, prose, tree};
use rusqlite::Connection;

#[test]
fn deleted_rows_come_back_without_paying_for_what_is_there() {
    let desk = Desk::new();
    for n in 0..20 {
        desk.write(&format!("a/b/{n:02}.md"), format!("# T {n}\n\n{}", prose(n, 900)));
    }
    desk.ingest(&["--out", "out", "--with-embeddings"]).exits(0);
    let before = tree(&desk.path().join("out"));
    let connection = Connection::open(desk.path().join("gristmill.db")).unwrap();
    let lost = connection.execute("DELETE FROM chunk WHERE id % 20 = 7", []).unwrap() as u64;
    let vectors_lost =
        connection.execute("DELETE FROM vector WHERE chunk % 20 IN (3, 7)", []).unwrap() as u64;
    drop(connection);
    assert!(lost > 2 && vectors_lost > lost);

    let found = desk.run(["verify", "--json"]).exits(3).json();
    assert!(!found["violations"].as_array().unwrap().is_empty());
    let repaired = desk.run(["verify", "--repair", "--json", "-q"]).exits(0);
    assert_eq!(repaired.json()["left"].as_array().unwrap().len(), 0);
    assert_eq!(repaired.number("run.chunks.embedded"), vectors_lost, "only what exists nowhere");
    desk.verifies();
    desk.ingest(&[]).exits(0);
    let after = tree(&desk.path().join("out"));
    assert!(before["a/b.json"] == after["a/b.json"], "the store is as a clean run makes it");
}
