//! `config`.

use crate::args::run::RunArgs;
use crate::args::store::StoreArgs;
use crate::config::Flag;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// All settings in force, each with where it comes from
    Show(Overrides),
    /// Everything that is wrong or odd in file, environment and flags
    Check(Overrides),
}

/// Flags of other commands, to see what they would do.
#[derive(Debug, clap::Args)]
pub(crate) struct Overrides {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl ConfigCommand {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let (Self::Show(overrides) | Self::Check(overrides)) = self;
        let mut flags = overrides.store.flags();
        flags.extend(overrides.run.flags());
        flags
    }
}
