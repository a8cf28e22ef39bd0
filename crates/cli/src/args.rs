//! The command line, as typed.

pub(crate) mod store;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod failures;
pub(crate) mod config;
pub(crate) mod copy;
pub(crate) mod simulate;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod content;

#[cfg(test)]
mod tests;

pub(crate) use config::ConfigCommand;
pub(crate) use content::{AnalyzeArgs, ExtractArgs, ServeArgs, SplitArgs};
pub(crate) use copy::CopyArgs;
pub(crate) use failures::{FailuresCommand, Targets};
pub(crate) use migrate::MigrateArgs;
pub(crate) use models::{ModelsCommand, PullArgs};
pub(crate) use run::{IngestArgs, LabelArgs, Prune};
pub(crate) use search::SearchArgs;
pub(crate) use simulate::SimulateArgs;
pub(crate) use store::StoreArgs;

use crate::config::Flag;
use clap::{ArgAction, Parser, Subcommand};
use std::path::PathBuf;

/// Turns piles of documents into a searchable knowledge base.
#[derive(Debug, Parser)]
#[command(name = "gristmill", version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Globals {
    /// Configuration file [default: ./gristmill.toml if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object on stdout, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress, no hints
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More about what happens; twice: everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Globals {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read, parse, chunk, embed, store and consolidate documents
    Ingest(Box<IngestArgs>),
    /// Search what is stored
    Search(SearchArgs),
    /// Documents, chunks, model, last runs and failures of a store
    Status(StoreArgs),
    /// Documents that could not be ingested: list, retry, forget
    #[command(subcommand)]
    Failures(FailuresCommand),
    /// Check the store against its ledger and the sources
    Verify {
        #[command(flatten)]
        store: StoreArgs,
        /// Mend what can be mended without paying twice
        #[arg(long)]
        repair: bool,
    },
    /// Embed what is stored with another model, side by side, then switch to it
    Migrate(MigrateArgs),
    /// Find the sections of a PDF
    Analyze(AnalyzeArgs),
    /// Cut a PDF into one file for each section
    Split(SplitArgs),
    /// Ask a language model about each section of a PDF
    Extract(Box<ExtractArgs>),
    /// Answer `POST /analyze`, `/split` and `/extract` on this machine
    Serve(ServeArgs),
    /// Copy a store into another one, from a file to a server or back, without embedding again
    Copy(CopyArgs),
    /// Show the settings in force and where they come from, or check them
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Local embedding models: list them, fetch one
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Run the limiter and others against simulated providers, and print the scores
    Simulate(SimulateArgs),
}

impl Args {
    /// The flags that set keys of the configuration.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        match &self.command {
            Command::Ingest(ingest) => ingest.flags(),
            Command::Search(search) => search.store.flags(),
            Command::Status(store) | Command::Verify { store, .. } => store.flags(),
            Command::Failures(failures) => failures.flags(),
            Command::Migrate(migrate) => migrate.flags(),
            Command::Analyze(analyze) => analyze.model.flags(),
            Command::Extract(extract) => extract.flags(),
            Command::Serve(serve) => serve.model.flags(),
            Command::Config(config) => config.flags(),
            Command::Split(_) | Command::Simulate(_) | Command::Copy(_) | Command::Models(_) => {
                Vec::new()
            }
        }
    }
}
