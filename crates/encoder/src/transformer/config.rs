//! What config.json says of a transformer: its family and its sizes.
#![forbid(unsafe_code)]

use std::path::Path;

use super::{LoadError, json::Document};
use crate::kernels::Activation;

/// Models that differ in names and in how they number positions, and otherwise do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Bert,
    /// Also `XLM-RoBERTa` and `CamemBERT`.
    Roberta,
    DistilBert,
    /// Adds a bias by distance to every score.
    MpNet,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Config {
    pub(super) family: Family,
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) vocabulary: usize,
    /// Rows of the position table.
    pub(super) positions: usize,
    /// The row of the first token.
    pub(super) first_position: usize,
    /// Rows of the token type table; none in families without one.
    pub(super) token_types: Option<usize>,
    pub(super) distance_buckets: usize,
    pub(super) epsilon: f32,
    pub(super) activation: Activation,
}

/// The sizes that a file may ask memory for; no encoder is near them.
const WIDTH_MAX: usize = 1 << 16;
const LAYERS_MAX: usize = 1 << 10;

impl Config {
    pub(super) fn read(folder: &Path) -> Result<Self, LoadError> {
        let document = Document::read(folder.join("config.json"))?;
        let family = family(&document)?;
        let names = Names::of(family);
        let (width, heads) = (document.size(names.width)?, document.size(names.heads)?);
        if !width.is_multiple_of(heads) {
            let expected = format!("a divisor of {} = {width}", names.width);
            return Err(document.unexpected(names.heads, expected));
        }
        // Positions of these families are counted from the one after the padding.
        let first_position = match family {
            Family::Bert | Family::DistilBert => 0,
            Family::Roberta | Family::MpNet => {
                document.get("pad_token_id").as_u64().unwrap_or(1) as usize + 1
            }
        };
        let positions = document.size("max_position_embeddings")?;
        // Two for the marks around a text, one for the text.
        if positions < first_position.saturating_add(3) {
            return Err(document.unexpected("max_position_embeddings", "room for a text"));
        }
        let config = Self {
            family,
            width,
            inner: document.size(names.inner)?,
            layers: document.size(names.layers)?,
            heads,
            vocabulary: document.size("vocab_size")?,
            positions,
            first_position,
            token_types: match family {
                Family::Bert | Family::Roberta => Some(document.size_or("type_vocab_size", 2)?),
                Family::DistilBert | Family::MpNet => None,
            },
            distance_buckets: document.size_or("relative_attention_num_buckets", 32)?,
            epsilon: document.get("layer_norm_eps").as_f64().unwrap_or(1e-12) as f32,
            activation: activation(&document, names.activation)?,
        };
        config.check(&document, &names)?;
        Ok(config)
    }

    fn check(&self, document: &Document, names: &Names) -> Result<(), LoadError> {
        for (key, size, most) in [
            (names.width, self.width, WIDTH_MAX),
            (names.inner, self.inner, WIDTH_MAX),
            (names.layers, self.layers, LAYERS_MAX),
        ] {
            if size > most {
                return Err(document.unexpected(key, format!("at most {most}")));
            }
        }
        // Fewer could not tell near from far on each side.
        if self.distance_buckets < 4 {
            return Err(document.unexpected("relative_attention_num_buckets", "at least 4"));
        }
        if !matches!(document.get("position_embedding_type").as_str(), None | Some("absolute")) {
            return Err(document.unexpected("position_embedding_type", "absolute"));
        }
        if document.get("is_decoder").as_bool() == Some(true) {
            return Err(document.unexpected("is_decoder", "false"));
        }
        Ok(())
    }

    /// Tokens of the longest sequence, marks included.
    pub(super) fn tokens_max(&self) -> usize {
        self.positions - self.first_position
    }
}

/// Keys of config.json, which `DistilBERT` calls otherwise.
struct Names {
    width: &'static str,
    inner: &'static str,
    layers: &'static str,
    heads: &'static str,
    activation: &'static str,
}

impl Names {
    fn of(family: Family) -> Self {
        match family {
            Family::Bert | Family::Roberta | Family::MpNet => Self {
                width: "hidden_size",
                inner: "intermediate_size",
                layers: "num_hidden_layers",
                heads: "num_attention_heads",
                activation: "hidden_act",
            },
            Family::DistilBert => Self {
                width: "dim",
                inner: "hidden_dim",
                layers: "n_layers",
                heads: "n_heads",
                activation: "activation",
            },
        }
    }
}

fn family(document: &Document) -> Result<Family, LoadError> {
    match document.get("model_type").as_str().unwrap_or_default() {
        "bert" => Ok(Family::Bert),
        "roberta" | "xlm-roberta" | "camembert" => Ok(Family::Roberta),
        "distilbert" => Ok(Family::DistilBert),
        "mpnet" => Ok(Family::MpNet),
        other => Err(LoadError::ModelType { found: other.to_owned() }),
    }
}

fn activation(document: &Document, key: &'static str) -> Result<Activation, LoadError> {
    match document.get(key).as_str().unwrap_or("gelu") {
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        _ => Err(document.unexpected(key, "gelu, gelu_new, gelu_pytorch_tanh or relu")),
    }
}
