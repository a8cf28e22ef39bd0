//! `failures`.

use crate::args::run::{LabelArgs, RunArgs};
use crate::args::store::StoreArgs;
use crate::config::Flag;
use clap::Subcommand;
use types::failure::FailureClass;
use types::ledger::DeadLetter;

#[derive(Debug, Subcommand)]
pub(crate) enum FailuresCommand {
    /// Show all
    List(StoreArgs),
    /// Try documents again
    Retry {
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        run: Box<RunArgs>,
        #[command(flatten)]
        labels: LabelArgs,
    },
    /// Forget failures; their documents are not tried again until they change
    Purge {
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// Which failures.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Selection {
    /// Numbers as `failures list` shows them, or classes such as `timeout`
    #[arg(value_name = "ID|CLASS", required_unless_present = "all", value_parser = one)]
    only: Vec<Target>,
    /// All failures
    #[arg(long, conflicts_with = "only")]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Id(i64),
    Class(FailureClass),
}

/// Which failures, after the flags were understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    All,
    Only { ids: Vec<i64>, classes: Vec<FailureClass> },
}

impl Selection {
    pub(crate) fn targets(&self) -> Targets {
        if self.all {
            return Targets::All;
        }
        let (mut ids, mut classes) = (Vec::new(), Vec::new());
        for target in &self.only {
            match target {
                Target::Id(id) => ids.push(*id),
                Target::Class(class) => classes.push(*class),
            }
        }
        Targets::Only { ids, classes }
    }
}

impl Targets {
    pub(crate) fn holds(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::All => true,
            Self::Only { ids, classes } => {
                ids.contains(&letter.id) || classes.contains(&letter.failure.class)
            }
        }
    }

    /// Numbers that were asked for and are not among the letters.
    pub(crate) fn missing(&self, letters: &[DeadLetter]) -> Vec<i64> {
        match self {
            Self::All => Vec::new(),
            Self::Only { ids, .. } => {
                let is_there = |id: &i64| letters.iter().any(|letter| letter.id == *id);
                ids.iter().filter(|id| !is_there(id)).copied().collect()
            }
        }
    }
}

impl FailuresCommand {
    pub(crate) fn store(&self) -> &StoreArgs {
        match self {
            Self::List(store) | Self::Retry { store, .. } | Self::Purge { store, .. } => store,
        }
    }

    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.store().flags();
        if let Self::Retry { run, .. } = self {
            flags.extend(run.flags());
        }
        flags
    }
}

fn one(word: &str) -> Result<Target, String> {
    if let Ok(id) = word.parse() {
        return Ok(Target::Id(id));
    }
    word.parse().map(Target::Class).map_err(|_| {
        let classes = FailureClass::ALL.map(FailureClass::as_str);
        format!("expected the number of a failure, or one of {}", classes.join(", "))
    })
}
