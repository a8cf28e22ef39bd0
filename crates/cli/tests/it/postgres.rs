//! The whole program against a real server.

use crate::support::{Answer, Desk, prose, tree};
use postgres_server::{Server, shared};
use serde_json::Value;

/// Consolidated files, without the list of them, which names the store's revisions.
fn consolidated(office: &Office, folder: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = tree(&office.desk.path().join(folder));
    files.remove(".gristmill.json");
    files
}

/// A desk whose store is a database of its own.
struct Office {
    desk: Desk,
    database: String,
    url: String,
}

impl Office {
    fn new() -> Self {
        let database = server().database();
        let url = server().url(&database);
        Self { desk: Desk::new(), database, url }
    }

    /// A command with `--json` and this store.
    fn run(&self, arguments: &[&str]) -> Answer {
        let mut all = arguments.to_vec();
        all.extend(["--store", &self.url, "--json", "-q"]);
        self.desk.run(all)
    }

    fn ingest(&self, more: &[&str]) -> Answer {
        self.run(&[&["ingest", "docs"], more].concat())
    }

    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let answer = self.run(&[&["search"], arguments].concat()).exits(0);
        let hits = answer.json()["hits"].as_array().unwrap().clone();
        hits.iter().map(|hit| hit["document"].as_str().unwrap().to_owned()).collect()
    }

    fn verifies(&self) {
        let answer = self.run(&["verify"]).exits(0);
        assert_eq!(answer.json()["violations"], Value::Array(Vec::new()), "{answer:?}");
    }

    fn sql(&self, sql: &str) -> String {
        server().sql(&self.database, sql)
    }
}

fn server() -> &'static Server {
    shared()
}

#[test]
fn a_run_stores_and_finds_and_pays_once() {
    let office = Office::new();
    for n in 0..30 {
        office.desk.write(&format!("law/book {n}.md"), format!("# Book {n}\n\n{}", prose(n, 400)));
    }
    office.desk.write("law/quince.txt", "A quince tart is baked slowly.");
    let first = office.ingest(&["--out", "out"]).exits(0);
    assert_eq!(first.number("documents.ingested"), 31);
    assert!(first.number("chunks.embedded") > 60);
    let again = office.ingest(&["--out", "out"]).exits(0);
    assert_eq!((again.number("documents.unchanged"), again.number("chunks.embedded")), (31, 0));
    assert_eq!(office.found(&["quince", "--mode", "keyword"]), ["law/quince.txt"]);
    assert_eq!(office.found(&["quimce tart", "--mode", "keyword"]), ["law/quince.txt"]);
    assert_eq!(office.found(&["a baked quince tart", "-k", "1"]), ["law/quince.txt"]);
    assert_eq!(office.found(&["quince", "--domain", "music"]), Vec::<String>::new());
    assert_eq!(office.found(&["quince", "--document", "law/q*"]), ["law/quince.txt"]);
    let status = office.run(&["status"]).exits(0);
    assert_eq!((status.number("documents"), status.number("dead_letters.total")), (31, 0));
    assert!(!status.stdout.contains("gristmill:gristmill"), "the password is not shown");
    assert_eq!(status.json()["indexes"][0]["state"], "exact");
    assert_eq!(status.number("indexes.0.dimensions"), 256);
    assert_eq!(status.number("connections.max_connections"), 19);
    assert_eq!(status.number("connections.failed_requests"), 0);
    office.verifies();
}

#[test]
fn a_dry_run_plans_for_a_store_that_is_not_there_yet_and_makes_none() {
    let office = Office::new();
    office.desk.write("a.md", format!("# A\n\n{}", prose(1, 700)));
    let plan = office.ingest(&["--dry-run"]).exits(0);
    assert_eq!(plan.number("plan.new"), 1);
    assert_eq!(office.sql("SELECT count(*) FROM pg_namespace WHERE nspname='gristmill'"), "0");
    let done = office.ingest(&[]).exits(0);
    assert_eq!(plan.number("plan.chunks"), done.number("chunks.embedded"));
    let unreachable = office.url.replace(&office.database, "nowhere");
    office.desk.run(["ingest", "docs", "--dry-run", "-q", "--store", &unreachable]).exits(1);
}

#[test]
fn room_on_the_servers_disk_is_waited_for() {
    let office = Office::new();
    office.desk.write("a.md", "# A\n\nword");
    office.ingest(&[]).exits(0);
    office.desk.write("b.md", format!("# B\n\n{}", prose(2, 900)));
    // As a full disk is told: the first two transactions that bring chunks meet it.
    office.sql(
        "CREATE SEQUENCE gristmill.full_disk;
         CREATE FUNCTION gristmill.fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('gristmill.full_disk') <= 2 THEN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
           END IF;
           RETURN NULL;
         END $$;
         CREATE TRIGGER fill AFTER INSERT ON gristmill.chunk
           FOR EACH STATEMENT EXECUTE FUNCTION gristmill.fill()",
    );
    let waited = office.desk.run(["ingest", "docs", "--store", &office.url, "--json"]).exits(0);
    assert!(waited.stderr.contains("for room on the disk"), "{waited:?}");
    assert_eq!(waited.number("documents.ingested"), 1);
    assert!(waited.number("chunks.embedded") <= waited.number("chunks.written"));
    office.verifies();
}

#[test]
fn both_kinds_of_store_give_the_same_files() {
    let office = Office::new();
    for n in 0..12 {
        office.desk.write(&format!("d{}/c/{n}.md", n % 3), format!("# {n}\n\n{}", prose(n, 900)));
    }
    office.desk.write(
        "items.jsonl",
        "{\"id\":\"a\\u0000b\",\"text\":\"zero \\u0000 inside\",\"domain\":\"x\"}\n",
    );
    office.ingest(&["--out", "server", "--with-embeddings"]).exits(0);
    office.desk.ingest(&["--out", "file", "--with-embeddings"]).exits(0);
    let [server, file] = ["server", "file"].map(|folder| consolidated(&office, folder));
    assert!(server.len() > 3);
    assert!(server == file);
}

#[test]
fn a_changed_document_pays_for_its_changed_chunks_and_a_gone_one_is_pruned() {
    let office = Office::new();
    let book = |ending: &str| format!("# Book\n\n{}\n\n# Last\n\n{ending}", prose(1, 3000));
    office.desk.write("a.md", book("old words"));
    office.desk.write("b.md", "# Gone\n\nsoon");
    let first = office.ingest(&[]).exits(0);
    office.desk.write("a.md", book("new words"));
    std::fs::remove_file(office.desk.docs().join("b.md")).unwrap();
    let second = office.ingest(&["--prune"]).exits(0);
    assert!(second.number("chunks.embedded") <= 2, "{second:?}");
    assert_eq!(second.number("documents.removed"), 1);
    assert!(second.number("chunks.reused") + 3 > first.number("chunks.written") - 1);
    assert_eq!(office.found(&["gone soon", "--mode", "keyword"]), Vec::<String>::new());
    office.verifies();
}

#[test]
fn a_failed_document_is_listed_and_comes_back() {
    let office = Office::new();
    office.desk.write("torn.docx", "no zip at all");
    office.desk.write("well.md", "# Well\n\nwater");
    office.ingest(&[]).exits(3);
    let listed = office.run(&["failures", "list"]).exits(0);
    assert!(listed.stdout.contains("torn.docx"), "{listed:?}");
    assert_eq!(office.ingest(&[]).exits(3).number("documents.failed"), 1);
    std::fs::remove_file(office.desk.docs().join("torn.docx")).unwrap();
    office.ingest(&["--prune"]).exits(0);
    office.verifies();
}

#[test]
fn what_was_deleted_behind_our_back_is_found_and_mended() {
    let office = Office::new();
    for n in 0..6 {
        office.desk.write(&format!("{n}.md"), format!("# {n}\n\n{}", prose(n, 600)));
    }
    let first = office.ingest(&["--out", "out"]).exits(0);
    let before = consolidated(&office, "out");
    office.sql("DELETE FROM gristmill.chunk WHERE id % 3 = 0");
    office.sql("UPDATE gristmill.chunk SET text = text || 'x' WHERE id % 7 = 1");
    office.sql("DELETE FROM gristmill.vector_1 WHERE chunk % 5 = 2");
    office.run(&["verify"]).exits(3);
    let mended = office.run(&["verify", "--repair"]).exits(0);
    assert!(
        mended.json()["run"]["chunks"]["embedded"].as_u64().unwrap()
            < first.number("chunks.written"),
        "what was paid for and is still there is kept"
    );
    office.verifies();
    assert!(consolidated(&office, "out") == before);
}

#[test]
fn a_store_is_copied_to_a_server_and_back() {
    let office = Office::new();
    for n in 0..8 {
        office.desk.write(&format!("{n}.md"), format!("# {n}\n\n{}", prose(n, 700)));
    }
    office.desk.write("torn.docx", "no zip at all");
    office.desk.ingest(&["--out", "out"]).exits(3);
    let copied =
        office.desk.run(["copy", "--from", "sqlite:gristmill.db", "--to", &office.url, "--json"]);
    assert_eq!(copied.exits(0).number("documents"), 8);
    let again = office.ingest(&["--out", "out2"]).exits(3);
    assert_eq!((again.number("documents.unchanged"), again.number("chunks.embedded")), (8, 0));
    office.verifies();
    let back = office.desk.run(["copy", "--from", &office.url, "--to", "sqlite:back.db", "--json"]);
    back.exits(0);
    let last = office.desk.ingest(&["--store", "sqlite:back.db", "--out", "out3"]).exits(3);
    assert_eq!((last.number("documents.unchanged"), last.number("chunks.embedded")), (8, 0));
    let [first, second, third] =
        ["out", "out2", "out3"].map(|folder| consolidated(&office, folder));
    assert!(first == second && second == third);
    office.desk.run(["copy", "--from", "sqlite:gristmill.db", "--to", &office.url]).exits(1);
}

#[test]
fn a_server_that_cannot_be_used_is_named_with_what_to_do() {
    let office = Office::new();
    office.desk.write("a.md", "# A\n\nword");
    let port = server().port();
    let far = |url: &str, word: &str| {
        let answer = office.desk.run(["ingest", "docs", "-q", "--store", url]).exits(1);
        assert!(answer.stderr.contains(word), "{answer:?}");
        assert!(!answer.stderr.contains("s3cret"), "{answer:?}");
    };
    far(&format!("postgres://gristmill:s3cret@127.0.0.1:{port}/postgres"), "password");
    far(&office.url.replace(&office.database, "nowhere"), "does not exist");
    far("postgres://u:s3cret@127.0.0.1:1/kb", "127.0.0.1:1");
    office.desk.run(["status", "--store", &office.url]).exits(1);
    office.ingest(&[]).exits(0);
    office.sql("UPDATE gristmill.meta SET value = '99' WHERE key = 'schema_version'");
    far(&office.url, "schema 99");
    office.sql("DROP SCHEMA gristmill CASCADE; CREATE SCHEMA gristmill; CREATE TABLE gristmill.meta(x int)");
    far(&office.url, "not gristmill's");
}
