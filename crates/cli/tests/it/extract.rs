//! Sections of PDFs through a language model, over real HTTP: complete, bounded, and without a file left behind.

use crate::book::book;
use crate::support::{Answer, Desk};
use fake_provider::{FakeProvider, FileStats, Plan};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

const KEY: &str = "s3cret-key";

pub(crate) fn gemini(plan: &str) -> FakeProvider {
    FakeProvider::start(Plan::from_toml(&format!("dialect = \"gemini\"\n{plan}")).unwrap()).unwrap()
}

/// A document of eight sections, and the program that extracts from it.
struct Reader {
    desk: Desk,
    llm: String,
}

impl Reader {
    fn of(provider: &FakeProvider) -> Self {
        let desk = Desk::new();
        desk.write("book.pdf", book(16, &[1, 3, 5, 7, 9, 11, 13, 15]));
        Self { desk, llm: format!("gemini:test-model@{}", provider.base_url()) }
    }

    fn configured(self, toml: &str) -> Self {
        std::fs::write(self.desk.path().join("gristmill.toml"), toml).unwrap();
        self
    }

    fn command(&self, more: &[&str]) -> std::process::Command {
        let mut command =
            self.desk.command(["extract", "docs/book.pdf", "--json", "--llm", &self.llm]);
        command.args(more).env("GEMINI_API_KEY", KEY);
        command
    }

    fn extract(&self, more: &[&str]) -> Answer {
        self.command(more).output().unwrap().into()
    }

    /// Begins to extract, and returns when the provider has seen what `enough` waits for.
    fn begin(&self, provider: &FakeProvider, enough: impl Fn(&FileStats) -> bool) -> Child {
        let mut command = self.command(&["--prompt", "what?"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !enough(&provider.file_stats()) {
            std::thread::yield_now();
        }
        child
    }
}

fn sections(answer: &Answer) -> Vec<Value> {
    answer.json()["sections"].as_array().unwrap().clone()
}

fn class(section: &Value) -> &str {
    section["error"]["class"].as_str().unwrap_or("none")
}

/// Nothing lies at the provider, nobody asked for what makes no sense, nobody came too early.
#[track_caller]
pub(crate) fn is_clean(provider: &FakeProvider) -> FileStats {
    let stats = provider.file_stats();
    assert_eq!(provider.files(), [""; 0], "{stats:?}");
    assert_eq!((&stats.wrong.len(), stats.early), (&0, 0), "{stats:?}");
    stats
}

#[test]
fn every_section_is_answered_by_its_own_pages_and_nothing_is_left() {
    let fake = gemini("[content]\nprocessing_secs = 0.2\ngenerate_secs = 0.2\n");
    let reader = Reader::of(&fake);
    let answer = reader.extract(&["--prompt", "what is in it?"]).exits(0);
    let rows = sections(&answer);
    assert_eq!(rows.len(), 8);
    for (at, row) in rows.iter().enumerate() {
        let name = format!("Part {}", at + 1);
        assert_eq!(row["section_name"], name);
        assert_eq!(row["page_range"], format!("{}-{}", 2 * at + 1, 2 * at + 2));
        let result = row["result"].as_str().unwrap();
        // The fake says which file it was shown, and what it was asked.
        assert!(result.starts_with(&format!("{name}_gm-")), "{result}");
        assert!(
            result.contains("application/pdf") && result.contains("what is in it?"),
            "{result}"
        );
        assert_eq!((&row["error"], &row["attempts"]), (&Value::Null, &json!(1)));
    }
    let json = answer.json();
    assert_eq!((&json["success"], &json["pages"]), (&json!(true), &json!(16)));
    let stats = is_clean(&fake);
    assert_eq!((stats.uploaded, stats.deleted, stats.generated), (8, 8, 8));
    assert!(
        stats.alive_max <= 6,
        "five sections under way, and one that is being deleted: {stats:?}"
    );
    // An upload is one call of two requests: where to, and the bytes.
    assert_eq!(answer.number("provider.requests") + stats.uploaded, fake.stats().requests);
}

#[test]
fn limits_of_earlier_systems_names_hold() {
    let fake = gemini("[content]\ngenerate_secs = 0.1\n");
    let reader = Reader::of(&fake);
    let mut command = reader.command(&["--prompt", "x"]);
    command.env("MAX_CONCURRENT_SECTION_TASKS", "1").env("MAX_CONCURRENT_UPLOADS", "1");
    Answer::from(command.output().unwrap()).exits(0);
    let stats = is_clean(&fake);
    assert!(stats.alive_max <= 2, "{stats:?}");
}

#[test]
fn a_section_that_is_not_there_costs_itself() {
    let fake = gemini("");
    let reader = Reader::of(&fake);
    reader.desk.write(
        "sections.json",
        r#"[{"sectionName":"A","pageRange":"1-2"},{"sectionName":"B","pageRange":"15-17"},
            {"section_name":"C","page_range":"7","prompts":["only this"]}]"#,
    );
    let answer =
        reader.extract(&["--prompt", "for all", "--sections", "docs/sections.json"]).exits(3);
    let rows = sections(&answer);
    assert!(rows[0]["result"].as_str().unwrap().contains("for all"));
    assert_eq!((class(&rows[1]), &rows[1]["result"]), ("bad_item", &Value::Null));
    assert!(rows[1]["error"]["message"].as_str().unwrap().contains("15-17"));
    let third = rows[2]["result"].as_str().unwrap();
    assert!(third.contains("only this") && !third.contains("for all"), "{third}");
    assert_eq!(answer.json()["success"], true);
    is_clean(&fake);
}

#[test]
fn outages_and_limits_are_waited_for_and_nobody_comes_too_early() {
    let fake = gemini(
        "[content]\nprocessing_secs = 0.1\ngenerate_secs = 0.05\n\
         [[fault]]\nwhat = { status = { code = 429, retry_after = 1.0 } }\nwhen = { route = \"generate\", nth = [9, 20] }\n\
         [[fault]]\nwhat = { status = { code = 503, retry_after = 0.2 } }\nwhen = { probability = 0.1 }\n",
    );
    let reader = Reader::of(&fake);
    let answer = reader.extract(&["--prompt", "x"]).exits(0);
    assert!(sections(&answer).iter().all(|row| row["result"].is_string()), "{answer:?}");
    let stats = is_clean(&fake);
    assert_eq!(stats.uploaded, stats.deleted);
}

/// The server was out of sorts once; there is no limit, and none is imagined.
#[test]
fn one_stray_refusal_costs_a_pause() {
    let provider = gemini(
        "[[fault]]\nwhat = { status = { code = 429 } }\nwhen = { route = \"generate\", times = 1 }",
    );
    let reader = Reader::of(&provider).configured("[content]\nsection_timeout = \"30s\"\n");
    let answer = reader.extract(&["--prompt", "what?"]).exits(0);
    assert_eq!(answer.number("provider.throttled"), 1);
    is_clean(&provider);
}

#[test]
fn a_result_that_could_not_be_written_is_not_paid_for() {
    let provider = gemini("");
    let refused = Reader::of(&provider)
        .extract(&["--prompt", "what?", "--out", "missing/result.json"])
        .exits(1);
    assert!(refused.stdout.contains("missing/result.json"), "{refused:?}");
    assert_eq!(provider.file_stats().generated, 0);
}

#[test]
fn an_analysis_that_cannot_be_used_leaves_nothing() {
    let provider = gemini("[[fault]]\nwhat = { lie = \"off_schema\" }");
    let reader = Reader::of(&provider);
    reader.desk.write("plain.pdf", book(4, &[]));
    let mut command = reader.desk.command(["analyze", "docs/plain.pdf", "--json", "--llm"]);
    let answer: Answer =
        command.arg(&reader.llm).env("GEMINI_API_KEY", KEY).output().unwrap().into();
    assert!(answer.exits(1).stdout.contains("error"));
    assert!(provider.file_stats().uploaded > 0, "nothing was uploaded");
    is_clean(&provider);
}

#[test]
fn answers_that_are_stopped_or_cut_are_errors_and_never_results() {
    for (lie, expected) in [("blocked", "bad_item"), ("cut_short", "too_large")] {
        let fake = gemini(&format!(
            "[[fault]]\nwhat = {{ lie = \"{lie}\" }}\nwhen = {{ route = \"generate\", times = 1 }}\n"
        ));
        let answer = Reader::of(&fake).extract(&["--prompt", "x"]).exits(3);
        let failed: Vec<Value> =
            sections(&answer).into_iter().filter(|row| row["result"].is_null()).collect();
        assert_eq!(failed.len(), 1, "{answer:?}");
        assert_eq!(class(&failed[0]), expected);
        is_clean(&fake);
    }
}

#[test]
fn an_answer_off_its_schema_is_asked_for_once_more() {
    let schema = r#"{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}"#;
    for (times, exit, generated) in [(1, 0, 9), (99, 1, 16)] {
        let fake = gemini(&format!(
            "[[fault]]\nwhat = {{ lie = \"off_schema\" }}\nwhen = {{ route = \"generate\", times = {times} }}\n"
        ));
        let reader = Reader::of(&fake);
        reader.desk.write("schema.json", schema);
        let answer = reader.extract(&["--prompt", "x", "--schema", "docs/schema.json"]).exits(exit);
        let expected = if exit == 0 { "none" } else { "bad_item" };
        for row in sections(&answer) {
            assert_eq!(class(&row), expected);
            assert_eq!(row["result"].is_string(), exit == 0);
        }
        assert_eq!(is_clean(&fake).generated, generated);
    }
}

#[test]
fn a_file_that_never_becomes_active_is_given_up_and_deleted() {
    let fake = gemini("[content]\nstuck_share = 1.0\n");
    let reader = Reader::of(&fake)
        .configured("[content]\nupload_timeout = \"700ms\"\nsection_tasks = 8\nuploads = 8\n");
    let answer = reader.extract(&["--prompt", "x"]).exits(1);
    for row in sections(&answer) {
        assert_eq!((class(&row), &row["attempts"]), ("timeout", &json!(2)));
    }
    assert_eq!(answer.json()["success"], false);
    let stats = is_clean(&fake);
    assert_eq!((stats.uploaded, stats.generated), (16, 0));
}

#[test]
fn a_refused_key_ends_the_run_without_asking_for_each_section() {
    let fake = gemini("[keys]\nkey = [{ key = \"another\" }]\n");
    let answer = Reader::of(&fake).extract(&["--prompt", "x"]).exits(1);
    for row in sections(&answer) {
        assert_eq!(class(&row), "denied");
        assert!(!row.to_string().contains(KEY));
    }
    assert!(fake.stats().requests <= 5, "{:?}", fake.stats());
    is_clean(&fake);
}

#[test]
fn an_interrupt_leaves_no_file() {
    let fake = gemini("[content]\ngenerate_secs = 60.0\n");
    let reader = Reader::of(&fake);
    let child = reader.begin(&fake, |stats| stats.uploaded >= 5);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let answer = Answer::from(child.wait_with_output().unwrap()).exits(130);
    assert!(sections(&answer).iter().all(|row| class(row) == "timeout"), "{answer:?}");
    is_clean(&fake);
}

#[test]
fn what_a_kill_leaves_is_deleted_by_the_next_run() {
    for (plan, enough) in [
        // In the middle of uploads, of waiting, of answers.
        ("upload_secs = 0.3\n", 1),
        ("processing_secs = 60.0\n", 3),
        ("generate_secs = 60.0\n", 5),
        // A provider that does not keep to our names.
        ("generate_secs = 60.0\nnames_kept = false\n", 5),
    ] {
        let fake = gemini(&format!("[content]\n{plan}"));
        let reader = Reader::of(&fake);
        let mut child = reader.begin(&fake, |stats| stats.uploaded >= enough);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!fake.files().is_empty(), "{plan}: there is something to delete");
        let calm = plan.replace("60.0", "0.0");
        fake.replan(Plan::from_toml(&format!("dialect = \"gemini\"\n[content]\n{calm}")).unwrap())
            .unwrap();
        reader.extract(&["--prompt", "x"]).exits(0);
        assert_eq!(fake.files(), [""; 0], "{plan}");
    }
}

#[test]
fn a_living_process_keeps_its_files() {
    let fake = gemini("[content]\ngenerate_secs = 60.0\n");
    let reader = Reader::of(&fake);
    let mut first = reader.begin(&fake, |stats| stats.uploaded >= 5);
    while fake.stats().in_flight < 5 {
        std::thread::yield_now();
    }
    let held = fake.files();
    fake.replan(Plan::from_toml("dialect = \"gemini\"").unwrap()).unwrap();
    reader.extract(&["--prompt", "y"]).exits(0);
    assert_eq!(fake.files(), held, "the files of the process that still waits");
    first.kill().unwrap();
    first.wait().unwrap();
    reader.extract(&["--prompt", "z"]).exits(0);
    assert_eq!(fake.files(), [""; 0]);
}

#[test]
fn kept_uploads_are_used_again_until_they_are_gone() {
    let fake = gemini("");
    let reader = Reader::of(&fake);
    reader.extract(&["--prompt", "one", "--keep-uploads"]).exits(0);
    assert_eq!((fake.files().len(), fake.file_stats().uploaded), (8, 8));
    let answer = reader.extract(&["--prompt", "two"]).exits(0);
    assert!(sections(&answer).iter().all(|row| row["result"].as_str().unwrap().contains("two")));
    assert_eq!((fake.files().len(), fake.file_stats().uploaded), (8, 8), "nothing is sent twice");
    // Another provider knows nothing of them: the sections are sent to it, and again deleted.
    let other = gemini("");
    let llm = format!("gemini:test-model@{}", other.base_url());
    let elsewhere = Reader { llm, ..reader };
    elsewhere.extract(&["--prompt", "three"]).exits(0);
    assert_eq!(is_clean(&other).uploaded, 8);
}

#[test]
fn prompts_take_the_answers_of_others() {
    let fake = gemini("[content]\nanswer = [{ marker = \"find lessons\", text = \"L1, L2\" }]\n");
    let reader = Reader::of(&fake);
    reader.desk.write(
        "sections.json",
        r#"[{"section_name":"A","page_range":"1","prompts":[
            {"prompt_name":"slides","prompt_text":"slides of {{lessons}}"},
            {"prompt_name":"lessons","prompt_text":"find lessons"}]}]"#,
    );
    let answer = reader.extract(&["--sections", "docs/sections.json"]).exits(0);
    let answers = sections(&answer)[0]["answers"].clone();
    assert_eq!(answers[1]["result"], "L1, L2");
    assert!(answers[0]["result"].as_str().unwrap().contains("slides of L1, L2"), "{answers}");
    assert_eq!(is_clean(&fake).uploaded, 1);
}

#[test]
fn a_compatible_server_gets_the_pages_inside_the_question() {
    let fake = FakeProvider::start(Plan::default()).unwrap();
    let desk = Desk::new();
    desk.write("book.pdf", book(4, &[1, 3]));
    std::fs::write(desk.path().join("gristmill.toml"), "[content]\nparts = \"file\"\n").unwrap();
    let llm = format!("openai:test-model@{}/v1", fake.base_url());
    let answer = desk
        .run(["extract", "docs/book.pdf", "--json", "--llm", &llm, "--prompt", "what?"])
        .exits(0);
    for row in sections(&answer) {
        assert!(
            row["result"].as_str().unwrap().contains(".pdf data:application/pdf;base64"),
            "{row}"
        );
    }
    assert_eq!(fake.file_stats().generated, 2);
}

#[test]
fn results_come_on_the_shell_as_sections_finish() {
    let fake = gemini("[[fault]]\nwhat = \"never_answer\"\nwhen = { marker = \"hang\" }\n");
    let reader = Reader::of(&fake);
    reader.desk.write(
        "sections.json",
        r#"[{"section_name":"Fast","page_range":"1","prompts":["go"]},
            {"section_name":"Slow","page_range":"2","prompts":["hang"]}]"#,
    );
    let arguments =
        ["extract", "docs/book.pdf", "--llm", &reader.llm, "--sections", "docs/sections.json"];
    let mut command = reader.desk.command(arguments);
    let mut child = command.env("GEMINI_API_KEY", KEY).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "## Fast (1)\n");
    assert!(child.try_wait().unwrap().is_none(), "the other section is still under way");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is_sent() {
    let fake = gemini("");
    let reader = Reader::of(&fake);
    reader.desk.write("bad.json", r#"[{"section_name":"A","page_range":"x"}]"#);
    reader.extract(&[]).exits(2);
    reader.extract(&["--prompt", "x", "--sections", "docs/bad.json"]).exits(2);
    reader.extract(&["--prompt", "x", "--sections", "docs/none.json"]).exits(2);
    reader.extract(&["--prompt", "@none.txt"]).exits(2);
    reader.desk.run(["extract", "docs/book.pdf", "--prompt", "x"]).exits(2);
    reader.desk.run(["extract", "docs/none.pdf", "--prompt", "x", "--llm", &reader.llm]).exits(1);
    assert_eq!(fake.stats().requests, 0);
}

#[test]
fn a_locked_or_damaged_document_says_so() {
    let fake = gemini("");
    let reader = Reader::of(&fake);
    let locked = include_bytes!("../data/locked.pdf");
    for (bytes, expected) in [(&locked[..], "encrypted"), (b"%PDF-1.7 and nothing", "bad_document")]
    {
        reader.desk.write("book.pdf", bytes);
        let answer = reader.extract(&["--prompt", "x"]).exits(1);
        assert_eq!(answer.json()["error"]["class"], expected);
    }
    assert_eq!(fake.stats().requests, 0);
}

#[test]
fn sections_are_found_by_the_model_where_there_is_no_outline() {
    let found = r#"[{\"section_name\":\"A\",\"page_range\":\"1-2\"},{\"section_name\":\"B\",\"page_range\":\"3-99\"}]"#;
    let fake = gemini(&format!(
        "[content]\nanswer = [{{ marker = \"Find the sections\", text = \"{found}\" }}]\n"
    ));
    let reader = Reader::of(&fake);
    reader.desk.write("book.pdf", book(4, &[]));
    let mut command =
        reader.desk.command(["analyze", "docs/book.pdf", "--json", "--llm", &reader.llm]);
    let answer = Answer::from(command.env("GEMINI_API_KEY", KEY).output().unwrap()).exits(0);
    let listed = json!([{"section_name": "A", "page_range": "1-2"}]);
    assert_eq!(answer.json()["sections"], listed, "what is not in the document is no section");
    assert_eq!(is_clean(&fake).uploaded, 1);
    reader.desk.run(["analyze", "docs/book.pdf", "--sections", "outline"]).exits(1);
    let answer = reader.extract(&["--prompt", "what?"]).exits(0);
    assert_eq!(sections(&answer).len(), 1);
    is_clean(&fake);
}

#[test]
fn a_split_document_has_a_file_for_each_section() {
    let desk = Desk::new();
    desk.write("book.pdf", book(6, &[1, 3, 6]));
    let answer = desk.run(["split", "docs/book.pdf", "--out", "parts", "--json"]).exits(0);
    let files: Vec<String> =
        sections(&answer).iter().map(|row| row["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, ["01-Part 1.pdf", "02-Part 2.pdf", "03-Part 3.pdf"]);
    desk.write(
        "out.json",
        r#"[{"section_name":"X","page_range":"2"},{"section_name":"Y","page_range":"7"}]"#,
    );
    desk.run(["split", "docs/book.pdf", "--sections", "docs/out.json", "--out", "parts"]).exits(3);
    assert!(desk.path().join("parts/01-X.pdf").is_file());
    // What was cut is a document like any other.
    std::fs::copy(desk.path().join("parts/02-Part 2.pdf"), desk.docs().join("part.pdf")).unwrap();
    std::fs::remove_file(desk.docs().join("book.pdf")).unwrap();
    std::fs::remove_file(desk.docs().join("out.json")).unwrap();
    desk.ingest(&[]).exits(0);
    let texts: Vec<Value> =
        desk.search(&["words of page"]).into_iter().map(|hit| hit["text"].clone()).collect();
    let text = texts.iter().map(Value::to_string).collect::<String>();
    for (page, there) in [(2, false), (3, true), (5, true), (6, false)] {
        assert_eq!(text.contains(&format!("words of page {page}")), there, "{text}");
    }
    desk.verifies();
}
