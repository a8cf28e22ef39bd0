//! How a section is asked about.

use std::sync::Arc;
use types::seam::llm::{Form, Part, Question};

use crate::prompt::Prompt;

/// Tokens that a page of a PDF counts at least. Source: ai.google.dev/gemini-api/docs/document-processing.
const PAGE_TOKENS: f64 = 258.0;

/// The section named, the user's own words between, and only what was asked for as the answer.
pub(crate) fn of_section(document: &Part, name: &str, text: &str, prompt: &Prompt) -> Question {
    let text = format!(
        "The document is the section {name:?} of a larger one. Look at this section only.\n\n{text}\n\n\
         Answer with only what was asked for about this section."
    );
    asked(document, text, prompt)
}

/// The same question once more, with what was wrong with the first answer.
pub(crate) fn again(question: &Question, why: &str) -> Question {
    let mut question = question.clone();
    let text = format!(
        "Your last answer could not be used: {why}. Answer again with JSON that keeps to the schema, and nothing else."
    );
    question.parts.push(Part::Text(text.into()));
    question
}

pub(crate) fn asked(document: &Part, text: String, prompt: &Prompt) -> Question {
    let form = match &prompt.schema {
        None => Form::Text,
        Some(schema) => Form::Json { schema: schema.text() },
    };
    Question { parts: vec![document.clone(), Part::Text(Arc::from(text))], form }
}

/// Input tokens, for the limiter; what the reply says corrects it.
pub(crate) fn tokens(document: &Part, pages: u32, letters: usize) -> f64 {
    let document = match document {
        Part::Text(text) => text.len() as f64 / 4.0,
        Part::File(_) | Part::Inline(_) => f64::from(pages) * PAGE_TOKENS,
    };
    document + letters as f64 / 4.0
}

/// The text of a document, told apart from what is asked about it.
pub(crate) fn of_text(text: &str) -> Part {
    Part::Text(format!("<document>\n{text}\n</document>").into())
}
