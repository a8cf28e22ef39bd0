//! What the end of a call means for the run or for its chunk.

use crate::outcome::{RunError, class_of};
use flow::dispatch::Halt;
use types::failure::{Failure, FailureClass};
use types::seam::EmbedError;

/// Nothing more can be sent: the run ends, what is committed stays, the next run goes on.
pub(crate) fn stopped(why: Halt, error: Option<EmbedError>) -> RunError {
    if why == Halt::Spent {
        return RunError {
            class: FailureClass::Budget,
            message: "the next call could cost more than the run may (max_cost)".to_owned(),
            hint: "what was embedded is kept; run again, with a larger --max-cost or as it is"
                .to_owned(),
        };
    }
    let Some(error) = error else {
        return RunError {
            class: FailureClass::Timeout,
            message: "the embedding model gave no answer for too long".to_owned(),
            hint: "check the provider's state and run again: what was embedded is kept".to_owned(),
        };
    };
    let message = match why {
        Halt::Away => format!("gave up waiting for the embedding model: {}", error.message),
        Halt::Parked | Halt::Spent => error.message,
    };
    RunError { class: class_of(error.kind), message, hint: error.hint }
}

/// A chunk that the model refuses, alone in its call.
pub(crate) fn refused(error: EmbedError) -> Failure {
    Failure::new(class_of(error.kind), error.message, error.hint)
}

/// A chunk whose deadline passed. Bulk work has none; should it ever get one, nothing is lost in silence.
pub(crate) fn expired() -> Failure {
    Failure::new(
        FailureClass::Timeout,
        "the chunk's deadline passed before it could be embedded",
        "run: gristmill failures retry timeout",
    )
}
