//! Several models in one store: what each chunk is decides which of them embeds it.

use crate::provider::{DIMS, KEY, provider, spec, vectors_belong};
use crate::support::{Answer, Desk, prose};
use fake_provider::FakeProvider;
use serde_json::Value;

const FORMULAS: &str = "Let ∀x ∈ ℝ: x² + y² ≥ 2xy, so that ∑ aₙ = b and ∫ f = 0 hold.";

impl Desk {
    /// Formulas go to the provider, and so does what lies in `law`.
    fn with_routes(&self, fake: &FakeProvider) -> &Self {
        let spec = spec(fake);
        self.configure(&format!(
            "[[routes]]\nembedder = \"{spec}\"\nmath = \"mathematical\"\n\
             [[routes]]\nembedder = \"{spec}\"\ndomain = \"law\"\n"
        ))
    }

    fn configure(&self, text: &str) -> &Self {
        std::fs::write(self.path().join("gristmill.toml"), text).unwrap();
        self
    }

    fn keyed(&self, arguments: &[&str]) -> Answer {
        self.command(arguments).env("OPENAI_API_KEY", KEY).output().unwrap().into()
    }

    fn routed_ingest(&self, more: &[&str]) -> Answer {
        self.keyed(&[&["ingest", "docs", "--json", "-q"], more].concat())
    }

    fn library(&self) {
        for n in 0..6 {
            self.write(&format!("art/b/{n}.md"), format!("# Part {n}\n\n{}", prose(n, 60)));
            self.write(&format!("law/b/{n}.md"), format!("# Case {n}\n\n{}", prose(50 + n, 60)));
        }
        self.write("art/b/sums.md", format!("# Sums\n\n{FORMULAS}"));
    }

    fn routed_entries(&self, pair: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path().join(format!("out/{pair}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file["meta"]["models"].as_array().unwrap().len(), 2);
        file["entries"].as_array().unwrap().clone()
    }
}

/// Chunks in the store by model: builtin, the provider's.
fn chunks(models: &Value) -> [u64; 2] {
    let of = |index: usize| models[index]["chunks"].as_u64().unwrap_or(0);
    [of(0), of(1)]
}

#[test]
fn each_chunk_is_embedded_by_its_model_and_a_search_asks_both() {
    let fake = provider("");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    let first = desk.routed_ingest(&["--out", "out", "--with-embeddings"]).exits(0);
    let json = first.json();
    assert_eq!(json["embedder"], "builtin");
    assert_eq!(chunks(&json["models"]), [6, 7]);
    assert_eq!(json["models"][1]["embedder"], "openai:test-model");
    assert_eq!(json["models"][1]["dimensions"], DIMS as u64);
    assert_eq!(json["models"][1]["embedded"], 7);
    assert_eq!(first.number("chunks.embedded"), 13);
    assert_eq!(first.number("provider.requests"), fake.stats().requests);
    let status = desk.run(["status", "--json"]).exits(0);
    assert_eq!(chunks(&status.json()["models"]), [6, 7]);
    // What each model made is its text's, and says whose it is.
    vectors_belong(&desk.routed_entries("law/b"));
    let of_art = desk.routed_entries("art/b");
    let routed: Vec<Value> =
        of_art.iter().filter(|entry| entry.get("embedder").is_some()).cloned().collect();
    assert_eq!((routed.len(), of_art.len()), (1, 7));
    vectors_belong(&routed);
    // Nothing is paid for again.
    fake.reset();
    let again = desk.routed_ingest(&[]).exits(0);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (13, 0));
    // Both models are asked, each for its own chunks; under a filter only those with chunks there.
    let search = |more: &[&str]| desk.keyed(&[&["search", "--json"], more].concat()).exits(0);
    let both = search(&[FORMULAS, "--mode", "semantic", "-k", "20"]).json();
    assert_eq!(both["models"].as_array().unwrap().len(), 2);
    assert_eq!(both["hits"].as_array().unwrap().len(), 13);
    let top: Vec<&str> =
        (0..2).map(|rank| both["hits"][rank]["document"].as_str().unwrap()).collect();
    assert!(top.iter().any(|name| name.starts_with("art/")), "{top:?}");
    fake.reset();
    let art = search(&["river", "--domain", "law", "--mode", "semantic"]).json();
    assert_eq!(art["models"][0]["embedder"], "openai:test-model");
    assert_eq!((art["models"].as_array().unwrap().len(), fake.stats().requests), (1, 1));
    desk.verifies();
}

#[test]
fn a_model_that_cannot_be_asked_is_named_and_the_others_answer() {
    let fake = provider("");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    desk.routed_ingest(&[]).exits(0);
    drop(fake);
    let answer = desk.keyed(&["search", "--json", "river", "--mode", "semantic"]).exits(0);
    let json = answer.json();
    assert_eq!(json["models"][0]["answered"], true);
    assert_eq!(json["models"][1]["answered"], false);
    assert!(json["models"][1]["error"]["hint"].is_string(), "{json}");
    assert!(answer.stderr.contains("openai:test-model was not asked"), "{answer:?}");
    assert_eq!(json["hits"].as_array().unwrap().len(), 6);
    // Where no other model has anything there is no answer to give.
    let alone = desk.keyed(&["search", "--json", "river", "--mode", "semantic", "--domain", "law"]);
    assert_ne!(alone.code, Some(0), "{alone:?}");
    desk.run(["search", "--json", "river", "--mode", "keyword", "--domain", "law"]).exits(0);
}

#[test]
fn changed_routes_and_labels_embed_only_what_moves() {
    let fake = provider("");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    desk.routed_ingest(&[]).exits(0);
    fake.reset();
    // The second route goes: six chunks come home, the formulas stay.
    let spec = spec(&fake);
    let formulas = format!("[[routes]]\nembedder = \"{spec}\"\nmath = \"mathematical\"\n");
    desk.configure(&formulas);
    let fewer = desk.routed_ingest(&[]).exits(0);
    assert_eq!((fewer.number("chunks.embedded"), fake.stats().requests), (6, 0), "{fewer:?}");
    assert_eq!(chunks(&fewer.json()["models"]), [12, 1]);
    // And a label alone moves what a route takes by its domain.
    let rules = "[[rules]]\nmatch = \"art/b/0.md\"\ndomain = \"law\"\n";
    desk.with_routes(&fake);
    desk.routed_ingest(&[]).exits(0);
    fake.reset();
    let routes = std::fs::read_to_string(desk.path().join("gristmill.toml")).unwrap();
    desk.configure(&format!("{routes}{rules}"));
    let moved = desk.routed_ingest(&[]).exits(0);
    assert_eq!((moved.number("chunks.embedded"), fake.stats().texts), (1, 1), "{moved:?}");
    assert_eq!(chunks(&moved.json()["models"]), [5, 8]);
    desk.verifies();
}

#[test]
fn without_its_routes_a_routed_store_is_not_embedded_again_by_mistake() {
    let fake = provider("");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    let plan = desk.routed_ingest(&["--dry-run"]).exits(0);
    assert_eq!((plan.number("plan.chunks"), plan.number("plan.requests")), (13, 1));
    desk.routed_ingest(&[]).exits(0);
    desk.configure("");
    let refused = desk.routed_ingest(&[]).exits(2);
    assert!(refused.stdout.contains("7 chunks have their vectors from 1 routed models"));
    assert!(refused.stdout.contains("gristmill migrate --embedder"), "{refused:?}");
    // Searching needs no configuration.
    let found = desk.keyed(&["search", "--json", "river", "--mode", "semantic"]).exits(0);
    assert_eq!(found.json()["models"][1]["answered"], true);
    // One model for all: what it has made already is kept, and nothing is parsed again.
    fake.reset();
    let migrated = desk.keyed(&["migrate", "--embedder", "builtin", "--json", "-q"]).exits(0);
    assert_eq!((migrated.number("chunks.migrated"), fake.stats().requests), (7, 0));
    let again = desk.routed_ingest(&[]).exits(0);
    assert_eq!((again.number("documents.unchanged"), again.number("chunks.embedded")), (13, 0));
    assert_eq!(chunks(&again.json()["models"]), [13, 0]);
    desk.verifies();
}

#[test]
fn killed_at_any_point_a_routed_run_goes_on_and_pays_for_nothing_twice() {
    let fake = provider("");
    let mut kills = 0;
    for at in 1.. {
        let desk = Desk::new();
        desk.with_routes(&fake).library();
        let mut command = desk.command(["ingest", "docs", "--json", "-q", "--out", "out"]);
        command.env("FAULT_AT", at.to_string()).env("FAULT_KIND", "kill");
        let answer: Answer = command.env("OPENAI_API_KEY", KEY).output().unwrap().into();
        if answer.code.is_some() {
            answer.exits(0);
            break;
        }
        kills += 1;
        let committed = committed(&desk);
        fake.reset();
        let rest = desk.routed_ingest(&["--out", "out", "--with-embeddings"]).exits(0);
        let asked = rest.json()["models"][1]["embedded"].as_u64().unwrap();
        assert_eq!(asked, 7 - committed, "killed at point {at}");
        assert_eq!(chunks(&rest.json()["models"]), [6, 7], "killed at point {at}");
        vectors_belong(&desk.routed_entries("law/b"));
        desk.verifies();
    }
    assert!(kills >= 8, "only {kills} points were passed");
}

/// Chunks of the provider's model that a killed run has left.
fn committed(desk: &Desk) -> u64 {
    let status = desk.run(["status", "--json"]);
    if status.code == Some(0) { chunks(&status.json()["models"])[1] } else { 0 }
}

#[test]
fn a_copy_holds_the_vectors_of_every_model() {
    let fake = provider("");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    desk.routed_ingest(&[]).exits(0);
    let copy = ["copy", "--from", "sqlite:gristmill.db", "--to", "sqlite:other.db"];
    desk.run(copy).exits(0);
    fake.reset();
    let other = |arguments: &[&str]| {
        desk.keyed(&[arguments, &["--store", "sqlite:other.db", "--json"]].concat())
    };
    assert_eq!(chunks(&other(&["status"]).exits(0).json()["models"]), [6, 7]);
    let again = other(&["ingest", "docs", "-q"]).exits(0);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (13, 0));
    let found = other(&["search", "river", "--mode", "semantic"]).exits(0);
    assert_eq!(found.json()["models"][1]["answered"], true);
    assert_eq!(other(&["verify"]).exits(0).json()["violations"], Value::Array(Vec::new()));
}

#[test]
fn a_refused_model_ends_the_run_and_keeps_what_the_other_made() {
    let fake =
        provider("[[fault]]\nwhat = \"insufficient_quota\"\nwhen = { nth = [2, 3, 4, 5, 6] }");
    let desk = Desk::new();
    desk.with_routes(&fake).library();
    let stopped = desk.routed_ingest(&[]).exits(1);
    let error = &stopped.json()["error"];
    assert_eq!(error["class"], "quota");
    assert!(error["message"].as_str().unwrap().starts_with("openai:test-model: "), "{error}");
    desk.verifies();
}
