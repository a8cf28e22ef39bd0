//! Stores: where chunks, vectors and the ledger are kept and found.
//!
//! [`open_url`] takes what users write after `--store`; [`SqliteStore`] is the store in one file.

pub mod sqlite;
mod search;

#[cfg(test)]
mod conformance;

pub use sqlite::{Access, FULL_TEXT_SETTING, FullText, SqliteOptions, SqliteStore};

use std::path::Path;
use std::sync::Arc;
use types::seam::{Store, StoreError, StoreErrorKind};

/// Opens the store that a URL names: `sqlite:PATH`. `options` count for a store that is made.
pub fn open_url(
    url: &str,
    access: Access,
    options: SqliteOptions,
) -> Result<Arc<dyn Store>, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            let store = SqliteStore::open(Path::new(path), access, options)?;
            Ok(Arc::new(store))
        }
        _ => Err(StoreError {
            kind: StoreErrorKind::Unreachable,
            message: format!("{url:?} names no store that this build can open"),
            hint: "write --store sqlite:PATH".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_known_scheme_or_path_is_refused() {
        for url in ["", "kb.db", "sqlite:", "postgres://localhost/kb", "mysql:x"] {
            let error = open_url(url, Access::Create, SqliteOptions::default()).err().unwrap();
            assert_eq!(error.kind, StoreErrorKind::Unreachable, "{url}");
        }
    }
}
