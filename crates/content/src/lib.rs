//! Sections of documents through a language model, several at once and bounded.
//!
//! Each section is a task of its own: it is cut out, uploaded, waited for, asked about, and what it left at the
//! provider is deleted, whatever happens on the way (module `task`). [`Extractor`] holds what the tasks share: the lines
//! to the provider, the limits, the journal of uploads, and the one who deletes. Knows no HTTP, no PDF and no
//! database: those are behind the seams of `types`.

mod owner;
mod settings;
mod section;
mod prompt;
mod schema;
mod question;
mod failure;
mod call;
mod journal;
mod cleaner;
mod sweep;
mod parts;
mod pressure;
mod upload;
mod task;
mod extractor;
mod analyze;
pub mod wire;
#[cfg(test)]
mod doubles;

pub use analyze::{Found, LeftOut, Way, no_outline, of_outline};
pub use call::{Routes, Trouble, VerdictOf};
pub use extractor::{Extract, Extracted, Extractor, Parts};
pub use failure::stopped;
pub use pressure::Resident;
pub use prompt::{BadPrompts, Prompt, Prompts};
pub use schema::{BadSchema, Schema};
pub use section::{Answered, Section, SectionResult};
pub use settings::{Keep, Settings, Timeouts};
pub use sweep::Swept;
