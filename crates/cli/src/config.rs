//! Reads the configuration: file, environment, flags.
//!
//! Precedence: flag > environment > file > profile > default. Every mistake is collected, so that a user meets
//! them all at once. Nothing but this module reads the environment.

pub(crate) mod origin;
pub(crate) mod mistake;
pub(crate) mod key;
pub(crate) mod alias;
pub(crate) mod raw;
pub(crate) mod quantity;
pub(crate) mod confidential;
pub(crate) mod nearest;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod value;
pub(crate) mod resolve;
pub(crate) mod tables;
pub(crate) mod fault_plan;

mod content;
mod routes;
mod assemble;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use environment::Environment;
pub(crate) use fault_plan::fault_plan;
pub(crate) use mistake::{Mistakes, Warning};
pub(crate) use resolve::Effective;

use crate::settings::Settings;
use crate::settings::machine::Machine;
use key::Key;
use origin::Origin;
use raw::Written;
use std::path::PathBuf;

/// A flag that sets a key.
#[derive(Debug)]
pub(crate) struct Flag {
    pub key: &'static Key,
    /// As typed, such as `--store`.
    pub name: &'static str,
    pub value: String,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Settings to work with, or all that is wrong.
    pub settings: Result<Settings, Mistakes>,
    /// Every key in order; where there are mistakes, what would hold without them.
    pub effective: Vec<Effective>,
    /// What works, but perhaps not as meant. `config check` tells it.
    pub warnings: Vec<Warning>,
}

/// Reads everything. `file` is what `--config` names.
pub(crate) fn read(
    file: Option<&PathBuf>,
    environment: &Environment,
    flags: &[Flag],
    machine: &Machine,
) -> Reading {
    let file = file::Layer::load(file);
    assemble::reading(file, environment, flags, machine)
}

/// All that the settings were read from, to read them again while the program runs.
pub(crate) struct Reread {
    pub file: Option<PathBuf>,
    pub environment: Environment,
    pub flags: Vec<Flag>,
}

impl std::fmt::Debug for Reread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment may hold secrets.
        f.debug_struct("Reread").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Reread {
    pub(crate) fn read(&self) -> Reading {
        read(self.file.as_ref(), &self.environment, &self.flags, &Machine::detect())
    }
}

fn flag_values(flags: &[Flag]) -> impl Iterator<Item = (&'static Key, Written)> {
    flags.iter().map(|flag| (flag.key, Written::word(&flag.value, Origin::Flag(flag.name))))
}
