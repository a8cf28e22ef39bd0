//! The closed list of what can go wrong with a call, read by flow control, wire formats and jobs.

/// How the caller of a connector must react.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    InvalidInput,
    TooLarge,
    NotFound,
    Conflict,
    /// The remote side refuses our credential.
    Denied,
    TooManyRequests,
    /// Daily or billing quota.
    QuotaExhausted,
    /// The remote side or the database is away.
    Unavailable,
    Timeout,
    Internal,
}

/// Every error that leaves a crate says its kind.
pub trait Classified: std::error::Error {
    fn kind(&self) -> ErrorKind;
}
