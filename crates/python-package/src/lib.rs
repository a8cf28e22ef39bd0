//! Packages of the Python index that tests need, fetched with pip once and kept.
#![expect(clippy::expect_used, reason = "a test whose tools cannot be fetched has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages with all that they need, each with its version, as in `name==1.2.3`.
#[derive(Debug, Clone, Copy)]
pub struct Packages {
    /// Of the folder that keeps them. Changed with the packages.
    pub folder: &'static str,
    pub requirements: &'static [&'static str],
}

impl Packages {
    /// The folder that holds their modules, fetched if it is not there yet.
    pub fn fetched(self) -> PathBuf {
        let installed = cache().join(self.folder);
        if !installed.exists() {
            self.fetch(&installed);
        }
        installed
    }

    /// Into a folder beside it, then renamed: several test programs may do this at once.
    fn fetch(self, installed: &Path) {
        let parent = installed.parent().expect("the cache is a folder in another");
        fs::create_dir_all(parent).expect("the cache can be made");
        let fresh = tempfile::Builder::new()
            .prefix("fetching-")
            .tempdir_in(parent)
            .expect("a folder in the cache can be made");
        let said = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-compile", "--no-deps", "--only-binary", ":all:", "--target"])
            .arg(fresh.path())
            .args(self.requirements)
            .output()
            .expect("python3 runs");
        assert!(
            said.status.success(),
            "the tests need {:?} from the Python package index, and pip said:\n{}",
            self.requirements,
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
}

/// Where another user may read it: root's own cache is closed to others.
fn cache() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/cache/gristmill");
    }
    let home = std::env::home_dir().expect("a home folder for the cache of downloads");
    home.join(".cache/gristmill")
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("our own folder");
}
