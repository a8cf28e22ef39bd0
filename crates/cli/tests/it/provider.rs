//! Embedding with a provider over real HTTP that has limits, faults and outages.

use crate::support::{Answer, Desk, prose};
use fake_provider::{FakeProvider, Plan, vector};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;

const MODEL: &str = "test-model";
pub(crate) const KEY: &str = "sk-s3cret";
pub(crate) const DIMS: usize = 64;

pub(crate) fn provider(plan: &str) -> FakeProvider {
    let plan = Plan::from_toml(&format!("dims = {DIMS}\n{plan}")).unwrap();
    FakeProvider::start(plan).unwrap()
}

pub(crate) fn spec(provider: &FakeProvider) -> String {
    format!("openai:{MODEL}@{}/v1", provider.base_url())
}

impl Desk {
    fn documents(&self, count: u64, words: usize) {
        for n in 0..count {
            self.write(&format!("a/b/{n:03}.md"), format!("# Part {n}\n\n{}", prose(n, words)));
        }
    }

    fn embed(&self, spec: &str, more: &[&str]) -> Answer {
        self.embed_with(&[("OPENAI_API_KEY", KEY)], spec, more)
    }

    fn embed_with(&self, keys: &[(&str, &str)], spec: &str, more: &[&str]) -> Answer {
        let mut command = self.command(["ingest", "docs", "--json", "-q", "--embedder", spec]);
        command.args(more).envs(keys.iter().copied());
        command.output().unwrap().into()
    }

    /// All entries of the consolidated folder.
    fn entries(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path().join("out/a/b.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        file["entries"].as_array().unwrap().clone()
    }
}

const OUT: [&str; 3] = ["--out", "out", "--with-embeddings"];

fn text(entry: &Value) -> &str {
    entry["text"].as_str().unwrap()
}

/// Each stored vector is the one of its text.
pub(crate) fn vectors_belong(entries: &[Value]) {
    assert!(!entries.is_empty());
    for entry in entries {
        let stored: Vec<f64> =
            entry["embedding"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let own = vector(MODEL, text(entry), DIMS);
        assert_eq!(stored.len(), own.len());
        let close = stored.iter().zip(&own).all(|(a, b)| (a - f64::from(*b)).abs() < 1e-6);
        assert!(close, "the vector of another text: {}", text(entry));
    }
}

#[test]
fn every_vector_belongs_to_its_text_whatever_the_order_of_the_reply() {
    let fake = provider("[[fault]]\nwhat = { lie = \"shuffled\" }\nwhen = { probability = 0.5 }");
    let desk = Desk::new();
    desk.documents(30, 400);
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    vectors_belong(&desk.entries());
    assert_eq!(answer.json()["embedder"], format!("openai:{MODEL}"));
    assert_eq!(answer.number("dimensions"), DIMS as u64);
    let stats = fake.stats();
    assert_eq!(answer.number("provider.requests"), stats.requests);
    assert_eq!(answer.number("provider.tokens"), stats.tokens);
    assert_eq!(stats.paid_again, 0);
    desk.verifies();
}

#[test]
fn a_second_run_pays_nothing_and_a_changed_document_only_its_chunks() {
    let fake = provider("");
    let desk = Desk::new();
    desk.documents(10, 600);
    desk.embed(&spec(&fake), &[]).exits(0);
    fake.reset();
    // The store knows its model and where it is.
    let mut again = desk.command(["ingest", "docs", "--json", "-q"]);
    let again = Answer::from(again.env("OPENAI_API_KEY", KEY).output().unwrap()).exits(0);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (10, 0));
    let changed = format!("# Part 3\n\n{}\n\nOne more paragraph.", prose(3, 600));
    desk.write("a/b/003.md", changed);
    let third = desk.embed(&spec(&fake), &[]).exits(0);
    assert!(third.number("chunks.embedded") <= 2, "{third:?}");
    assert!(third.number("chunks.reused") >= 2, "{third:?}");
}

#[test]
fn a_hidden_limit_is_kept_to_and_everything_arrives() {
    let fake = provider(
        "[service]\nlatency_secs = 0.02\n\
         [[limit]]\ndimension = \"requests\"\nkind = \"bucket\"\nlimit = 1200\nsecs = 1.0\n\
         [hints]\nheaders = \"missing\"",
    );
    let desk = Desk::new();
    desk.documents(60, 500);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 4\n").unwrap();
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    assert_eq!(answer.number("documents.ingested"), 60);
    vectors_belong(&desk.entries());
    let stats = fake.stats();
    assert_eq!(answer.number("provider.throttled"), stats.refused.values().sum::<u64>());
    assert_eq!(stats.paid_again, 0);
}

#[test]
fn a_vector_that_cannot_be_true_is_asked_for_again_and_the_better_one_kept() {
    let lie = "what = { lie = \"huge_value\" }";
    let fake = provider(&format!("[[fault]]\n{lie}\nwhen = {{ nth = [2, 4] }}"));
    let desk = Desk::new();
    desk.documents(3, 200);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 2\n").unwrap();
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    let chunks = answer.number("chunks.embedded");
    assert_eq!(answer.number("quality.assessed"), chunks);
    assert_eq!(answer.number("quality.valid"), chunks);
    assert!((1..=2).contains(&answer.number("quality.regenerated")), "{answer:?}");
    vectors_belong(&desk.entries());
    // One that never tells the truth is asked twice more, and what it says is kept and told.
    let liar = provider(&format!("[[fault]]\n{lie}\nwhen = {{ marker = \"zyzzyva\" }}"));
    let other = Desk::new();
    other.write("a/b/bad.md", "# Bad\n\nThe zyzzyva.");
    let answer = other.embed(&spec(&liar), &[]).exits(0);
    assert_eq!((answer.number("quality.regenerated"), answer.number("quality.valid")), (2, 0));
    assert_eq!(answer.number("quality.suspicious"), 1);
    let status = other.run(["status", "--json"]).exits(0);
    assert_eq!(status.json()["runs"][0]["result"]["quality"]["suspicious"], 1);
}

/// It was bad, but it was paid for, and nobody can be asked for a better one.
#[test]
fn a_bad_vector_is_kept_when_the_run_ends_before_the_next_answer() {
    let fake = provider(
        "[[fault]]\nwhat = { lie = \"huge_value\" }\nwhen = { nth = [2] }\n\
         [[fault]]\nwhat = \"insufficient_quota\"\nwhen = { nth = [3, 4, 5, 6] }",
    );
    let desk = Desk::new();
    desk.write("a/b/one.md", "# One\n\nA page of a few words.");
    let ended = desk.embed(&spec(&fake), &[]).exits(1);
    assert_eq!(ended.json()["error"]["class"], "quota");
    fake.reset();
    let again = desk.embed(&spec(&fake), &[]).exits(0);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (1, 0));
}

#[test]
fn one_poison_chunk_costs_itself() {
    let fake =
        provider("[[fault]]\nwhat = { poison = \"unnamed\" }\nwhen = { marker = \"zyzzyva\" }");
    let desk = Desk::new();
    desk.documents(20, 300);
    let clean = desk.embed(&spec(&fake), &["--store", "sqlite:clean.db"]).exits(0);
    fake.reset();
    desk.write("a/b/bad.md", "# Bad\n\nThe zyzzyva is refused.");
    let answer = desk.embed(&spec(&fake), &OUT).exits(3);
    assert_eq!(answer.number("documents.ingested"), 21);
    assert_eq!(answer.number("chunks.written"), clean.number("chunks.written"));
    let failures = answer.json()["failures"].as_array().unwrap().clone();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0]["class"], "bad_item");
    let useful = clean.number("provider.requests");
    let extra = fake.stats().requests - useful;
    assert!(extra <= 2 * 11 + 2, "{extra} more requests than {useful}");
    vectors_belong(&desk.entries());
    // Listed, not tried again, and not forgotten.
    fake.reset();
    let again = desk.embed(&spec(&fake), &[]).exits(3);
    assert_eq!((again.number("documents.unchanged"), fake.stats().requests), (21, 0));
}

#[test]
fn an_outage_makes_no_dead_letters() {
    let fake = provider(
        "[[fault]]\nwhat = { status = { code = 503 } }\nwhen = { nth = [2, 3, 4, 5, 6] }\n\
         [[fault]]\nwhat = \"reset_before\"\nwhen = { nth = [7, 8] }\n\
         [[fault]]\nwhat = \"reset_during\"\nwhen = { nth = [10] }",
    );
    let desk = Desk::new();
    desk.documents(25, 300);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\n").unwrap();
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    assert_eq!(answer.number("documents.ingested"), 25);
    assert!(answer.number("provider.failed") >= 7, "{answer:?}");
    vectors_belong(&desk.entries());
}

#[test]
fn a_lying_provider_leaves_no_wrong_vector() {
    for lie in
        ["missing", "doubled_index", "zero_vector", "not_a_number", "null", "truncated", "garbage"]
    {
        let fake = provider(&format!(
            "[[fault]]\nwhat = {{ lie = \"{lie}\" }}\nwhen = {{ nth = [2, 4], times = 2 }}"
        ));
        let desk = Desk::new();
        desk.documents(12, 300);
        std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\n").unwrap();
        let answer = desk.embed(&spec(&fake), &OUT).exits(0);
        assert_eq!(answer.number("documents.ingested"), 12, "{lie}");
        vectors_belong(&desk.entries());
    }
}

#[test]
fn another_model_behind_the_address_ends_the_run() {
    let fake =
        provider("[[fault]]\nwhat = { lie = \"wrong_dimension\" }\nwhen = { nth = [3, 4, 5, 6] }");
    let desk = Desk::new();
    desk.documents(40, 300);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\n").unwrap();
    let answer = desk.embed(&spec(&fake), &[]).exits(1);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("64"), "{message}");
    assert!(desk.run(["failures", "list", "--json"]).stdout.contains("[]"));
}

#[test]
fn a_refused_key_ends_the_run_and_is_never_told() {
    let fake = provider(&format!(
        "[[keys.key]]\nkey = \"good\"\n[[keys.key]]\nkey = \"{KEY}\"\nrefused = \"401\""
    ));
    let desk = Desk::new();
    desk.documents(5, 200);
    let answer = desk.embed(&spec(&fake), &[]).exits(1);
    assert_eq!(answer.json()["error"]["class"], "denied");
    for told in [&answer.stdout, &answer.stderr] {
        assert!(!told.contains(KEY), "{told}");
    }
    let with = [("OPENAI_API_KEY", "good")];
    let answer = desk.embed_with(&with, &spec(&fake), &[]).exits(0);
    assert_eq!(answer.number("documents.ingested"), 5);
    let bytes = std::fs::read(desk.path().join("gristmill.db")).unwrap();
    let held = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(!held(KEY));
}

#[test]
fn a_used_up_quota_ends_the_run_and_the_next_one_goes_on() {
    let fake = provider(&format!(
        "[[keys.key]]\nkey = \"{KEY}\"\nspent_after = 4\n[[keys.key]]\nkey = \"rich\""
    ));
    let desk = Desk::new();
    desk.documents(30, 300);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nbatch_items = 8\nin_flight = 1\n")
        .unwrap();
    let answer = desk.embed(&spec(&fake), &[]).exits(1);
    assert_eq!(answer.json()["error"]["class"], "quota", "{answer:?}");
    assert!(desk.run(["failures", "list", "--json"]).stdout.contains("[]"));
    let answer = desk.embed_with(&[("OPENAI_API_KEY", "rich")], &spec(&fake), &OUT).exits(0);
    assert_eq!(answer.number("documents.ingested") + answer.number("documents.unchanged"), 30);
    assert_eq!(fake.stats().paid_again, 0, "paid twice");
    vectors_belong(&desk.entries());
}

#[test]
fn a_second_key_goes_on_where_the_first_is_refused() {
    let fake = provider(&format!(
        "[[keys.key]]\nkey = \"{KEY}\"\nspent_after = 3\n[[keys.key]]\nkey = \"second\""
    ));
    let desk = Desk::new();
    desk.documents(30, 300);
    let config = format!(
        "[embed]\nbatch_items = 8\n[[endpoints]]\nembedder = \"{}\"\nkey = \"OTHER_KEY\"\n",
        spec(&fake)
    );
    std::fs::write(desk.path().join("gristmill.toml"), config).unwrap();
    let keys = [("OPENAI_API_KEY", KEY), ("OTHER_KEY", "second")];
    let answer = desk.embed_with(&keys, &spec(&fake), &OUT).exits(0);
    assert_eq!(answer.number("documents.ingested"), 30);
    vectors_belong(&desk.entries());
    assert_eq!(fake.stats().paid_again, 0);
}

#[test]
fn a_standby_takes_over_from_a_server_that_is_gone() {
    let fake = provider("");
    let first = provider("[[keys.key]]\nkey = \"nobody\"");
    let desk = Desk::new();
    desk.documents(6, 200);
    let config = format!("[[endpoints]]\nembedder = \"{}\"\nstandby = true\n", spec(&fake));
    std::fs::write(desk.path().join("gristmill.toml"), config).unwrap();
    // The store knows the dimensions, so that the first server is not asked for them.
    desk.embed(&spec(&fake), &[]).exits(0);
    desk.write("a/b/new.md", "# New\n\nA new page.");
    let answer = desk.embed(&spec(&first), &OUT).exits(0);
    assert_eq!(answer.number("documents.ingested"), 1);
    vectors_belong(&desk.entries());
}

#[test]
fn a_plan_asks_nothing_and_foretells_the_tokens() {
    let fake = provider("");
    let desk = Desk::new();
    desk.documents(20, 500);
    std::fs::write(
        desk.path().join("gristmill.toml"),
        format!("[prices]\n{MODEL} = 2.0\n[embed]\nbatch_items = 16\n"),
    )
    .unwrap();
    let planned = desk.embed(&spec(&fake), &["--dry-run"]).exits(0);
    assert_eq!(fake.stats().requests, 0);
    assert!(!desk.path().join("gristmill.db").exists());
    let tokens = planned.number("plan.tokens");
    let cost = planned.json()["plan"]["cost_usd"].as_f64().unwrap();
    assert!((cost - tokens as f64 * 2e-6).abs() < 1e-9);
    let run = desk.embed(&spec(&fake), &[]).exits(0);
    assert_eq!(planned.number("plan.chunks"), run.number("chunks.embedded"));
    // One more request asks for the dimensions.
    let requests = run.number("provider.requests") - 1;
    let foretold = planned.number("plan.requests");
    assert!(requests.abs_diff(foretold) <= 2, "{requests} requests, {foretold} foretold");
}

#[test]
fn a_budget_is_never_exceeded_and_the_next_run_goes_on() {
    let fake = provider("");
    let desk = Desk::new();
    desk.documents(40, 300);
    std::fs::write(
        desk.path().join("gristmill.toml"),
        format!("[prices]\n{MODEL} = 100.0\n[embed]\nbatch_items = 4\n"),
    )
    .unwrap();
    let answer = desk.embed(&spec(&fake), &["--max-cost", "0.5"]).exits(1);
    assert_eq!(answer.json()["error"]["class"], "budget", "{answer:?}");
    let spent = fake.stats().tokens;
    assert!((2_000..=5_000).contains(&spent), "{spent} tokens at 0.0001 dollars");
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    assert_eq!(answer.number("documents.failed"), 0);
    assert_eq!(fake.stats().paid_again, 0, "paid twice");
    vectors_belong(&desk.entries());
}

#[test]
fn another_model_on_a_store_with_content_is_refused() {
    let fake = provider("");
    let desk = Desk::new();
    desk.documents(2, 100);
    desk.embed(&spec(&fake), &[]).exits(0);
    let other = format!("openai:other@{}/v1", fake.base_url());
    let answer = desk.embed(&other, &[]).exits(2);
    assert!(answer.stdout.contains("migrate"), "{answer:?}");
}

#[test]
fn the_old_version_answers_while_the_provider_fails() {
    let fake = provider("");
    let desk = Desk::new();
    desk.write("a/b/page.md", "# Page\n\nThe lighthouse stands on the northern cliff.");
    desk.embed(&spec(&fake), &[]).exits(0);
    desk.write("a/b/page.md", "# Page\n\nThe windmill stands in the southern field.");
    fake.replan(
        Plan::from_toml(&format!("dims = {DIMS}\n[[fault]]\nwhat = \"insufficient_quota\""))
            .unwrap(),
    )
    .unwrap();
    desk.embed(&spec(&fake), &[]).exits(1);
    let found = desk.search(&["--mode", "keyword", "lighthouse"]);
    assert_eq!(found.len(), 1);
    assert!(desk.search(&["--mode", "keyword", "windmill"]).is_empty());
}

#[test]
fn killed_in_the_middle_of_a_book_nothing_committed_is_paid_for_again() {
    let fake = provider("[service]\nlatency_secs = 0.03");
    let desk = Desk::new();
    desk.write("a/b/book.txt", prose(7, 200_000));
    std::fs::write(
        desk.path().join("gristmill.toml"),
        "[embed]\nbatch_items = 16\nin_flight = 2\n",
    )
    .unwrap();
    let mut running = desk
        .command(["ingest", "docs", "-q", "--embedder", &spec(&fake)])
        .env("OPENAI_API_KEY", KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while fake.stats().accepted < 50 && running.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let before = fake.stats().texts;
    let answer = desk.embed(&spec(&fake), &OUT).exits(0);
    vectors_belong(&desk.entries());
    let entries = desk.entries();
    let texts: BTreeSet<&str> = entries.iter().map(text).collect();
    let again = fake.stats().texts - texts.len() as u64;
    // What was in flight or not yet committed: two batches, and one open segment with the one behind it.
    assert!(before > 600 && again <= 16 * 2 + 200 + 200, "{again} of {before} paid again");
    assert_eq!(answer.number("documents.ingested"), 1);
}
