//! What a failed call to a provider means for flow control: written once, for every provider.

use flow::policy::{Outcome, Verdict};
use quota::Hint;
use types::error_kind::ErrorKind;

/// Waiting longer than this is no cool-down but a used-up quota.
const COOL_DOWN_MAX: f64 = 120.0;

pub(crate) fn verdict(kind: ErrorKind, hint: &Hint) -> Outcome {
    let verdict = match kind {
        ErrorKind::InvalidInput | ErrorKind::TooLarge => Verdict::Rejected,
        // A wrong model or address, another model behind it, a key without rights, a defect of ours: no call will do
        // better.
        ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::QuotaExhausted
        | ErrorKind::Conflict
        | ErrorKind::Internal => Verdict::Parked,
        ErrorKind::TooManyRequests if hint.retry_after.is_some_and(|s| s > COOL_DOWN_MAX) => {
            Verdict::Parked
        }
        ErrorKind::TooManyRequests | ErrorKind::Unavailable if hint.overloaded => {
            Verdict::Overloaded
        }
        ErrorKind::TooManyRequests => Verdict::Throttled,
        ErrorKind::Unavailable => Verdict::Failed,
        ErrorKind::Timeout => Verdict::TimedOut,
    };
    Outcome { verdict, hint: hint.clone(), usage: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_consequence() {
        let after = |seconds| Hint { retry_after: Some(seconds), ..Hint::default() };
        let short = Hint { overloaded: true, ..Hint::default() };
        for (kind, hint, expected) in [
            (ErrorKind::InvalidInput, Hint::default(), Verdict::Rejected),
            (ErrorKind::TooLarge, Hint::default(), Verdict::Rejected),
            (ErrorKind::NotFound, Hint::default(), Verdict::Parked),
            (ErrorKind::Denied, Hint::default(), Verdict::Parked),
            (ErrorKind::QuotaExhausted, Hint::default(), Verdict::Parked),
            (ErrorKind::TooManyRequests, Hint::default(), Verdict::Throttled),
            (ErrorKind::TooManyRequests, after(20.0), Verdict::Throttled),
            (ErrorKind::TooManyRequests, after(36_000.0), Verdict::Parked),
            (ErrorKind::TooManyRequests, short.clone(), Verdict::Overloaded),
            (ErrorKind::Unavailable, short, Verdict::Overloaded),
            (ErrorKind::Unavailable, Hint::default(), Verdict::Failed),
            (ErrorKind::Timeout, Hint::default(), Verdict::TimedOut),
            (ErrorKind::Conflict, Hint::default(), Verdict::Parked),
            (ErrorKind::Internal, Hint::default(), Verdict::Parked),
        ] {
            let outcome = verdict(kind, &hint);
            assert_eq!((outcome.verdict, &outcome.hint), (expected, &hint), "{kind:?}");
        }
    }
}
