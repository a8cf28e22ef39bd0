//! Files that mean harm, made when a test asks for them: small on disk, whatever they grow into.
//!
//! The law for all of them: the run ends, each file has an answer, nothing is written outside, and memory stays
//! bounded. [`Expect`] says what more is known about one.

mod archives;
mod deflated;
mod office;
mod pdfs;
mod texts;
mod tree;

use std::path::Path;

/// A hostile file that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hostile {
    /// Below the folder that it was made in.
    pub(crate) name: &'static str,
    pub(crate) expect: Expect,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect {
    /// It comes in, and a keyword search for this word finds it.
    Found(&'static str),
    /// It, or a member of it, is listed as failed under one of these classes.
    Failed(&'static [&'static str]),
    /// Both: a part comes in, and a part is listed as failed.
    FoundAndFailed(&'static str, &'static [&'static str]),
    /// In or failed: where the limits lie decides. Never silence, a crash or a run without end.
    Answered,
}

struct Recipe {
    name: &'static str,
    expect: Expect,
    bytes: fn() -> Vec<u8>,
}

impl Recipe {
    const fn new(name: &'static str, expect: Expect, bytes: fn() -> Vec<u8>) -> Self {
        Self { name, expect, bytes }
    }
}

/// Makes every hostile file of the right size for a quick test.
pub(crate) fn all(dir: &Path) -> Vec<Hostile> {
    [texts::RECIPES, archives::RECIPES, pdfs::RECIPES, office::RECIPES]
        .into_iter()
        .flatten()
        .map(|recipe| {
            std::fs::write(dir.join(recipe.name), (recipe.bytes)()).unwrap();
            Hostile { name: recipe.name, expect: recipe.expect }
        })
        .collect()
}

/// Makes entries that are hostile by what they are and not by what they hold: links, pipes, names.
pub(crate) use tree::make as tree;

/// A text without a line break, of any length.
pub(crate) use texts::long_line;
