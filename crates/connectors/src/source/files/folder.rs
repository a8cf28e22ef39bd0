//! A folder with everything below it.

use super::patterns::Patterns;
use super::regular;
use super::walk::Walk;
use crate::source::{name, unusable};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use types::document::RawDocument;
use types::failure::Failure;
use types::seam::{Listed, ListedFile, Listing, Source, SourceError};

/// All files below one folder, except hidden ones and what patterns leave out.
#[derive(Debug)]
pub struct Folder {
    name: String,
    /// Without links: what a link leads to is compared with it.
    root: PathBuf,
    exclude: Patterns,
}

impl Folder {
    /// `path` is absolute.
    pub fn open(path: &Path, exclude: &[String]) -> Result<Self, SourceError> {
        let root = std::fs::canonicalize(path).map_err(|error| unusable(path, &error))?;
        let patterns =
            Patterns::parse(exclude.iter().map(String::as_str)).map_err(|bad| SourceError {
                message: format!("exclude pattern {} is not valid: {}", bad.line, bad.reason),
                hint: "exclude patterns are written as in .gitignore".to_owned(),
            })?;
        Ok(Self { name: name::encode_path(path), root, exclude: patterns })
    }
}

impl Source for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(
        &self,
        visit: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<Listing, SourceError> {
        let mut walk = Walk::start(&self.root, &self.exclude).map_err(|failure| SourceError {
            message: format!("cannot list {}: {failure}", name::shown(&self.root)),
            hint: failure.hint,
        })?;
        for listed in &mut walk {
            if visit(listed).is_break() {
                return Ok(Listing { complete: false });
            }
        }
        Ok(Listing { complete: walk.saw_everything() })
    }

    fn open(&self, file: &ListedFile) -> Result<RawDocument, Failure> {
        regular::open(file)
    }

    fn unchanged(&self, file: &ListedFile) -> bool {
        regular::unchanged(file)
    }
}
