//! Why a folder is no model that can be loaded.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use crate::{safetensors::FormatError, wordpiece::VocabularyError};

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{} is missing", path.display())]
    Missing { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is not a JSON object", path.display())]
    Json { path: PathBuf },
    #[error("{} has only pytorch_model.bin, which is code and not data", path.display())]
    Pickle { path: PathBuf },
    #[error("model_type {found:?} is not supported; supported are {}", SUPPORTED.join(", "))]
    ModelType { found: String },
    #[error("{key} in {} is {found}, expected {expected}", path.display())]
    Setting { path: PathBuf, key: &'static str, found: String, expected: String },
    #[error("module {found:?} of modules.json is not supported; supported are {}", MODULES.join(", "))]
    Module { found: String },
    #[error("{}: {source}", path.display())]
    Format { path: PathBuf, source: FormatError },
    #[error("the weights have no tensor {name}")]
    Tensor { name: String },
    #[error("tensor {name} has type {found}; supported are F32, F16, BF16")]
    Dtype { name: String, found: String },
    #[error("tensor {name} has shape {found:?}, config.json asks for {expected:?}")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("tensor {name} holds a value that is not finite")]
    NotFinite { name: String },
    #[error("{}: {source}", path.display())]
    Vocabulary { path: PathBuf, source: VocabularyError },
    #[error("{} is no tokenizer that can be used: {reason}", path.display())]
    Tokenizer { path: PathBuf, reason: String },
}

/// Values of `model_type` in config.json that are understood.
pub const SUPPORTED: [&str; 6] =
    ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet"];

/// Last words of the module types that are understood.
pub(super) const MODULES: [&str; 4] = ["Transformer", "Pooling", "Normalize", "Dense"];

impl LoadError {
    pub(super) fn reading(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Read { path, source },
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "name a folder of a sentence-transformers model: config.json, tokenizer.json, model.safetensors"
            }
            Self::Read { .. } => "check the folder's permissions",
            Self::Pickle { .. } => {
                "convert it with transformers: AutoModel.from_pretrained(DIR).save_pretrained(DIR)"
            }
            Self::ModelType { .. } | Self::Module { .. } | Self::Setting { .. } => {
                "use another model, for instance sentence-transformers/all-MiniLM-L6-v2"
            }
            Self::Json { .. }
            | Self::Format { .. }
            | Self::Tensor { .. }
            | Self::Dtype { .. }
            | Self::Shape { .. }
            | Self::NotFinite { .. }
            | Self::Tokenizer { .. }
            | Self::Vocabulary { .. } => {
                "the folder is damaged or incomplete: fetch the model again"
            }
        }
    }
}
