//! Another model for what is stored.

use crate::provider::{DIMS, KEY, provider, spec, vectors_belong};
use crate::support::{Answer, Desk, prose, tree};
use rusqlite::Connection;
use serde_json::Value;

impl Desk {
    fn with_key<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Answer {
        let mut command = self.command(arguments);
        command.env("OPENAI_API_KEY", KEY).output().unwrap().into()
    }

    fn migrate(&self, spec: &str, more: &[&str]) -> Answer {
        let arguments = ["migrate", "--json", "-q", "--embedder", spec];
        self.with_key(arguments.into_iter().chain(more.iter().copied()))
    }

    /// Some documents, one of them long, with the vectors of the built-in model.
    fn with_builtin_vectors(&self) -> u64 {
        for n in 0..12 {
            self.write(&format!("a/b/{n:03}.md"), format!("# Part {n}\n\n{}", prose(n, 300)));
        }
        self.write("a/b/long.txt", prose(77, 9000));
        let answer = self.ingest(&["--out", "out", "--with-embeddings"]).exits(0);
        answer.number("chunks.embedded")
    }

    fn consolidated(&self) -> Value {
        let text = std::fs::read_to_string(self.path().join("out/a/b.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn entries_belong(&self) {
        let file = self.consolidated();
        assert_eq!(file["meta"]["dimensions"], DIMS as u64);
        vectors_belong(file["entries"].as_array().unwrap());
    }
}

#[test]
fn a_migration_pays_once_for_each_chunk_and_what_was_unchanged_stays_so() {
    let fake = provider("");
    let desk = Desk::new();
    let chunks = desk.with_builtin_vectors();
    let spec = spec(&fake);
    let refused = desk.with_key(["ingest", "docs", "--embedder", &spec]).exits(2);
    assert!(refused.stderr.contains("gristmill migrate --embedder"), "{refused:?}");
    fake.reset();
    let plan = desk.migrate(&spec, &["--dry-run"]).exits(0);
    assert_eq!((plan.number("plan.chunks"), fake.stats().requests), (chunks, 0));
    let answer = desk.migrate(&spec, &[]).exits(0);
    assert_eq!((answer.number("chunks.migrated"), answer.number("chunks.refused")), (chunks, 0));
    assert_eq!(answer.json()["switched"], true);
    assert_eq!(answer.number("provider.requests"), fake.stats().requests);
    assert_eq!(fake.stats().paid_again, 0);
    desk.entries_belong();
    desk.verifies();
    // Nothing is parsed or paid for again, and a change costs its own chunks.
    fake.reset();
    let again = desk.with_key(["ingest", "docs", "--json", "-q"]).exits(0);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (13, 0));
    desk.write("a/b/long.txt", prose(77, 9000) + "\n\nOne more paragraph.");
    let changed = desk.with_key(["ingest", "docs", "--json", "-q"]).exits(0);
    assert!(changed.number("chunks.embedded") <= 2, "{changed:?}");
    let found =
        desk.with_key(["search", "--json", "--mode", "keyword", "one more paragraph"]).exits(0);
    assert_eq!(found.json()["hits"][0]["document"], "a/b/long.txt");
    // And back, without a key.
    let back = desk.run(["migrate", "--json", "-q", "--embedder", "builtin"]).exits(0);
    assert_eq!(back.json()["from"]["dimensions"], DIMS as u64);
    assert_eq!(desk.ingest(&[]).exits(0).number("documents.unchanged"), 13);
    desk.verifies();
}

#[test]
fn killed_at_any_point_it_goes_on_and_search_works_all_the_time() {
    let fake = provider("");
    let desk = Desk::new();
    let chunks = desk.with_builtin_vectors();
    let spec = spec(&fake);
    let (db, kept) = (desk.path().join("gristmill.db"), desk.path().join("kept.db"));
    std::fs::copy(&db, &kept).unwrap();
    let mut kills = 0;
    for at in 1.. {
        for ending in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{ending}", db.display())));
        }
        std::fs::copy(&kept, &db).unwrap();
        fake.reset();
        let mut command = desk.command(["migrate", "--json", "-q", "--embedder", &spec]);
        command.env("FAULT_AT", at.to_string()).env("FAULT_KIND", "kill");
        let answer: Answer = command.env("OPENAI_API_KEY", KEY).output().unwrap().into();
        if answer.code.is_some() {
            answer.exits(0);
            break;
        }
        kills += 1;
        let found = desk.with_key(["search", "--json", "part"]).exits(0);
        assert!(!found.json()["hits"].as_array().unwrap().is_empty(), "killed at point {at}");
        // The word that a model of unknown dimensions is asked comes on top.
        let texts = left(&db, chunks).map_or(0, |left| left + 1);
        fake.reset();
        desk.migrate(&spec, &[]).exits(0);
        assert_eq!(fake.stats().texts, texts, "killed at point {at}");
        desk.entries_belong();
        desk.verifies();
    }
    assert!(kills >= 8, "only {kills} points were passed");
}

/// Chunks that have no vector of the new model yet; none after the switch.
fn left(db: &std::path::Path, chunks: u64) -> Option<u64> {
    let connection = Connection::open(db).unwrap();
    let model: String =
        connection.query_row("SELECT value FROM meta WHERE key='model'", [], |r| r.get(0)).unwrap();
    if !model.contains("builtin") {
        return None;
    }
    let done: u64 =
        connection.query_row("SELECT count(*) FROM next_vector", [], |r| r.get(0)).unwrap();
    Some(chunks - done)
}

#[test]
fn a_chunk_longer_than_the_model_takes_is_the_mean_of_its_windows() {
    let fake = provider("");
    let desk = Desk::new();
    desk.write("a/b/long.txt", prose(5, 4000));
    std::fs::write(desk.path().join("gristmill.toml"), "[chunk]\ntokens = 2000\n").unwrap();
    desk.ingest(&[]).exits(0);
    // A server of which nothing is known is taken for one of the BERT family: 512 tokens.
    let answer = desk.migrate(&spec(&fake), &[]).exits(0);
    let (migrated, windowed) = (answer.number("chunks.migrated"), answer.number("chunks.windowed"));
    assert!(windowed >= 2 && windowed <= migrated, "{answer:?}");
    assert!(fake.stats().texts > migrated + 1, "several windows of a chunk");
    assert_eq!(answer.number("chunks.without_vector"), 0);
    desk.verifies();
}

#[test]
fn a_refused_chunk_costs_itself_and_is_told() {
    let fake =
        provider("[[fault]]\nwhat = { poison = \"unnamed\" }\nwhen = { marker = \"zyzzyva\" }");
    let desk = Desk::new();
    desk.write("a/b/bad.md", "# Bad\n\nThe zyzzyva is refused.");
    let chunks = desk.with_builtin_vectors();
    let answer = desk.migrate(&spec(&fake), &[]).exits(3);
    assert_eq!(answer.number("chunks.migrated"), chunks);
    assert_eq!((answer.number("chunks.refused"), answer.number("chunks.without_vector")), (1, 1));
    assert_eq!(answer.json()["failures"][0]["class"], "bad_item");
    desk.verifies();
    let found = desk.with_key(["search", "--json", "zyzzyva", "--mode", "keyword"]).exits(0);
    assert_eq!(found.json()["hits"][0]["document"], "a/b/bad.md");
}

#[test]
fn an_interrupted_migration_is_shown_and_can_be_forgotten() {
    let fake = provider(
        "[[fault]]\nwhat = \"insufficient_quota\"\nwhen = { nth = [3, 4, 5, 6, 7, 8, 9] }",
    );
    let desk = Desk::new();
    desk.with_builtin_vectors();
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\n").unwrap();
    let before = tree(&desk.path().join("out"));
    let stopped = desk.migrate(&spec(&fake), &[]).exits(1);
    assert_eq!(stopped.json()["error"]["class"], "quota");
    let status = desk.run(["status", "--json"]).exits(0);
    assert!(status.number("migration.left") > 0, "{status:?}");
    assert_eq!(status.json()["models"][0]["embedder"], "builtin");
    assert!(tree(&desk.path().join("out")) == before);
    let own = desk.migrate("builtin", &[]).exits(0);
    assert_eq!(own.json()["switched"], false);
    assert_eq!(desk.run(["status", "--json"]).json()["migration"], Value::Null);
    desk.verifies();
    Desk::new().run(["migrate", "--embedder", "builtin"]).exits(1);
}
