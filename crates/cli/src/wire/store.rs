//! Opens the store and binds it to a model.

use crate::failed::Failed;
use std::sync::Arc;
use std::time::Duration;
use stores::Access;
use types::embedding::ModelId;
use types::seam::{Store, StoreErrorKind};

/// Another run is waited for so long at start; after that the user is told who holds the store.
pub(crate) const START_WAIT: Duration = Duration::from_secs(20);

/// The right to write, given back when dropped.
pub(crate) type WriteGuard = Box<dyn std::any::Any + Send>;

pub(crate) fn open(url: &str, access: Access) -> Result<Arc<dyn Store>, Failed> {
    stores::open_url(url, access).map_err(Failed::from)
}

/// Opens for writing, creating what is missing, and takes the write lock.
pub(crate) fn open_to_write(
    url: &str,
    access: Access,
) -> Result<(Arc<dyn Store>, WriteGuard), Failed> {
    let store = open(url, access)?;
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
    match stores::open_url(url, Access::Read) {
        Err(error) if error.kind == StoreErrorKind::Unreachable && is_absent(url) => {
            let folder =
                tempfile::tempdir().map_err(|error| Failed::internal(error.to_string()))?;
            let url = format!("sqlite:{}", folder.path().join("empty.db").display());
            Ok((open(&url, Access::Create)?, Some(folder)))
        }
        other => Ok((other?, None)),
    }
}

fn is_absent(url: &str) -> bool {
    url.strip_prefix("sqlite:").is_some_and(|path| !std::path::Path::new(path).exists())
}
