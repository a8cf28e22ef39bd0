//! Files and generated texts.

use serde::Deserialize;

/// What uploads and prompts are like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Content {
    /// Seconds until an uploaded file can be used.
    pub processing_secs: f64,
    /// Share of files that never can be used, in 0..=1.
    pub stuck_share: f64,
    /// Seconds that taking in an upload takes, beside the latency of all calls.
    pub upload_secs: f64,
    /// Seconds that an answer takes, beside the latency of all calls.
    pub generate_secs: f64,
    /// Whether a client may choose the names of its files, as it may at Gemini.
    pub names_kept: bool,
    /// Whether questions may hold files; where not, they are refused, as by servers of plain language models.
    pub takes_files: bool,
    /// Prompts with known answers; the first whose marker stands in the prompt counts.
    #[serde(rename = "answer")]
    pub answers: Vec<PlannedAnswer>,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            processing_secs: 0.0,
            stuck_share: 0.0,
            upload_secs: 0.0,
            generate_secs: 0.0,
            names_kept: true,
            takes_files: true,
            answers: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedAnswer {
    pub marker: String,
    pub text: String,
}
