//! The small JSON files of a model's folder, read with errors that name file and key.
#![forbid(unsafe_code)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::LoadError;

/// A configuration or tokenizer larger than this is none.
const BYTES_MAX: u64 = 256 << 20;

/// A JSON object and where it came from.
#[derive(Debug)]
pub(super) struct Document {
    path: PathBuf,
    value: Value,
}

impl Document {
    pub(super) fn read(path: PathBuf) -> Result<Self, LoadError> {
        let bytes = bytes(&path)?;
        Self::parse(path, &bytes)
    }

    /// None if there is no such file.
    pub(super) fn read_if_there(path: PathBuf) -> Result<Option<Self>, LoadError> {
        match Self::read(path) {
            Ok(document) => Ok(Some(document)),
            Err(LoadError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, LoadError> {
        match serde_json::from_slice(bytes) {
            Ok(value @ Value::Object(_)) => Ok(Self { path, value }),
            _ => Err(LoadError::Json { path }),
        }
    }

    /// What a file would be that is not there; errors name `path`.
    pub(super) fn of(path: PathBuf, value: Value) -> Self {
        Self { path, value }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    #[cfg(feature = "tokenizers")]
    pub(super) fn into_value(self) -> Value {
        self.value
    }

    pub(super) fn get(&self, key: &str) -> &Value {
        &self.value[key]
    }

    /// A whole number of at least 1.
    pub(super) fn size(&self, key: &'static str) -> Result<usize, LoadError> {
        let size = self.get(key).as_u64().and_then(|size| usize::try_from(size).ok());
        size.filter(|&size| size > 0 && u32::try_from(size).is_ok())
            .ok_or_else(|| self.unexpected(key, "a whole number of at least 1"))
    }

    /// As [`Self::size`], or what stands for an absent key.
    pub(super) fn size_or(&self, key: &'static str, absent: usize) -> Result<usize, LoadError> {
        if self.get(key).is_null() { Ok(absent) } else { self.size(key) }
    }

    pub(super) fn unexpected(&self, key: &'static str, expected: impl Into<String>) -> LoadError {
        let found = match self.get(key) {
            Value::Null => "absent".to_owned(),
            // Long values are cut: a message is one line.
            value => value.to_string().chars().take(80).collect(),
        };
        LoadError::Setting { path: self.path.clone(), key, found, expected: expected.into() }
    }
}

/// Any JSON value.
pub(super) fn value(path: &Path) -> Result<Value, LoadError> {
    let bytes = bytes(path)?;
    serde_json::from_slice(&bytes).map_err(|_| LoadError::Json { path: path.to_owned() })
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    let size = fs::metadata(path).map_err(|error| LoadError::reading(path, error))?.len();
    if size > BYTES_MAX {
        return Err(LoadError::Json { path: path.to_owned() });
    }
    fs::read(path).map_err(|error| LoadError::reading(path, error))
}
