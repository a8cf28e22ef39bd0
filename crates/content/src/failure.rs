//! Why a section has no answer, in the words of its user.

use std::time::Duration;
use types::error_kind::ErrorKind;
use types::failure::{Failure, FailureClass};
use types::seam::llm::{AnswerEnd, CallError};

pub(crate) fn of_call(error: &CallError) -> Failure {
    let class = match error.kind {
        ErrorKind::Denied | ErrorKind::NotFound => FailureClass::Denied,
        ErrorKind::QuotaExhausted | ErrorKind::TooManyRequests => FailureClass::Quota,
        ErrorKind::Timeout | ErrorKind::Unavailable => FailureClass::Timeout,
        ErrorKind::InvalidInput => FailureClass::BadItem,
        ErrorKind::TooLarge => FailureClass::TooLarge,
        ErrorKind::Conflict | ErrorKind::Internal => FailureClass::Internal,
    };
    Failure::new(class, error.message.clone(), error.hint.clone())
}

pub(crate) fn too_late(step: &str, limit: Duration) -> Failure {
    Failure::new(
        FailureClass::Timeout,
        format!("{step} took longer than {:.0} s", limit.as_secs_f64()),
        format!("run again, or allow it more time in the settings of [content] ({step})"),
    )
}

/// None for a whole answer.
pub(crate) fn of_end(end: &AnswerEnd) -> Option<Failure> {
    match end {
        AnswerEnd::Whole => None,
        AnswerEnd::CutShort => Some(Failure::new(
            FailureClass::TooLarge,
            "the model's answer ended at the limit of its length",
            "ask for less, or about fewer pages at once",
        )),
        AnswerEnd::Blocked(reason) => Some(Failure::new(
            FailureClass::BadItem,
            format!("the provider's filter stopped the answer ({reason})"),
            "change the prompt, or ask another model",
        )),
    }
}

pub(crate) fn off_schema(why: &str) -> Failure {
    Failure::new(
        FailureClass::BadItem,
        format!("the answer does not keep to the schema, also when asked again: {why}"),
        "make the schema simpler, or ask another model",
    )
}

pub(crate) fn needs(name: &str) -> Failure {
    Failure::new(
        FailureClass::BadItem,
        format!("it needs the answer of {name:?}, which failed"),
        "see why that prompt failed",
    )
}

pub(crate) fn unreadable_for_provider() -> Failure {
    Failure::bad_document(
        "the provider cannot read the uploaded pages",
        "open the document in a viewer and save it anew",
    )
}

pub(crate) fn nothing_asked() -> Failure {
    Failure::new(
        FailureClass::BadItem,
        "there is no prompt for this section",
        "give a prompt for all sections, or one for each",
    )
}

/// Why a section was not begun, or not ended.
pub fn stopped() -> Failure {
    Failure::new(FailureClass::Timeout, "interrupted before it was done", "run again")
}

/// Another attempt may do better.
pub(crate) fn may_pass(failure: &Failure) -> bool {
    failure.class == FailureClass::Timeout
}

/// No section can do better: the provider refuses us altogether.
pub(crate) fn is_final(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Denied | FailureClass::Quota | FailureClass::Budget)
}
