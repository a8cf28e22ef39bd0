//! Each step of a section is given up in time, by the earlier system's names too.

use crate::book::book;
use crate::extract::{gemini, is_clean};
use crate::support::{Answer, Desk};
use fake_provider::FakeProvider;
use serde_json::Value;

/// Extracts one section with these variables and this file of settings.
fn extract(fake: &FakeProvider, variables: &[(&str, &str)], toml: &str) -> Answer {
    let desk = Desk::new();
    desk.write("book.pdf", book(2, &[]));
    desk.write("sections.json", r#"[{"section_name":"A","page_range":"1-2"}]"#);
    std::fs::write(desk.path().join("gristmill.toml"), toml).unwrap();
    let llm = format!("gemini:test-model@{}", fake.base_url());
    let mut command = desk.command(["extract", "docs/book.pdf", "--json", "--prompt", "x"]);
    command.args(["--llm", &llm, "--sections", "docs/sections.json"]).env("GEMINI_API_KEY", "k");
    command.envs(variables.iter().copied());
    command.output().unwrap().into()
}

#[track_caller]
fn ends_late(answer: Answer, expected: &str) {
    let answer = answer.exits(1);
    let error = answer.json()["sections"][0]["error"].clone();
    assert_eq!(error["class"], "timeout", "{answer:?}");
    assert_eq!(error["message"], Value::from(expected), "{answer:?}");
}

#[test]
fn names_of_the_earlier_system_set_what_a_step_may_take() {
    let fake = gemini("[content]\nstuck_share = 1.0\n");
    let answer = extract(&fake, &[("UPLOAD_TIMEOUT_SECONDS", "1")], "");
    ends_late(answer, "upload took longer than 1 s");
    let slow = gemini("[content]\ngenerate_secs = 60.0\n");
    let answer = extract(&slow, &[("SECTION_TASK_TIMEOUT_SECONDS", "1")], "");
    ends_late(answer, "section took longer than 1 s");
    is_clean(&fake);
    is_clean(&slow);
}

#[test]
fn an_answer_that_drips_is_given_up_and_asked_for_again() {
    let fake = gemini(
        "[[fault]]\nwhat = { drip = { bytes = 1, every = 0.5 } }\nwhen = { route = \"generate\", times = 1 }\n",
    );
    let answer = extract(&fake, &[], "[content]\ngenerate_timeout = \"1s\"\n").exits(0);
    assert_eq!(answer.json()["sections"][0]["attempts"], 1, "{answer:?}");
    assert_eq!(is_clean(&fake).generated, 2);
}
