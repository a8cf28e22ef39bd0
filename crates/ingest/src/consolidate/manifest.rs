//! `.gristmill.json`: which files of the folder are ours, and of which revision.

use super::file_name;
use super::write::replace;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use types::ledger::PairState;

const NAME: &str = ".gristmill.json";

#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// Of the store and of the form of its entries.
    pub identity: String,
    /// None while the file is being written.
    files: BTreeMap<String, Option<Written>>,
}

/// A file as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    /// Of the pair.
    revision: i64,
    bytes: u64,
}

impl Written {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            revision: value.get("revision")?.as_i64()?,
            bytes: value.get("bytes")?.as_u64()?,
        })
    }
}

impl Manifest {
    /// A manifest that cannot be understood is as none: its files are then rewritten, but none is removed.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let bytes = match std::fs::read(directory.join(NAME)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let Ok(Value::Object(root)) = serde_json::from_slice(&bytes) else {
            return Ok(Self::default());
        };
        let identity = root.get("identity").and_then(Value::as_str).unwrap_or_default().to_owned();
        let files = root.get("files").and_then(Value::as_object).cloned().unwrap_or_default();
        // A name that leaves the folder was not written by us.
        let safe = |name: &String| {
            !name.split('/').any(|part| part.is_empty() || part == "." || part == "..")
        };
        let files = files
            .into_iter()
            .filter(|(name, _)| safe(name))
            .map(|(name, written)| (name, Written::read(&written)));
        Ok(Self { identity, files: files.collect() })
    }

    pub(super) fn forget_revisions(&mut self, identity: String) {
        self.identity = identity;
        self.files.values_mut().for_each(|written| *written = None);
    }

    /// The file is there as it was written, and its pair has not changed since. Another length means that
    /// somebody else wrote it.
    pub(super) fn is_current(&self, directory: &Path, name: &str, revision: i64) -> bool {
        let Some(Some(written)) = self.files.get(name) else { return false };
        let bytes = std::fs::metadata(directory.join(name)).map(|file| file.len());
        written.revision == revision && bytes.is_ok_and(|bytes| bytes == written.bytes)
    }

    pub(super) fn claim(&mut self, name: &str) {
        self.files.insert(name.to_owned(), None);
    }

    pub(super) fn set(&mut self, directory: &Path, name: &str, revision: i64) -> io::Result<()> {
        let bytes = std::fs::metadata(directory.join(name))?.len();
        self.files.insert(name.to_owned(), Some(Written { revision, bytes }));
        Ok(())
    }

    /// Removes our files whose pairs are gone, and folders that are then empty.
    pub(super) fn remove_others(
        &mut self,
        directory: &Path,
        pairs: &[PairState],
    ) -> io::Result<u64> {
        let wanted: std::collections::BTreeSet<String> =
            pairs.iter().map(|pair| file_name(&pair.label)).collect();
        let gone: Vec<String> =
            self.files.keys().filter(|name| !wanted.contains(*name)).cloned().collect();
        for name in &gone {
            fault::point("consolidate.remove")?;
            let path = directory.join(name);
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            if let Some(folder) = path.parent().filter(|folder| *folder != directory) {
                // Not empty is the usual case, and no error.
                drop(std::fs::remove_dir(folder));
            }
            self.files.remove(name);
        }
        Ok(gone.len() as u64)
    }

    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let entry = |written: &Option<Written>| {
            written.map_or(Value::Null, |w| json!({ "revision": w.revision, "bytes": w.bytes }))
        };
        let files: Map<String, Value> =
            self.files.iter().map(|(name, written)| (name.clone(), entry(written))).collect();
        let root = json!({ "format": 1, "identity": self.identity, "files": files });
        replace(&directory.join(NAME), |out| {
            serde_json::to_writer_pretty(&mut *out, &root)?;
            out.write_all(b"\n")
        })
    }
}
