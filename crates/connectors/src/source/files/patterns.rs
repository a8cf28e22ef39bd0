//! What is left out: patterns in the syntax of `.gitignore`.
//!
//! `.gitignore` itself is not honoured: what a build makes may well be what somebody wants to search.

use super::refusal::{self, Thing};
use super::regular::open_without_links;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use types::failure::Failure;

/// Honoured in every folder of a source.
pub(super) const IGNORE_FILE: &str = ".gristmillignore";

/// Thousands of patterns; more is not written by hand.
const IGNORE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A set of patterns relative to one folder; a later one wins over an earlier one.
#[derive(Debug)]
pub(super) struct Patterns(Gitignore);

/// What patterns say about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Skip,
    Keep,
    /// No pattern matches.
    Open,
}

/// A line is not a pattern; lines are counted from 1.
#[derive(Debug)]
pub(super) struct BadPattern {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Patterns {
    pub(super) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, BadPattern> {
        // Paths are given relative to the folder: "." keeps the matcher from cutting them once more.
        let mut builder = GitignoreBuilder::new(".");
        // Taken literally, a forgotten bracket would let in what was to stay out.
        builder.allow_unclosed_class(false);
        let mut last = 0;
        for (at, line) in lines.enumerate() {
            last = at + 1;
            builder
                .add_line(None, line)
                .map_err(|error| BadPattern { line: last, reason: error.to_string() })?;
        }
        // Only here, with all patterns together, a size limit of the matcher can be met.
        let set = builder
            .build()
            .map_err(|error| BadPattern { line: last, reason: error.to_string() })?;
        Ok(Self(set))
    }

    /// Reads the folder's own ignore file.
    pub(super) fn of_folder(folder: &Path) -> Result<Self, Failure> {
        let on_file = |error: &std::io::Error| refusal::by_system(Thing::IgnoreFile, error);
        let opened = open_without_links(&folder.join(IGNORE_FILE), OFlags::empty());
        let file = File::from(opened.map_err(|error| on_file(&error))?);
        let kind = file.metadata().map_err(|error| on_file(&error))?.file_type();
        if !kind.is_file() {
            return Err(refusal::special(kind));
        }
        let mut text = Vec::new();
        file.take(IGNORE_FILE_BYTES_MAX + 1)
            .read_to_end(&mut text)
            .map_err(|error| on_file(&error))?;
        if text.len() as u64 > IGNORE_FILE_BYTES_MAX {
            return Err(refusal::ignore_file_too_large(IGNORE_FILE_BYTES_MAX));
        }
        let text = std::str::from_utf8(&text).map_err(|error| {
            let line = text[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            refusal::bad_pattern(line, "not UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::parse(text.lines()).map_err(|bad| refusal::bad_pattern(bad.line, &bad.reason))
    }

    /// `path` is relative to the folder of the patterns, and none of its parents is left out.
    pub(super) fn verdict(&self, path: &Path, entry: EntryKind) -> Verdict {
        match self.0.matched(path, entry == EntryKind::Folder) {
            Match::None => Verdict::Open,
            Match::Ignore(_) => Verdict::Skip,
            Match::Whitelist(_) => Verdict::Keep,
        }
    }
}

/// Patterns that end in `/` match folders only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Folder,
    Other,
}
