//! The sections of a document: by its own outline, or as the model sees them.

mod answer;

use crate::extractor::{Extractor, hash, unreadable};
use crate::prompt::Prompts;
use crate::schema::Schema;
use crate::section::Section;
use crate::settings::Keep;
use crate::task::{Framing, Source, Task};
use answer::Overlaps;
use flow::memory::Leased;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;
use types::failure::{Failure, FailureClass};
use types::seam::split::{Chapter, Facts};

/// How sections are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the document's outline; where it has none, the model is asked.
    Auto,
    Outline,
}

/// The sections, and how many pages the document has.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub pages: u32,
    pub sections: Vec<Section>,
    /// What the model has named besides.
    pub left_out: Vec<LeftOut>,
}

/// Something that the model has named and that is no section of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub name: String,
    pub page_range: String,
    pub why: String,
}

impl Found {
    fn in_outline(pages: u32, sections: Vec<Section>) -> Self {
        Self { pages, sections, left_out: Vec::new() }
    }
}

const SCHEMA: &str = r#"{"type":"array","minItems":1,"items":{"type":"object",
"properties":{"section_name":{"type":"string"},"page_range":{"type":"string",
"description":"first and last page of the section, counted from 1, as in 3-9, or one page, as in 7"}},
"required":["section_name","page_range"]}}"#;

const PROMPT: &str = "Find the sections of this document at its highest level, such as chapters or units, in their \
order. Give each section's name as the document has it, and the pages from its first to its last one, counted from 1 \
at the first page of the file. Sections do not overlap, unless one begins on the page on which another ends.";

impl Extractor {
    /// Finds the sections of a document. `prompt`: what the model is asked, instead of the usual question.
    ///
    /// # Errors
    /// The document cannot be read; it has no outline where one was asked for; the model gave no answer, or none that
    /// can be used.
    pub async fn analyze(
        &self,
        document: &Arc<File>,
        way: Way,
        prompt: Option<&str>,
    ) -> Result<Found, Failure> {
        let facts = self.facts(document).await?;
        let sections = of_outline(&facts);
        match (way, sections.len()) {
            (Way::Auto | Way::Outline, 1..) if prompt.is_none() => {
                Ok(Found::in_outline(facts.pages, sections))
            }
            (Way::Outline, _) => Err(no_outline()),
            (Way::Auto, _) => {
                let text = self.ask_model(document, facts.pages, prompt.unwrap_or(PROMPT)).await?;
                let overlaps =
                    if prompt.is_some() { Overlaps::Possible } else { Overlaps::Unwanted };
                of_answer(&text, facts.pages, overlaps)
            }
        }
    }

    async fn ask_model(
        &self,
        document: &Arc<File>,
        pages: u32,
        prompt: &str,
    ) -> Result<String, Failure> {
        let schema = Arc::new(Schema::parse(SCHEMA).expect("the constant is a schema"));
        let prompts = Prompts::one(prompt.to_owned(), Some(schema)).map_err(|bad| {
            Failure::new(FailureClass::BadItem, bad.to_string(), "write a prompt")
        })?;
        let content = hash(Arc::clone(document)).await?;
        let (file, pool) = (Arc::clone(document), self.pool.clone());
        let read = move || -> io::Result<_> {
            let mut file = file.as_ref();
            let lease = pool.lease(file.metadata()?.len());
            let mut bytes = Vec::new();
            file.rewind()?;
            file.read_to_end(&mut bytes)?;
            Ok(Leased { value: Arc::new(bytes), lease })
        };
        let part = tokio::task::spawn_blocking(read).await.map_err(io::Error::other).flatten();
        let task = Task {
            index: 0,
            name: "document".to_owned(),
            pages,
            first_page: 1,
            prompts: Arc::new(prompts),
            content,
            keep: Keep::No,
            source: Source::Cut(part.map_err(|error| unreadable(&error))?),
            framing: Framing::Whole,
        };
        task.run(&self.shared).await.result
    }
}

/// The chapters of the document's outline.
pub fn of_outline(facts: &Facts) -> Vec<Section> {
    let section =
        |chapter: Chapter| Section { name: chapter.title, range: chapter.range, prompts: None };
    facts.chapters().into_iter().map(section).collect()
}

fn of_answer(text: &str, pages: u32, overlaps: Overlaps) -> Result<Found, Failure> {
    let items: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    if items.len() > answer::most(pages) {
        return Err(unusable(format!(
            "the model named {} sections in a document of {pages} pages",
            items.len()
        )));
    }
    let (sections, left_out) = answer::sections(&items, pages, overlaps);
    if sections.is_empty() {
        return Err(unusable(format!(
            "the model named no section within the document's {pages} pages"
        )));
    }
    Ok(Found { pages, sections, left_out })
}

/// Why a document is not cut by its outline.
pub fn no_outline() -> Failure {
    Failure::bad_document(
        "the PDF has no outline with several entries",
        "give a file with the sections, or --sections auto to ask the model",
    )
}

fn unusable(why: String) -> Failure {
    Failure::new(FailureClass::BadItem, why, "give a file with the sections")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sections: &[Section]) -> Vec<String> {
        sections.iter().map(|one| format!("{} {}", one.name, one.range)).collect()
    }

    #[test]
    fn an_answer_without_a_section_or_with_absurdly_many_is_an_error() {
        let why = |text: &str| of_answer(text, 2, Overlaps::Unwanted).unwrap_err().message;
        assert!(why("sorry").contains("no section within the document's 2 pages"));
        assert!(why(r#"[{"section_name":"A","page_range":"3"}]"#).contains("no section"));
        let many = vec![serde_json::json!({"section_name": "A", "page_range": "1"}); 33];
        let message = why(&Value::from(many).to_string());
        assert_eq!(message, "the model named 33 sections in a document of 2 pages");
        let found =
            r#"[{"section_name":"B","page_range":"2"},{"section_name":"A","page_range":"1"}]"#;
        let found = of_answer(found, 2, Overlaps::Unwanted).unwrap();
        assert_eq!(shown(&found.sections), ["A 1", "B 2"], "in the order of the document");
    }
}
