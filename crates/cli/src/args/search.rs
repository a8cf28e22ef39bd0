//! `search`.

use crate::args::store::StoreArgs;
use clap::ValueEnum;
use types::query::{Filter, Mode};

#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// What to look for; several words need no quotes
    #[arg(required = true, value_name = "QUERY")]
    words: Vec<String>,
    /// By meaning, by words, or by both
    #[arg(long, value_enum, default_value = "hybrid")]
    mode: ModeArg,
    /// Hits wanted
    #[arg(
        short = 'k',
        long = "k",
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=HITS_MAX)
    )]
    k: u16,
    /// Only documents of this domain
    #[arg(long, value_name = "D")]
    domain: Option<String>,
    /// Only documents of this category
    #[arg(long, value_name = "C")]
    category: Option<String>,
    /// Only documents whose name fits the pattern
    #[arg(long, value_name = "GLOB")]
    document: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Hits with their texts are held in memory.
const HITS_MAX: i64 = 10_000;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    Semantic,
    Keyword,
    Hybrid,
}

impl SearchArgs {
    pub(crate) fn query(&self) -> String {
        self.words.join(" ")
    }

    pub(crate) fn mode(&self) -> Mode {
        match self.mode {
            ModeArg::Semantic => Mode::Semantic,
            ModeArg::Keyword => Mode::Keyword,
            ModeArg::Hybrid => Mode::Hybrid,
        }
    }

    pub(crate) fn k(&self) -> usize {
        usize::from(self.k)
    }

    pub(crate) fn filter(&self) -> Filter {
        Filter {
            domain: self.domain.clone(),
            category: self.category.clone(),
            document: self.document.clone(),
        }
    }
}
