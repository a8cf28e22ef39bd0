//! Sections and results as JSON: the same on the shell and over HTTP.
//!
//! The earlier systems wrote names in camelCase first and in `snake_case` later: both are read.

use crate::analyze::LeftOut;
use crate::prompt::{BadPrompts, Prompt, Prompts};
use crate::schema::{BadSchema, Schema};
use crate::section::{Section, SectionResult};
use flow::dispatch::Counts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use types::failure::Failure;
use types::pages::{BadRange, PageRange};

/// A section as it is asked for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct SectionSpec {
    #[serde(alias = "sectionName")]
    pub section_name: String,
    #[serde(alias = "pageRange")]
    pub page_range: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<PromptSpec>,
}

/// A prompt as it is asked.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum PromptSpec {
    Text(String),
    Named {
        #[serde(default, alias = "promptName", skip_serializing_if = "Option::is_none")]
        prompt_name: Option<String>,
        #[serde(alias = "promptText", alias = "prompt_template", alias = "promptTemplate")]
        prompt_text: String,
        /// A JSON schema that the answer must keep to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<Value>,
    },
}

/// Sections that cannot be worked on as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSections {
    #[error(
        "the sections are not a list of {{\"section_name\", \"page_range\"}} (line {line}, column {column})"
    )]
    Form { line: usize, column: usize },
    #[error("there is no section")]
    None,
    #[error("section {place}: {bad}")]
    Range { place: usize, bad: BadRange },
    #[error("section {place}: {bad}")]
    Prompts { place: usize, bad: BadPrompts },
    #[error("section {place}: {bad}")]
    Schema { place: usize, bad: BadSchema },
}

/// The sections of a file: a list, or what `analyze` writes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    List(Vec<SectionSpec>),
    Result { sections: Vec<SectionSpec> },
}

/// Reads a file of sections: at least one, each as it stands there.
pub fn read_sections(text: &str) -> Result<Vec<SectionSpec>, BadSections> {
    // The place is told by a first look: an untagged form does not say it.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(BadSections::Form { line: error.line(), column: error.column() });
    }
    let listed =
        serde_json::from_str(text).map_err(|_| BadSections::Form { line: 1, column: 1 })?;
    let (Listed::List(specs) | Listed::Result { sections: specs }) = listed;
    if specs.is_empty() {
        return Err(BadSections::None);
    }
    Ok(specs)
}

/// All of them, or what is wrong with the first that is.
pub fn sections(specs: &[SectionSpec]) -> Result<Vec<Section>, BadSections> {
    if specs.is_empty() {
        return Err(BadSections::None);
    }
    specs.iter().zip(1..).map(|(spec, place)| spec.section(place)).collect()
}

impl SectionSpec {
    /// `place`: counted from 1, for the words of what is wrong.
    pub fn section(&self, place: usize) -> Result<Section, BadSections> {
        let range = self.page_range.parse::<PageRange>();
        let range = range.map_err(|bad| BadSections::Range { place, bad })?;
        let prompts: Result<Vec<Prompt>, BadSchema> =
            self.prompts.iter().map(PromptSpec::prompt).collect();
        let prompts = prompts.map_err(|bad| BadSections::Schema { place, bad })?;
        let prompts = if prompts.is_empty() {
            None
        } else {
            Some(Prompts::new(prompts).map_err(|bad| BadSections::Prompts { place, bad })?)
        };
        Ok(Section { name: self.section_name.clone(), range, prompts })
    }
}

impl PromptSpec {
    pub fn prompt(&self) -> Result<Prompt, BadSchema> {
        match self {
            Self::Text(text) => Ok(Prompt { name: None, text: text.clone(), schema: None }),
            Self::Named { prompt_name, prompt_text, schema } => {
                let schema = schema.as_ref().map(|schema| Schema::parse(&schema.to_string()));
                Ok(Prompt {
                    name: prompt_name.clone(),
                    text: prompt_text.clone(),
                    schema: schema.transpose()?.map(Arc::new),
                })
            }
        }
    }
}

/// A section without a result.
pub fn section_json(section: &Section) -> Value {
    json!({"section_name": section.name, "page_range": section.range.to_string()})
}

/// What a model has named besides its sections.
pub fn left_out_json(left: &LeftOut) -> Value {
    json!({"section_name": left.name, "page_range": left.page_range, "why": left.why})
}

pub fn failure_json(failure: &Failure) -> Value {
    json!({"class": failure.class.as_str(), "message": failure.message, "hint": failure.hint})
}

/// What came of a section. Answers are listed one by one where there are several prompts.
pub fn result_json(section: &Section, result: &SectionResult) -> Value {
    let mut json = json!({
        "section_name": section.name,
        "page_range": section.range.to_string(),
        "result": result.result.as_ref().ok(),
        "error": result.result.as_ref().err().map(failure_json),
        "attempts": result.attempts,
        "seconds": result.seconds,
    });
    if result.answers.len() > 1 {
        let answers = result.answers.iter().map(|answered| {
            json!({
                "prompt_name": answered.prompt,
                "result": answered.answer.as_ref().ok(),
                "error": answered.answer.as_ref().err().map(failure_json),
            })
        });
        json["answers"] = answers.collect();
    }
    json
}

/// `cost_usd`: none where the model has no price.
pub fn counts_json(counts: &Counts, tokens_out: u64, cost_usd: Option<f64>) -> Value {
    json!({
        "requests": counts.requests,
        "throttled": counts.throttled,
        "retried": counts.retried,
        "failed": counts.failed,
        "tokens": counts.tokens.round() as u64,
        "tokens_out": tokens_out,
        "cost_usd": cost_usd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_in_both_spellings_and_from_what_analyze_writes() {
        let snake = r#"[{"section_name":"A","page_range":"1-3","prompts":["why?"]},{"section_name":"B","page_range":"4"}]"#;
        let camel = r#"[{"sectionName":"A","pageRange":"1-3","prompts":["why?"]},{"sectionName":"B","pageRange":"4"}]"#;
        let read = read_sections(snake).unwrap();
        assert_eq!(read_sections(camel).unwrap(), read);
        assert_eq!(
            read_sections(&format!("{{\"success\":true,\"sections\":{snake}}}")).unwrap(),
            read
        );
        let read = sections(&read).unwrap();
        assert!(read[0].prompts.is_some() && read[1].prompts.is_none());
        let named = r#"[{"section_name":"A","page_range":"1","prompts":[
            {"promptName":"x","promptText":"find"},{"prompt_name":"y","prompt_template":"use {{x}}","schema":{"type":"object"}}]}]"#;
        assert!(sections(&read_sections(named).unwrap()).unwrap()[0].prompts.is_some());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            (
                "[",
                "the sections are not a list of {\"section_name\", \"page_range\"} (line 1, column 1)",
            ),
            ("[]", "there is no section"),
            (
                r#"[{"section_name":"A","page_range":"1"},{"section_name":"B","page_range":"9-3"}]"#,
                "section 2: the pages 9-3 run backwards",
            ),
            (
                r#"[{"section_name":"A","page_range":"1","prompts":[""]}]"#,
                "section 1: prompt 1 is empty",
            ),
            (
                r#"[{"section_name":"A","page_range":"1","prompts":[{"prompt_text":"x","schema":[]}]}]"#,
                "section 1: the schema is not a JSON object",
            ),
        ] {
            let bad = read_sections(text).and_then(|specs| sections(&specs)).unwrap_err();
            assert_eq!(bad.to_string(), expected, "{text}");
        }
    }
}
