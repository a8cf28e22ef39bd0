//! The flags of `migrate`.

use super::store::StoreArgs;
use crate::config::{Flag, key};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    /// The model to migrate to, as in `ingest`
    #[arg(long, value_name = "SPEC")]
    pub embedder: String,
    /// Stop before more than this is spent
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<String>,
    /// Switch although chunks were refused: they are found by keywords only
    #[arg(long)]
    pub skip_refused: bool,
    /// Say what would be embedded and what it would cost, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl MigrateArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.store.flags();
        let embedder = self.embedder.clone();
        flags.push(Flag { key: &key::EMBEDDER, name: "--embedder", value: embedder });
        let cost = self.max_cost.iter();
        flags.extend(cost.map(|usd| Flag {
            key: &key::MAX_COST,
            name: "--max-cost",
            value: usd.clone(),
        }));
        flags
    }
}
