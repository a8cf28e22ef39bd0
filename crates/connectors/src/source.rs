//! Where documents come from: folders, single files, standard input.
//!
//! A SOURCE argument becomes one [`Source`]. Its name is the argument's absolute form, so that `docs`, `./docs/`
//! and the full path are one source; links in it are kept, because `current -> v2` must stay one source when the
//! link moves on.

pub mod files;
pub mod name;
pub mod stdin;

#[cfg(test)]
mod tests;

use files::{Folder, SingleFile};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use stdin::Spooled;
use types::seam::{Source, SourceError};

/// Opens a SOURCE argument: `-`, a file, or a folder.
///
/// `exclude` holds patterns in the syntax of `.gitignore`, relative to a source folder; they win over its
/// `.gristmillignore`. `-` reads standard input to its end before it returns.
pub fn open_argument(argument: &str, exclude: &[String]) -> Result<Arc<dyn Source>, SourceError> {
    if argument == "-" {
        let source = Spooled::read(&mut std::io::stdin().lock(), &stdin::spool_folder())?;
        return Ok(Arc::new(source));
    }
    if let Some(scheme) = url_scheme(argument) {
        return Err(SourceError {
            message: format!("cannot read URL sources ({scheme}://)"),
            hint: "download the documents into a folder, and name the folder".to_owned(),
        });
    }
    open_path(&absolute(Path::new(argument))?, exclude)
}

/// Opens a source again by the name that it has in the store; standard input cannot be.
pub fn open_named(source: &str, exclude: &[String]) -> Result<Arc<dyn Source>, SourceError> {
    if source == "-" {
        return Err(SourceError {
            message: "standard input is over".to_owned(),
            hint: "ingest the same input again".to_owned(),
        });
    }
    open_path(&name::decode_path(source), exclude)
}

fn open_path(path: &Path, exclude: &[String]) -> Result<Arc<dyn Source>, SourceError> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Arc::new(Folder::open(path, exclude)?)),
        Ok(_) => Ok(Arc::new(SingleFile::open(path)?)),
        Err(error) => Err(unusable(path, &error)),
    }
}

/// The scheme of something that looks like a URL. Only the scheme is ever shown: the rest may hold a secret.
fn url_scheme(argument: &str) -> Option<&str> {
    let (scheme, _) = argument.split_once("://")?;
    let mut letters = scheme.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (starts && goes_on).then_some(scheme)
}

/// Absolute, without `.` and trailing slashes. Links are kept, except before a `..`, which means the parent of
/// what the link leads to.
fn absolute(path: &Path) -> Result<PathBuf, SourceError> {
    let full = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
    let mut made = PathBuf::new();
    for part in full.components() {
        if part == Component::ParentDir {
            made = std::fs::canonicalize(&made).map_err(|error| unusable(path, &error))?;
            made.pop();
        } else {
            made.push(part);
        }
    }
    Ok(made)
}

fn unusable(path: &Path, error: &std::io::Error) -> SourceError {
    let path = name::shown(path);
    let (message, hint) = match error.kind() {
        std::io::ErrorKind::NotFound => {
            (format!("there is no file or folder {path}"), "check the path for typing errors")
        }
        std::io::ErrorKind::PermissionDenied => (
            format!("no permission to read {path}"),
            "give this user read permission, or run as a user that has it",
        ),
        _ => (format!("cannot read {path}: {error}"), "check the path and its file system"),
    };
    SourceError { message, hint: hint.to_owned() }
}
