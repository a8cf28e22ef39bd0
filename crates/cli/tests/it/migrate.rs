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
        let texts = left(&db, chunks);
        fake.reset();
        desk.migrate(&spec, &[]).exits(0);
        assert_eq!(fake.stats().texts, texts, "killed at point {at}");
        desk.entries_belong();
        desk.verifies();
    }
    assert!(kills >= 8, "only {kills} points were passed");
}

/// Texts that are still to be embedded. A model that the store does not know is asked one word.
fn left(db: &std::path::Path, chunks: u64) -> u64 {
    let connection = Connection::open(db).unwrap();
    let of_meta = |key: &str| -> Option<String> {
        let sql = "SELECT value FROM meta WHERE key=?1";
        connection.query_row(sql, [key], |r| r.get(0)).ok()
    };
    if !of_meta("model").unwrap().contains("builtin") {
        return 0;
    }
    let done: u64 =
        connection.query_row("SELECT count(*) FROM next_vector", [], |r| r.get(0)).unwrap();
    chunks - done + u64::from(of_meta("migration").is_none())
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
    let stayed = desk.migrate(&spec(&fake), &[]).exits(3);
    assert_eq!(
        (stayed.number("chunks.refused"), stayed.json()["switched"].as_bool()),
        (1, Some(false))
    );
    assert_eq!(desk.run(["status", "--json"]).json()["models"][0]["embedder"], "builtin");
    // Tried again, and refused again: it is not forgotten because a run has met it.
    let answer = desk.migrate(&spec(&fake), &["--skip-refused"]).exits(3);
    assert_eq!(
        (stayed.number("chunks.migrated"), answer.number("chunks.migrated")),
        (chunks - 1, 1)
    );
    assert_eq!((answer.number("chunks.refused"), answer.number("chunks.without_vector")), (1, 1));
    assert_eq!(answer.json()["switched"], true);
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

#[test]
fn what_was_paid_for_is_not_thrown_away_for_a_third_model() {
    let fake = provider(
        "[[fault]]\nwhat = \"insufficient_quota\"\nwhen = { nth = [3, 4, 5, 6, 7, 8, 9] }",
    );
    let desk = Desk::new();
    desk.with_builtin_vectors();
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\n").unwrap();
    desk.migrate(&spec(&fake), &[]).exits(1);
    let left = desk.run(["status", "--json"]).number("migration.left");
    let other = provider("");
    let third = format!("openai:third@{}/v1", other.base_url());
    for more in [&["--dry-run"][..], &[]] {
        let refused = desk.migrate(&third, more).exits(2);
        assert!(
            refused.stdout.contains("a migration to openai:test-model has begun"),
            "{refused:?}"
        );
    }
    assert_eq!(desk.run(["status", "--json"]).number("migration.left"), left);
    let plan = desk.migrate(&spec(&fake), &["--dry-run"]).exits(0);
    assert_eq!(plan.number("plan.chunks"), left);
}

#[test]
fn endpoints_of_the_old_model_make_no_vectors_of_the_new_one() {
    let (old, new) = (provider(""), provider(""));
    let desk = Desk::new();
    desk.with_builtin_vectors();
    let other = format!("openai:old@{}/v1", old.base_url());
    let config = format!("[embed]\nbatch_items = 8\n[[endpoints]]\nembedder = \"{other}\"\n");
    std::fs::write(desk.path().join("gristmill.toml"), config).unwrap();
    let answer = desk.migrate(&spec(&new), &[]).exits(0);
    assert!(answer.stderr.contains("it makes no vectors of openai:test-model"), "{answer:?}");
    assert_eq!(old.stats().requests, 0);
    desk.entries_belong();
}

#[test]
fn a_server_that_takes_less_than_it_says_gets_halves() {
    let fake = provider("[batch]\ntext_tokens_max = 60\n");
    let desk = Desk::new();
    let chunks = desk.with_builtin_vectors();
    let answer = desk.migrate(&spec(&fake), &[]).exits(0);
    assert_eq!((answer.number("chunks.migrated"), answer.number("chunks.refused")), (chunks, 0));
    assert!(answer.number("chunks.windowed") > 0);
    desk.verifies();
}

#[test]
fn bad_vectors_are_asked_for_again_and_the_folder_follows_a_switch_that_was_cut_off() {
    let fake = provider("[[fault]]\nwhat = { lie = \"huge_value\" }\nwhen = { nth = [2, 3] }");
    let desk = Desk::new();
    let chunks = desk.with_builtin_vectors();
    let out = desk.path().join("out");
    let before = tree(&out);
    let answer = desk.migrate(&spec(&fake), &[]).exits(0);
    assert_eq!(
        (answer.number("quality.assessed"), answer.number("quality.valid")),
        (chunks, chunks)
    );
    assert!(answer.number("quality.regenerated") >= 1, "{answer:?}");
    desk.entries_belong();
    // As if the process had died between the switch and the folder.
    for (name, bytes) in before {
        std::fs::write(out.join(name), bytes).unwrap();
    }
    let again = desk.migrate(&spec(&fake), &[]).exits(0);
    assert_eq!(again.json()["switched"], false);
    desk.entries_belong();
}
