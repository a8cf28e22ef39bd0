//! Models that `models pull` fetched: where they lie, and which one a name means.

use crate::failed::Failed;
use connectors::hub::{self, Manifest, Repository, Revision};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that a pull has made, or begun.
pub(crate) struct Pulled {
    pub folder: PathBuf,
    /// None: the pull has not ended.
    pub manifest: Option<Manifest>,
}

/// The folder of a model that is pulled without `--to`.
pub(crate) fn folder(models: &Path, repository: &Repository, revision: &Revision) -> PathBuf {
    let folder = models.join(repository.to_string());
    if revision.is_main() {
        return folder;
    }
    let name = format!("{}@{}", repository.short(), revision.encoded());
    folder.with_file_name(name)
}

/// Sorted by folder. A model lies one or two folders deep, as its name has an owner or none.
pub(crate) fn all(models: &Path) -> Vec<Pulled> {
    let mut found = Vec::new();
    for folder in folders(models) {
        match pulled(&folder) {
            Some(model) => found.push(model),
            None => found.extend(folders(&folder).iter().filter_map(|folder| pulled(folder))),
        }
    }
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
}

/// The folder that `local:NAME` means: itself where it is one, else that of a pulled model with this name or whose
/// last part it is.
pub(super) fn place(models: &Path, name: &Path) -> Result<PathBuf, Failed> {
    if name.is_dir() || name.is_absolute() {
        return Ok(name.to_owned());
    }
    let named = models.join(name);
    if named.is_dir() && !hub::is_unfinished(&named) {
        return Ok(named);
    }
    let finished = all(models).into_iter().filter(|model| model.manifest.is_some());
    let mut same = finished.filter(|model| model.folder.file_name() == Some(name.as_os_str()));
    match (same.next(), same.next()) {
        (Some(model), None) => Ok(model.folder),
        (Some(one), Some(other)) => Err(Failed::usage(
            format!(
                "local:{} may be {} or {}",
                name.display(),
                one.folder.display(),
                other.folder.display()
            ),
            "write its owner too: local:OWNER/NAME",
        )),
        (None, _) => Err(Failed::usage(
            format!("{} is no folder, and no model of that name was pulled", name.display()),
            "name a folder, or fetch the model: gristmill models pull OWNER/NAME",
        )),
    }
}

fn pulled(folder: &Path) -> Option<Pulled> {
    let manifest = hub::manifest(folder);
    (manifest.is_some() || hub::is_unfinished(folder))
        .then(|| Pulled { folder: folder.to_owned(), manifest })
}

/// None where the folder cannot be read: there is nothing in it then.
fn folders(at: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(at).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
