//! Statements that are sent without waiting for each other's answers.
//!
//! What each of them sends first goes out in their order, and the server works in that order. A round trip is what
//! a small statement costs most.

use super::error::{Cause, Outcome, refusal};
use futures_util::future::join;

/// Of a statement that was refused only because one before it failed: `in_failed_sql_transaction`.
const AFTER_A_FAILURE: &str = "25P02";

/// Waits for both. If both fail, the error is the one that made the other.
pub(crate) fn together<A, B>(
    a: impl Future<Output = Outcome<A>>,
    b: impl Future<Output = Outcome<B>>,
) -> impl Future<Output = Outcome<(A, B)>> {
    // On the heap, or what holds many would take as much as all of them at each level.
    let (a, b) = (Box::pin(a), Box::pin(b));
    async {
        match join(a, b).await {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(cause), Ok(_)) | (Ok(_), Err(cause)) => Err(cause),
            (Err(a), Err(b)) if follows(&a) => Err(b),
            (Err(a), Err(_)) => Err(a),
        }
    }
}

fn follows(cause: &Cause) -> bool {
    refusal(cause).is_some_and(|refusal| refusal.code().code() == AFTER_A_FAILURE)
}
