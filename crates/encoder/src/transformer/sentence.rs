//! What surrounds the transformer in a sentence-transformers folder: pooling, dense layers, prompts, the longest
//! text.
#![forbid(unsafe_code)]

use std::path::Path;

use super::{
    LoadError, Precision,
    config::Config,
    json::{self, Document},
    pooling::Pooling,
    weights::Weights,
};
use crate::kernels::{Activation, Linear};

/// All that a vector depends on besides the transformer and the tokenizer.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) pooling: Pooling,
    pub(super) dense: Vec<Dense>,
    /// Tokens of the longest sequence, marks included.
    pub(super) tokens_max: usize,
    /// Text is put into lower case before the tokenizer sees it.
    pub(super) lower_case: Casing,
    pub(super) prompts: Prompts,
    /// What the folder leaves open and was decided here.
    pub(super) notes: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Casing {
    Kept,
    Lower,
}

/// What is put before a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Prompts {
    pub(super) query: String,
    pub(super) document: String,
}

/// A linear layer after pooling.
#[derive(Debug)]
pub(super) struct Dense {
    pub(super) layer: Linear,
    pub(super) activation: Option<Activation>,
    weights: Weights,
}

impl Sentence {
    pub(super) fn read(folder: &Path, config: &Config) -> Result<Self, LoadError> {
        let mut sentence = Self {
            pooling: Pooling::Mean,
            dense: Vec::new(),
            tokens_max: config.tokens_max(),
            lower_case: Casing::Kept,
            prompts: prompts(folder)?,
            notes: Vec::new(),
        };
        sentence.limits(folder)?;
        let listed = folder.join("modules.json");
        if !listed.exists() {
            sentence.notes.push("no modules.json: the mean of all tokens is taken");
            return Ok(sentence);
        }
        let mut width = config.width;
        for (kind, path) in modules(&listed)? {
            let at = folder.join(path);
            match kind.as_str() {
                "Pooling" => {
                    let document = Document::read(at.join("config.json"))?;
                    sentence.pooling = Pooling::read(&document, config.width)?;
                }
                "Dense" => {
                    let dense = Dense::read(&at, width)?;
                    width = dense.layer.outputs();
                    sentence.dense.push(dense);
                }
                // Vectors are compared by their cosine, so every one is brought to length 1 at the end.
                "Transformer" | "Normalize" => {}
                _ => return Err(LoadError::Module { found: kind }),
            }
        }
        Ok(sentence)
    }

    /// The reference reads either file's limit, and the position table bounds both.
    fn limits(&mut self, folder: &Path) -> Result<(), LoadError> {
        if let Some(document) = Document::read_if_there(folder.join("sentence_bert_config.json"))? {
            if !document.get("max_seq_length").is_null() {
                self.tokens_max = self.tokens_max.min(document.size("max_seq_length")?);
            }
            if document.get("do_lower_case").as_bool() == Some(true) {
                self.lower_case = Casing::Lower;
            }
        } else if let Some(document) = Document::read_if_there(folder.join("tokenizer_config.json"))?
            // Tokenizers without a limit write a number of thirty digits, which is no u64.
            && let Some(limit) = document.get("model_max_length").as_u64()
        {
            self.tokens_max = self.tokens_max.min(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(())
    }
}

/// Last word of each module's type, and its folder, in the order in which they are applied.
fn modules(listed: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let broken = || LoadError::Json { path: listed.to_owned() };
    let value = json::value(listed)?;
    let mut modules: Vec<(u64, String, String)> = value
        .as_array()
        .ok_or_else(broken)?
        .iter()
        .map(|module| {
            let (index, path) = (module["idx"].as_u64()?, module["path"].as_str()?);
            let kind = module["type"].as_str()?.rsplit('.').next()?;
            let inside = Path::new(path).components().all(|part| {
                matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)
            });
            inside.then(|| (index, kind.to_owned(), path.to_owned()))
        })
        .collect::<Option<_>>()
        .ok_or_else(broken)?;
    modules.sort();
    Ok(modules.into_iter().map(|(_, kind, path)| (kind, path)).collect())
}

fn prompts(folder: &Path) -> Result<Prompts, LoadError> {
    let path = folder.join("config_sentence_transformers.json");
    let Some(document) = Document::read_if_there(path)? else { return Ok(Prompts::default()) };
    let named = |name: &str| document.get("prompts")[name].as_str().map(str::to_owned);
    let default = document.get("default_prompt_name").as_str().and_then(named).unwrap_or_default();
    let of = |names: &[&str]| names.iter().find_map(|name| named(name));
    Ok(Prompts {
        query: of(&["query"]).unwrap_or_else(|| default.clone()),
        document: of(&["document", "passage", "corpus"]).unwrap_or(default),
    })
}

impl Dense {
    /// Adds what the layer does to `hash`.
    pub(super) fn hash(&mut self, hash: &mut blake3::Hasher) -> Result<(), LoadError> {
        hash.update(format!("{:?}", self.activation).as_bytes());
        self.weights.hash(hash)
    }

    fn read(folder: &Path, width: usize) -> Result<Self, LoadError> {
        let document = Document::read(folder.join("config.json"))?;
        if document.size("in_features")? != width {
            return Err(document.unexpected("in_features", width.to_string()));
        }
        let outputs = document.size("out_features")?;
        let name = document.get("activation_function").as_str().unwrap_or_default();
        let activation = match name.rsplit('.').next().unwrap_or_default() {
            "Tanh" => Some(Activation::Tanh),
            "Identity" => None,
            "ReLU" => Some(Activation::Relu),
            "GELU" => Some(Activation::Gelu),
            _ => {
                return Err(
                    document.unexpected("activation_function", "Tanh, Identity, ReLU or GELU")
                );
            }
        };
        let mut weights = Weights::open(folder)?;
        let matrix = weights.floats("linear.weight", &[outputs, width])?;
        let bias = if document.get("bias").as_bool() == Some(false) {
            vec![0.0; outputs]
        } else {
            weights.floats("linear.bias", &[outputs])?
        };
        // One row a text: nothing is gained by fewer bits.
        Ok(Self { layer: Linear::new(&matrix, &bias, Precision::F32), activation, weights })
    }
}
