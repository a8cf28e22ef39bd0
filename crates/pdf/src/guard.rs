//! Keeps a panic inside the page or the reader that caused it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carried.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Runs `work`, and catches its panic.
///
/// Whatever `work` had in its hands may be half done; a caller that goes on with it must stand that: text
/// gathered so far is only shorter, and the interpreter's caches are thrown away.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work))
}
