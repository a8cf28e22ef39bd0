//! The folder of consolidated files, which the store remembers.

use crate::failed::Failed;
use crate::settings::Settings;
use ingest::consolidate::consolidate;
use ingest::progress::Progress;
use std::path::PathBuf;
use types::seam::{EntryVectors, Store};

pub(super) const OUT: &str = "out";
const OUT_VECTORS: &str = "out_vectors";

/// Writes `--out`, or the folder that the store remembers, if there is one.
pub(crate) fn consolidate_remembered(
    store: &dyn Store,
    settings: &Settings,
    progress: &Progress,
) -> Result<(), Failed> {
    let Some((folder, vectors)) = remembered_folder(settings, store)? else { return Ok(()) };
    consolidate(store, &folder, vectors, progress)?;
    // Remembered only once it was written: a folder that cannot be must not stop the next run.
    store.set_setting(OUT, &folder.to_string_lossy())?;
    let written = if vectors == EntryVectors::With { "with" } else { "without" };
    store.set_setting(OUT_VECTORS, written)?;
    Ok(())
}

fn remembered_folder(
    settings: &Settings,
    store: &dyn Store,
) -> Result<Option<(PathBuf, EntryVectors)>, Failed> {
    if let Some(out) = &settings.consolidated.out {
        let absolute = std::path::absolute(out).map_err(|error| {
            Failed::usage(format!("--out {}: {error}", out.display()), "name a folder")
        })?;
        let vectors = settings.consolidated.vectors.unwrap_or(EntryVectors::Without);
        if absolute.to_str().is_none() {
            return Err(Failed::usage(
                format!("--out {}: not UTF-8", absolute.display()),
                "name another folder",
            ));
        }
        return Ok(Some((absolute, vectors)));
    }
    let Some(out) = store.setting(OUT)? else { return Ok(None) };
    let kept = match store.setting(OUT_VECTORS)?.as_deref() {
        Some("with") => EntryVectors::With,
        _ => EntryVectors::Without,
    };
    Ok(Some((PathBuf::from(out), settings.consolidated.vectors.unwrap_or(kept))))
}
