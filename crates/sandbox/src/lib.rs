//! Runs parsers in a limited child process.
//!
//! A hostile document can make any parser loop, recurse, allocate or crash. So the formats that allow it are
//! parsed in a child: our own executable, started again with its first argument `parse-child`, which limits
//! itself before it reads a byte (see [`child`]), and whose death is a verdict about one document (see
//! [`Sandbox`]). This crate knows no format: a job carries its format as an opaque word.

mod job;
mod frame;
mod wire;
mod settings;
mod verdict;
mod progress;
mod process_status;
mod patience;
mod piped;
mod spawner;
mod population;
mod live;
mod pool;
mod sandbox;
mod command;
pub mod child;

pub use command::CommandJob;
pub use job::{ArchiveJob, Job, UnpackBudget};
pub use sandbox::Sandbox;
pub use settings::{SandboxSettings, memory_needed};
