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
use types::pages::PageRange;
use types::seam::split::{Bookmark, Facts};

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

/// Each entry at the highest level that has several, until the page before the next one.
pub fn of_outline(facts: &Facts) -> Vec<Section> {
    let at = |level| facts.outline.iter().filter(move |entry| entry.level == level);
    let levels = facts.outline.iter().map(|entry| entry.level).max().unwrap_or(0);
    let level = (1..=levels).find(|level| at(*level).count() > 1);
    let mut entries: Vec<&Bookmark> = level.map_or_else(Vec::new, |level| at(level).collect());
    entries.sort_by_key(|entry| entry.page);
    let ends = entries.iter().skip(1).map(|next| next.page.saturating_sub(1)).chain([facts.pages]);
    let sections = entries.iter().zip(ends).filter_map(|(entry, end)| {
        // Two entries on one page share it.
        let range = PageRange::new(entry.page, end.max(entry.page))?;
        Some(Section { name: entry.title.clone(), range, prompts: None })
    });
    sections.filter(|section| section.range.last() <= facts.pages).collect()
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

    fn facts(pages: u32, outline: &[(&str, u8, u32)]) -> Facts {
        let entry = |&(title, level, page): &(&str, u8, u32)| Bookmark {
            title: title.to_owned(),
            level,
            page,
        };
        Facts { pages, outline: outline.iter().map(entry).collect() }
    }

    fn shown(sections: &[Section]) -> Vec<String> {
        sections.iter().map(|one| format!("{} {}", one.name, one.range)).collect()
    }

    #[test]
    fn sections_of_an_outline_end_before_the_next_and_at_the_last_page() {
        let book = facts(20, &[("A", 1, 1), ("a", 2, 2), ("B", 1, 5), ("C", 1, 5), ("D", 1, 18)]);
        assert_eq!(shown(&of_outline(&book)), ["A 1-4", "B 5", "C 5-17", "D 18-20"]);
        let titled = facts(9, &[("Title", 1, 1), ("One", 2, 2), ("Two", 2, 6)]);
        assert_eq!(shown(&of_outline(&titled)), ["One 2-5", "Two 6-9"]);
        assert_eq!(shown(&of_outline(&facts(9, &[("Only", 1, 1)]))), [""; 0]);
        assert_eq!(shown(&of_outline(&facts(3, &[("A", 1, 1), ("Gone", 1, 7)]))), [""; 0]);
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
