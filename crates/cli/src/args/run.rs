//! `ingest`, and the flags of everything that ingests.

use crate::args::store::StoreArgs;
use crate::config::{Flag, key};
use clap::ValueEnum;
use types::document::OwnLabel;

#[derive(Debug, clap::Args)]
pub(crate) struct IngestArgs {
    /// Files, folders, or `-` for JSON Lines on stdin
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub labels: LabelArgs,
    /// Remove documents whose source is gone; `all`: however many they are
    #[arg(
        long,
        value_name = "all",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "guarded",
        hide_possible_values = true
    )]
    pub prune: Option<Prune>,
    /// Say what would be done and what it would cost, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Prune {
    /// Refuses to remove more than 20 % and more than 100 documents.
    #[value(hide = true)]
    Guarded,
    All,
}

/// Flags of `ingest` and `failures retry`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunArgs {
    /// The embedding model: `builtin` [default: the store's own, else builtin]
    #[arg(long, value_name = "SPEC")]
    pub embedder: Option<String>,
    /// Folder of the consolidated files [default: the one of the store's last run]
    #[arg(long, value_name = "DIR")]
    pub out: Option<String>,
    /// Write embeddings into the consolidated files
    #[arg(long)]
    pub with_embeddings: bool,
    /// How much of the machine to take: minimal, balanced, aggressive or auto [default: auto]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Memory to stay under, such as 512MB, 2GiB or 80% [default: from the profile]
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<String>,
    /// Stop before more than this is spent
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<String>,
    /// Name of the run [default: a new one]
    #[arg(long, value_name = "ID", value_parser = run_id)]
    pub run_id: Option<String>,
}

/// Labels for all documents of a run that have none of their own.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LabelArgs {
    /// Domain of documents that do not say one
    #[arg(long, value_name = "D", value_parser = not_blank)]
    pub domain: Option<String>,
    /// Category of documents that do not say one
    #[arg(long, value_name = "C", value_parser = not_blank)]
    pub category: Option<String>,
}

impl IngestArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.store.flags();
        flags.extend(self.run.flags());
        flags
    }
}

impl RunArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let with_embeddings = self.with_embeddings.then(|| "true".to_owned());
        [
            (&key::EMBEDDER, "--embedder", &self.embedder),
            (&key::OUT, "--out", &self.out),
            (&key::WITH_EMBEDDINGS, "--with-embeddings", &with_embeddings),
            (&key::PROFILE, "--profile", &self.profile),
            (&key::MEMORY_LIMIT, "--memory-limit", &self.memory_limit),
            (&key::MAX_COST, "--max-cost", &self.max_cost),
        ]
        .into_iter()
        .filter_map(|(key, name, value)| Some(Flag { key, name, value: value.clone()? }))
        .collect()
    }
}

impl LabelArgs {
    pub(crate) fn labels(&self) -> OwnLabel {
        OwnLabel { domain: self.domain.clone(), category: self.category.clone() }
    }
}

/// It stands in results, logs and the ledger.
fn run_id(text: &str) -> Result<String, String> {
    let fits = (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let expected = "expected 1 to 100 letters, digits, `-`, `_` and `.`";
    if fits { Ok(text.to_owned()) } else { Err(expected.to_owned()) }
}

fn not_blank(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("expected a name".to_owned()) } else { Ok(text.to_owned()) }
}
