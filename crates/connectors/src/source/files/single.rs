//! One file, named by its user.

use super::{refusal, regular};
use crate::source::{name, unusable};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use types::document::RawDocument;
use types::failure::Failure;
use types::seam::{Listed, ListedFile, Listing, Source, SourceError};

/// One file; its document is named by the last part of the path. No pattern leaves it out: it was asked for.
#[derive(Debug)]
pub struct SingleFile {
    name: String,
    document: String,
    /// As it was named; a link is followed, wherever it leads.
    path: PathBuf,
}

impl SingleFile {
    /// `path` is absolute. An error if there is no regular file.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let source = Self {
            name: name::encode_path(path),
            document: path.file_name().map(name::encode).unwrap_or_default(),
            path: path.to_owned(),
        };
        source.look()?;
        Ok(source)
    }

    fn look(&self) -> Result<ListedFile, SourceError> {
        let refused = |error: std::io::Error| unusable(&self.path, &error);
        let target = std::fs::canonicalize(&self.path).map_err(refused)?;
        let meta = std::fs::symlink_metadata(&target).map_err(refused)?;
        if !meta.is_file() {
            let failure = refusal::special(meta.file_type());
            return Err(SourceError {
                message: format!("cannot read {}: {failure}", name::shown(&self.path)),
                hint: "name a file or a folder; JSON Lines can come through standard input with -"
                    .to_owned(),
            });
        }
        Ok(regular::listed(self.document.clone(), target, &meta))
    }
}

impl Source for SingleFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(
        &self,
        visit: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<Listing, SourceError> {
        let went_on = visit(Listed::File(self.look()?)).is_continue();
        Ok(Listing { complete: went_on })
    }

    fn open(&self, file: &ListedFile) -> Result<RawDocument, Failure> {
        regular::open(file)
    }

    fn unchanged(&self, file: &ListedFile) -> bool {
        regular::unchanged(file)
    }
}
