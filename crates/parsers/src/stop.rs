//! Why a parser stops before the end: its consumer is gone, or the document cannot be read further.

use std::io;
use types::failure::{Failure, FailureClass};

#[derive(Debug)]
pub(crate) enum Stop {
    /// The consumer answered `Break`: not a failure.
    Gone,
    Failed(Failure),
}

pub(crate) type Step<T = ()> = Result<T, Stop>;

impl Stop {
    /// What the caller of the crate gets: a consumer that is gone ends the work with `Ok`.
    pub(crate) fn outcome(step: Step) -> Result<(), Failure> {
        match step {
            Ok(()) | Err(Self::Gone) => Ok(()),
            Err(Self::Failed(failure)) => Err(failure),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The bytes themselves cannot be read: the disk's or the network's fault, not the document's.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(Failure::new(
            FailureClass::Internal,
            format!("the file could not be read: {}", error.kind()),
            "check the disk and the permissions, then run `gristmill failures retry internal`",
        ))
    }
}
