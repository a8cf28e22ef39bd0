//! Connections that many share.
//!
//! Who asks waits in a line, first come first served, and never longer than it said. A connection that has been
//! idle is asked whether it still answers before it is lent; one that is too old, or was left in the middle of
//! something, is closed, and the next user gets a new one. Nothing is ever held while somebody sleeps: the line
//! is a semaphore whose permits travel with the connections.

mod lease;
mod pool;
mod statistics;
mod upkeep;

#[cfg(test)]
mod tests;

pub use lease::Lease;
pub use pool::Pool;
pub use statistics::Statistics;

use std::future::Future;
use std::time::Duration;

/// How connections are made, checked and ended.
pub trait Connect: Send + Sync + 'static {
    type Connection: Send + 'static;
    type Error: std::error::Error + Send + Sync + 'static;

    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Self::Error>> + Send;

    /// What can be seen of a connection without asking the other side: open, and not in the middle of
    /// something.
    fn is_sound(&self, connection: &Self::Connection) -> bool;

    /// Asks the other side.
    fn answers(&self, connection: &mut Self::Connection) -> impl Future<Output = bool> + Send;

    /// Says goodbye. The pool waits for it only when it is shut down.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;
}

/// Bounds of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections kept open, made when the pool is filled.
    pub min: usize,
    /// Connections at most; 1 or more.
    pub max: usize,
    /// Connections that are being made at once at most; 1 or more.
    pub creates: usize,
    /// An older connection is replaced.
    pub lifetime: Duration,
    /// A connection above `min` that nobody wanted for so long is closed.
    pub idle: Duration,
    /// A connection that nobody used for so long is asked whether it answers before it is lent.
    pub check_after: Duration,
    /// How long that may take.
    pub check_limit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            min: 5,
            max: 20,
            creates: 5,
            lifetime: Duration::from_mins(30),
            idle: Duration::from_mins(3),
            check_after: Duration::from_secs(30),
            check_limit: Duration::from_secs(5),
        }
    }
}

/// Why no connection was lent.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError<E> {
    /// All connections were in use until the deadline.
    #[error("none of {max} connections became free in {} ms", waited.as_millis())]
    Exhausted { max: usize, waited: Duration },
    /// A new connection was not made before the deadline.
    #[error("no connection was made in {} ms", waited.as_millis())]
    TimedOut { waited: Duration },
    #[error("{0}")]
    Connect(E),
    #[error("the pool is shut down")]
    Closed,
}
