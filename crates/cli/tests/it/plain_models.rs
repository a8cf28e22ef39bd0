//! Servers of plain language models, which take no files: they get what the pages say.

use crate::book::book;
use crate::support::{Answer, Desk};
use fake_provider::{FakeProvider, Plan};
use serde_json::Value;

/// A server that refuses files, and a document of four pages.
struct Reader {
    desk: Desk,
    fake: FakeProvider,
}

impl Reader {
    fn new(plan: &str) -> Self {
        let plan = format!("[content]\ntakes_files = false\n{plan}");
        let fake = FakeProvider::start(Plan::from_toml(&plan).unwrap()).unwrap();
        let desk = Desk::new();
        desk.write("book.pdf", book(4, &[1, 3]));
        Self { desk, fake }
    }

    fn run(&self, command: &str, more: &[&str]) -> Answer {
        let llm = format!("openai:test-model@{}/v1", self.fake.base_url());
        let mut arguments = vec![command, "docs/book.pdf", "--json", "--llm", &llm];
        arguments.extend(more);
        self.desk.run(arguments)
    }
}

fn sections(answer: &Answer) -> Vec<Value> {
    answer.json()["sections"].as_array().unwrap().clone()
}

#[test]
fn a_section_is_asked_about_with_the_text_of_its_pages_and_their_numbers() {
    let reader = Reader::new("");
    let answer = reader.run("extract", &["--prompt", "what?"]).exits(0);
    let rows = sections(&answer);
    assert_eq!(rows.len(), 2);
    let second = rows[1]["result"].as_str().unwrap();
    for (page, there) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(second.contains(&format!("[page {page}]")), there, "{second}");
        assert_eq!(second.contains(&format!("words of page {page}")), there, "{second}");
    }
    assert!(second.contains("what?"), "{second}");
    assert!(answer.number("provider.tokens") > 0);
}

#[test]
fn a_server_that_refuses_files_says_so_where_they_are_wanted() {
    let reader = Reader::new("");
    std::fs::write(reader.desk.path().join("gristmill.toml"), "[content]\nparts = \"file\"\n")
        .unwrap();
    let answer = reader.run("extract", &["--prompt", "what?"]).exits(1);
    for row in sections(&answer) {
        assert_eq!(row["error"]["class"], "bad_item", "{row}");
    }
}

#[test]
fn sections_are_found_in_the_text_too() {
    let found = r#"[{\"section_name\":\"A\",\"page_range\":\"1-2\"},{\"section_name\":\"B\",\"page_range\":\"9-1\"}]"#;
    let marker = "[page 4]";
    let reader =
        Reader::new(&format!("answer = [{{ marker = \"{marker}\", text = \"{found}\" }}]\n"));
    reader.desk.write("book.pdf", book(4, &[]));
    let answer = reader.run("analyze", &[]).exits(0);
    assert_eq!(sections(&answer).len(), 1);
    let left = answer.json()["left_out"].clone();
    assert!(left[0]["why"].as_str().unwrap().contains("backwards"), "{left}");
    assert!(answer.stderr.contains("B (9-1) is left out"), "{answer:?}");
}
