//! Copies of the tiny models, to be changed by a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use encoder::transformer::{LoadError, Options, Transformer};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const FAMILIES: [&str; 8] =
    ["bert", "roberta", "distilbert", "mpnet", "cased", "bytes", "unigram", "camembert"];

/// Those whose texts are cut by the crate `tokenizers`.
pub(crate) const LIBRARY: [&str; 3] = ["bytes", "unigram", "camembert"];

pub(crate) fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn copy(family: &str) -> Self {
        let folder = TempDir::new().unwrap();
        copy(&models().join(family), folder.path());
        Self(folder)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Changes a JSON file.
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path(file);
        let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut value);
        fs::write(path, value.to_string()).unwrap();
    }

    /// Changes the bytes of a file.
    pub(crate) fn patch(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Transformer, LoadError> {
        self.load_with(Options::default())
    }

    pub(crate) fn load_with(&self, options: Options) -> Result<Transformer, LoadError> {
        Transformer::load(self.0.path(), options)
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
