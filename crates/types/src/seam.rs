//! The traits that connectors implement, one file each, written as contracts.

pub mod source;
pub mod parse;
pub mod embed;
pub mod store;
pub mod condition;
pub mod llm;
pub mod models;
pub mod upload;
pub mod split;
pub mod transcript;

pub use condition::{Condition, Connections, IndexState, VectorIndex};
pub use embed::{BatchLimits, BoxFuture, EmbedError, Embedded, Embedder, Purpose, TokenCount};
pub use models::{ModelNumber, Models};
pub use parse::{Choice, MemberEvent, Parser, Parsers, Unpacker};
pub use source::{Listed, ListedFile, Listing, Source, SourceError};
pub use store::{
    Counts, EntryVectors, Migration, Repair, RunRow, Store, StoreError, StoreErrorKind, Switch,
    Target,
};
