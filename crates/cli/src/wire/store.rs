//! Opens the store and binds it to a model.

use crate::failed::Failed;
use std::sync::Arc;
use std::time::Duration;
use stores::{Access, FULL_TEXT_SETTING, FullText, SqliteOptions};
use types::embedding::ModelId;
use types::seam::{Store, StoreErrorKind};

/// Another run is waited for so long at start; after that the user is told who holds the store.
pub(crate) const START_WAIT: Duration = Duration::from_secs(20);

/// The right to write, given back when dropped.
pub(crate) type WriteGuard = Box<dyn std::any::Any + Send>;

pub(crate) fn open(url: &str, access: Access) -> Result<Arc<dyn Store>, Failed> {
    stores::open_url(url, access, SqliteOptions::default()).map_err(Failed::from)
}

/// Opens for a run, making the store if it is missing, and takes the write lock. A store keeps its full text, or
/// keeps none, as it was made.
pub(crate) fn open_for_run(
    url: &str,
    full_text: Option<bool>,
) -> Result<(Arc<dyn Store>, WriteGuard), Failed> {
    let wanted = if full_text == Some(false) { FullText::Off } else { FullText::On };
    let store = stores::open_url(url, Access::Create, SqliteOptions { full_text: wanted })?;
    if full_text.is_some() && has_full_text(store.as_ref())? != (wanted == FullText::On) {
        return Err(Failed::usage(
            format!("store {} was made with another value of full_text", store.url()),
            "take the key out of the configuration, or name a new store with --store",
        ));
    }
    let guard = store.lock_for_writing(START_WAIT)?;
    Ok((store, guard))
}

/// Whether words are indexed.
pub(crate) fn has_full_text(store: &dyn Store) -> Result<bool, Failed> {
    Ok(store.setting(FULL_TEXT_SETTING)?.as_deref() != Some("off"))
}

/// Opens what is there for writing, and takes the write lock.
pub(crate) fn open_to_write(url: &str) -> Result<(Arc<dyn Store>, WriteGuard), Failed> {
    let store = open(url, Access::Write)?;
    let guard = store.lock_for_writing(START_WAIT)?;
    Ok((store, guard))
}

/// An empty store takes the model; another model's store is refused.
pub(crate) fn bind(store: &dyn Store, model: &ModelId) -> Result<(), Failed> {
    match store.bind_model(model) {
        Err(error) if error.kind == StoreErrorKind::OtherModel => {
            Err(Failed::usage(error.message, error.hint))
        }
        other => Ok(other?),
    }
}

/// For a dry run: the store as it is, or an empty one in a temporary folder where there is none yet.
pub(crate) fn open_or_empty(
    url: &str,
) -> Result<(Arc<dyn Store>, Option<tempfile::TempDir>), Failed> {
    match stores::open_url(url, Access::Read, SqliteOptions::default()) {
        Err(error) if error.kind == StoreErrorKind::Missing => {
            let folder =
                tempfile::tempdir().map_err(|error| Failed::internal(error.to_string()))?;
            let url = format!("sqlite:{}", folder.path().join("empty.db").display());
            Ok((open(&url, Access::Create)?, Some(folder)))
        }
        other => Ok((other?, None)),
    }
}
