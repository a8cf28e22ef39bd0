//! Our own files inside a source: the store, its log and lock, and the consolidated folder are no documents.

use std::path::{Path, PathBuf};

/// Patterns, in the syntax of `.gitignore` relative to the source, that keep our files out of its listing.
///
/// Listing the store would do worse than fail: closing a file drops the locks that `SQLite` holds on it.
pub(crate) fn patterns(source: &Path, store_url: &str, out: Option<&Path>) -> Vec<String> {
    let store = store_url.strip_prefix("sqlite:").map(PathBuf::from);
    let store = store.iter().filter_map(|path| inside(source, path)).flat_map(|pattern| {
        ["", "-wal", "-shm", "-journal", ".lock"].map(|ending| format!("{pattern}{ending}"))
    });
    let out = out.and_then(|out| inside(source, out)).map(|pattern| format!("{pattern}/"));
    store.chain(out).collect()
}

/// Whether `folder` is the source, or lies above it.
pub(crate) fn holds(folder: &Path, source: &Path) -> bool {
    match (resolved(folder), resolved(source)) {
        (Some(folder), Some(source)) => source.starts_with(folder),
        _ => false,
    }
}

/// The path as a pattern, if it lies below the source.
fn inside(source: &Path, path: &Path) -> Option<String> {
    let source = resolved(source)?;
    let path = resolved(path)?;
    let below = path.strip_prefix(&source).ok()?.to_str()?;
    (!below.is_empty()).then(|| format!("/{}", escaped(below)))
}

/// Absolute and without links, as far as the path exists.
fn resolved(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    if let Ok(real) = absolute.canonicalize() {
        return Some(real);
    }
    let folder = absolute.parent()?;
    Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(absolute.file_name()?))
}

fn escaped(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '!' | '#' | '\\' | ' ') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_inside_is_kept_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let url = format!("sqlite:{}", root.join("k b.db").display());
        let found = patterns(root, &url, Some(&root.join("out")));
        assert_eq!(
            found,
            [
                "/k\\ b.db",
                "/k\\ b.db-wal",
                "/k\\ b.db-shm",
                "/k\\ b.db-journal",
                "/k\\ b.db.lock",
                "/out/"
            ]
        );
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(patterns(elsewhere.path(), &url, Some(root)).is_empty());
    }
}
