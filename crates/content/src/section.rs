//! Sections: what is asked for, and what came of it.

use crate::prompt::Prompts;
use types::failure::Failure;
use types::pages::PageRange;

/// Pages with a name, and what to ask about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    pub name: String,
    pub range: PageRange,
    /// Instead of those for all sections.
    pub prompts: Option<Prompts>,
}

/// What came of one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub prompt: Option<String>,
    pub answer: Result<String, Failure>,
}

/// What came of one section.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionResult {
    /// Its place among the sections.
    pub index: usize,
    /// Of each prompt that was asked, in the order of the prompts. Empty when the section failed before.
    pub answers: Vec<Answered>,
    /// The answers in the order of the prompts, with a blank line between two; or why there is not each of them.
    pub result: Result<String, Failure>,
    /// How often it was begun; 0: never.
    pub attempts: u32,
    /// From its beginning to its end.
    pub seconds: f64,
    /// The provider's name of its file, where that stays for later prompts.
    pub kept_as: Option<String>,
}

impl SectionResult {
    pub(crate) fn failed(index: usize, failure: Failure) -> Self {
        Self {
            index,
            answers: Vec::new(),
            result: Err(failure),
            attempts: 0,
            seconds: 0.0,
            kept_as: None,
        }
    }
}

/// The whole of several answers: all of them, or the first failure.
pub(crate) fn joined(answers: &[Answered]) -> Result<String, Failure> {
    let mut texts = Vec::with_capacity(answers.len());
    for answered in answers {
        texts.push(answered.answer.as_deref().map_err(Clone::clone)?);
    }
    Ok(texts.join("\n\n"))
}
