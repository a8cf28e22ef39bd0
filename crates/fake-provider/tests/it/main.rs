//! The provider as clients see it: over a socket.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod agreement;
mod client;
mod content;
mod control;
mod faults;
mod limits;
mod process;
mod shapes;
