//! Stores: where chunks, vectors and the ledger are kept and found.
//!
//! [`open_url`] takes what users write after `--store`; [`SqliteStore`] is the store in one file,
//! `PostgresStore` the one on a server.

pub mod sqlite;
mod copying;
mod entry;
mod findings;
#[cfg(feature = "postgres")]
pub mod postgres;
mod search;
mod sums;

#[cfg(test)]
mod conformance;

pub use copying::{Copied, copy};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sqlite::{Access, FULL_TEXT_SETTING, FullText, SqliteOptions, SqliteStore};

use std::path::Path;
use std::sync::Arc;
use types::seam::upload::UploadJournal;
use types::seam::{Store, StoreError, StoreErrorKind};

/// Opens the journal of uploads in the store that a URL names, making the store if it is missing.
pub fn open_uploads(url: &str) -> Result<Arc<dyn UploadJournal>, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(Arc::new(sqlite::SqliteUploads::open(Path::new(path))?))
        }
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", server)) if server.starts_with("//") => {
            Ok(Arc::new(postgres::PostgresUploads::open(url)?))
        }
        scheme => Err(unknown(url, scheme)),
    }
}

/// Not repeated: what stands behind the scheme may hold a password.
fn unknown(url: &str, scheme: Option<(&str, &str)>) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unreachable,
        message: match scheme {
            Some((scheme, _)) => format!("a store {scheme}:… is none that this build can open"),
            None => format!("{url:?} names no store"),
        },
        hint: "write --store sqlite:PATH or --store postgres://USER@HOST/DATABASE".to_owned(),
    }
}

/// Opens the store that a URL names: `sqlite:PATH`, or `postgres://…` of a build with that feature. `options`
/// count for a store that is made.
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
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", server)) if server.starts_with("//") => {
            Ok(Arc::new(PostgresStore::open(url, access, options.full_text)?))
        }
        scheme => Err(unknown(url, scheme)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_known_scheme_or_path_is_refused() {
        for url in ["", "kb.db", "sqlite:", "postgres:kb", "mysql:x"] {
            let error = open_url(url, Access::Create, SqliteOptions::default()).err().unwrap();
            assert_eq!(error.kind, StoreErrorKind::Unreachable, "{url}");
        }
    }
}
