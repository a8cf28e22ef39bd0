//! One JSON file per domain and category, out of the store.
//!
//! Only pairs that changed since the folder's manifest was written are rewritten. Entries stream from one read
//! transaction into a temporary file that is synced and renamed: a reader sees the old file or the new one.

mod manifest;
mod path;
mod write;

pub use path::file_name;

use crate::progress::Progress;
use manifest::Manifest;
use std::path::{Path, PathBuf};
use std::time::Instant;
use types::failure::FailureClass;
use types::ledger::PairState;
use types::seam::{EntryVectors, Store, StoreError};
use write::Makers;

/// What a consolidation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consolidated {
    pub written: u64,
    pub removed: u64,
    /// Files that were current already.
    pub kept: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ConsolidateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

impl ConsolidateError {
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                FailureClass::DiskFull
            }
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                FailureClass::Denied
            }
            Self::Io { .. } => FailureClass::Internal,
        }
    }

    pub fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint.clone(),
            Self::Io { .. } => {
                "check room and permissions of the --out folder, then run again".into()
            }
        }
    }
}

/// Brings the folder to the state of the store. `store_identity` tells stores apart.
pub fn consolidate(
    store: &dyn Store,
    directory: &Path,
    vectors: EntryVectors,
    progress: &Progress,
) -> Result<Consolidated, ConsolidateError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ConsolidateError::Io { path, source }
    };
    fault::point("consolidate.begin").map_err(at(directory))?;
    std::fs::create_dir_all(directory).map_err(at(directory))?;
    let makers = Makers { own: store.model()?, routed: store.routed_models()? };
    let Makers { own: model, routed } = &makers;
    let mut identity =
        format!("{} {model:?} {vectors:?}", store.setting("instance")?.unwrap_or_default());
    if !routed.is_empty() {
        identity = format!("{identity} {routed:?}");
    }
    let mut manifest = Manifest::read(directory).map_err(at(directory))?;
    if manifest.identity != identity {
        manifest.forget_revisions(identity);
    }
    let pairs = store.pairs()?;
    let mut done = Consolidated::default();
    for pair in &pairs {
        let name = file_name(&pair.label);
        if manifest.is_current(directory, &name, pair.revision) {
            done.kept += 1;
            continue;
        }
        // Listed before it exists, so that a crash never leaves a file that nobody knows to be ours.
        manifest.claim(&name);
        manifest.write(directory).map_err(at(directory))?;
        let started = Instant::now();
        write_pair(store, directory, pair, (&makers, vectors))?;
        progress.consolidate.add(1, started.elapsed());
        manifest.set(directory, &name, pair.revision).map_err(at(directory))?;
        done.written += 1;
    }
    done.removed = manifest.remove_others(directory, &pairs).map_err(at(directory))?;
    manifest.write(directory).map_err(at(directory))?;
    fault::point("consolidate.end").map_err(at(directory))?;
    Ok(done)
}

fn write_pair(
    store: &dyn Store,
    directory: &Path,
    pair: &PairState,
    (makers, vectors): (&Makers, EntryVectors),
) -> Result<(), ConsolidateError> {
    let path = directory.join(file_name(&pair.label));
    write::pair(store, &path, &pair.label, makers, vectors)
}
