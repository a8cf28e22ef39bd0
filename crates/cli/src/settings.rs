//! What the program works with: validated, complete, built once.
//!
//! `config` reads what was written; nothing here knows where a value came from.

pub(crate) mod profile;
pub(crate) mod machine;
pub(crate) mod pattern;
pub(crate) mod command_line;
pub(crate) mod http_url;
pub(crate) mod prices;
pub(crate) mod keys;

pub(crate) use profile::Profile;

use crate::config::confidential::Confidential;
use command_line::CommandLine;
use connectors::embed::ProviderSpec;
use connectors::embed::local::{DeviceChoice, Precision};
use http_url::HttpUrl;
use ingest::route::Condition;
use keys::Keys;
use pattern::NamePattern;
use prices::Prices;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use types::seam::EntryVectors;

/// `Debug` shows no secrets: what may hold one is of a type that hides it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Such as `sqlite:gristmill.db`.
    pub store: Confidential,
    pub embedder: EmbedderChoice,
    pub consolidated: Consolidated,
    /// Bytes that the process and its parse children may hold together.
    pub memory_limit: u64,
    /// Documents parsed, chunked and embedded at once by this machine's cores.
    pub workers: NonZeroUsize,
    pub documents_in_flight: NonZeroUsize,
    pub following: Following,
    pub on_bad_chunk: OnBadChunk,
    /// A store that cannot be reached in the middle of a run is waited for so long.
    /// Whether a new store indexes words; none: it does.
    pub full_text: Option<bool>,
    pub store_wait: Duration,
    /// An embedding provider that gives no answer is waited for so long, and so is a quota's known reset.
    pub provider_wait: Duration,
    /// Patterns as in `.gitignore`.
    pub exclude: Vec<String>,
    /// Where pulled models lie.
    pub models: PathBuf,
    /// US dollars of one run; none: not limited. See [`Settings::budget`].
    pub max_cost: Option<f64>,
    pub chunk: Chunk,
    pub embed: EmbedCaps,
    /// What names the same group shares the embedder's limits; none: those of its own.
    pub embed_group: Option<String>,
    pub local: LocalModel,
    pub limits: Limits,
    pub content: Content,
    pub prices: Prices,
    /// In the order of the file: the first that fits wins.
    pub rules: Vec<Rule>,
    pub parsers: Vec<CustomParser>,
    pub hooks: Vec<Hook>,
    /// Other keys and servers of the embedder's model.
    pub endpoints: Vec<Endpoint>,
    /// Chunks that other models embed; the first that fits wins, and what none takes is the embedder's.
    pub routes: Vec<Route>,
    pub keys: Keys,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EmbedderChoice {
    /// The one whose vectors the store holds, the built-in one for an empty store.
    OfStore,
    Builtin,
    /// The folder of a transformer.
    Local(PathBuf),
    /// A provider's model.
    Remote(ProviderSpec),
}

/// Where consolidated files go; what is none is as the store remembers it from the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consolidated {
    pub out: Option<PathBuf>,
    pub vectors: Option<EntryVectors>,
}

/// How the number of workers follows the load of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Following {
    pub follow: Follow,
    /// Share of the processors that others may use before there are fewer workers.
    pub cpu_max: f64,
    pub cores: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Load,
    /// The user wrote a number, and it holds.
    Nothing,
}

/// What a chunk that the model refuses costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnBadChunk {
    /// Itself.
    Skip,
    /// Its document: the old version stays.
    FailDocument,
}

/// In tokens as the embedder counts them; the overlap is smaller than the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub tokens: usize,
    pub overlap: usize,
}

/// How calls to the model are limited, beside what it takes and what its provider is found to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmbedCaps {
    pub batch_items: Option<usize>,
    pub batch_tokens: Option<usize>,
    /// Calls at once.
    pub in_flight: Option<usize>,
    /// Keys go over plain `http://` to other machines too.
    pub key_over_http: bool,
    pub policy: LimitPolicy,
    /// Limits that the user knows; none: they are found out.
    pub requests_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
}

/// How a transformer from a folder is used; what is none is as for the store's vectors, else as the folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalModel {
    pub precision: Option<Precision>,
    /// What documents are embedded on.
    pub device: DeviceChoice,
    /// What is put before a query.
    pub query_prompt: Option<String>,
    /// What is put before a document.
    pub document_prompt: Option<String>,
}

/// Who decides when the next call may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitPolicy {
    /// Finds the provider's limits and keeps to them.
    Adaptive,
    /// The rule of the earlier system: concurrency by latency and refusals.
    Simple,
}

/// Another way to the embedder's model: another key, another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub embedder: ProviderSpec,
    /// Environment variable of its key; none: the provider's usual one.
    pub key: Option<String>,
    /// Endpoints of one group share their limits; none: a group of its own.
    pub group: Option<String>,
    pub standby: Standby,
    /// The model whose vectors it makes, as `PROVIDER:MODEL`, where its server calls that model otherwise.
    pub serves: Option<String>,
}

/// Chunks of which this holds are embedded by this model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub embedder: EmbedderChoice,
    pub when: Condition,
}

/// Whether an endpoint is used only while no other can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standby {
    No,
    Yes,
}

/// What one document or archive may take before it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Processor time for a small document; larger ones get more.
    pub parse_time: Duration,
    /// Bytes of memory of a parser, at most; small documents get less.
    pub parse_memory: u64,
    /// Size of a file or archive member.
    pub document_bytes: u64,
    /// Unpacked bytes of an archive.
    pub archive_bytes: u64,
    pub archive_members: u64,
}

/// How a document travels with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentParts {
    /// As a file where the provider is known to take files, else as text.
    Auto,
    File,
    Text,
}

/// How sections of documents go through a language model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// As typed; none: it has to be named.
    pub llm: Option<String>,
    pub section_tasks: NonZeroUsize,
    pub uploads: NonZeroUsize,
    pub splits: NonZeroUsize,
    pub timeouts: content::Timeouts,
    /// A provider that answers nothing is waited for so long.
    pub provider_wait: Duration,
    /// Keys go over plain `http://` to other machines too.
    pub key_over_http: bool,
    pub parts: DocumentParts,
    /// What names the same group shares its limits; none: those of its own.
    pub group: Option<String>,
    /// Limits that the user knows; none: they are found out.
    pub requests_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
    /// Resident bytes above which no section is begun while others are under way; none: not looked at.
    pub memory_max: Option<u64>,
    /// And where it is gone on.
    pub memory_low: u64,
}

/// Documents with such a name get this domain, this category, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub pattern: NamePattern,
    pub domain: Option<String>,
    pub category: Option<String>,
}

/// A user's program that reads documents with such a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomParser {
    pub pattern: NamePattern,
    /// The path of the file comes after its arguments.
    pub command: CommandLine,
    pub timeout: Duration,
    /// Bytes.
    pub memory: u64,
}

/// What gets the result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hook {
    /// Reads it from its standard input.
    Command(CommandLine),
    /// Gets it as the body of a POST request.
    Post(HttpUrl),
}
