//! A command that could not be done: what the user sees, and the exit status.

use ingest::consolidate::ConsolidateError;
use ingest::outcome::RunError;
use types::failure::FailureClass;
use types::seam::{SourceError, StoreError};

/// Could not be done.
pub(crate) const EXIT_FAILED: u8 = 1;
/// Wrong usage or configuration.
pub(crate) const EXIT_USAGE: u8 = 2;
/// Done, with findings or leftovers.
pub(crate) const EXIT_FINDINGS: u8 = 3;

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failed {
    /// None: the command was not understood, so that nothing failed yet.
    pub class: Option<FailureClass>,
    pub message: String,
    pub hint: String,
    pub exit: u8,
}

impl Failed {
    pub(crate) fn new(
        class: FailureClass,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { class: Some(class), message: message.into(), hint: hint.into(), exit: EXIT_FAILED }
    }

    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { class: None, message: message.into(), hint: hint.into(), exit: EXIT_USAGE }
    }

    /// Wrong usage or configuration, whatever its class.
    pub(crate) fn into_usage(self) -> Self {
        Self { exit: EXIT_USAGE, ..self }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Internal, message, "this is a fault of gristmill: please report it")
    }

    /// The word that programs and people see.
    pub(crate) fn class(&self) -> &'static str {
        self.class.map_or("usage", FailureClass::as_str)
    }

    /// For `--json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({ "error": { "class": self.class(), "message": self.message, "hint": self.hint } })
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::new(error.class(), error.message, error.hint)
    }
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self::new(FailureClass::BadDocument, error.message, error.hint)
    }
}

impl From<RunError> for Failed {
    fn from(error: RunError) -> Self {
        Self::new(error.class, error.message, error.hint)
    }
}

impl From<ConsolidateError> for Failed {
    fn from(error: ConsolidateError) -> Self {
        Self::new(error.class(), error.to_string(), error.hint())
    }
}
