//! The folder that requests name documents of.

use crate::problem::Problem;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Files of one folder, by their paths below it.
#[derive(Debug, Clone)]
pub struct Documents {
    /// Without links.
    folder: PathBuf,
}

impl Documents {
    /// Errors: there is no such folder.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        if folder.is_dir() { Ok(Self { folder }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Nothing outside of the folder is ever opened, whatever a name or a link says.
    pub(crate) fn open(&self, id: &str) -> Result<Arc<File>, Problem> {
        let path = Path::new(id);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if id.is_empty() || !plain {
            return Err(Problem::not_found(id));
        }
        let found = self.folder.join(path).canonicalize();
        let inside = found.ok().filter(|path| path.starts_with(&self.folder) && path.is_file());
        let opened = inside.and_then(|path| File::open(path).ok());
        opened.map(Arc::new).ok_or_else(|| Problem::not_found(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_opened() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("docs");
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::write(folder.join("a/b.pdf"), "x").unwrap();
        std::fs::write(outer.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).unwrap();
        let documents = Documents::new(&folder).unwrap();
        assert!(documents.open("a/b.pdf").is_ok());
        let absolute = outer.path().join("secret");
        for id in
            ["", "a", "none.pdf", "../secret", "a/../../secret", "link", absolute.to_str().unwrap()]
        {
            assert!(documents.open(id).is_err(), "{id}");
        }
        assert!(Documents::new(&outer.path().join("secret")).is_err());
    }
}
