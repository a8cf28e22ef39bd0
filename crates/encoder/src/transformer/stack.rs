//! The layers of a transformer: from ids to one row for each token.
#![forbid(unsafe_code)]

use super::{
    LoadError, Precision,
    config::{Config, Family},
    distance,
    parts::{LayerParts, LinearParts, Parts},
    pooling::Pooling,
    weights::Weights,
};
use crate::kernels::{Buffers, DistanceBias, Kernels, Linear, Norm};

#[derive(Debug)]
pub(super) struct Stack {
    config: Config,
    /// vocabulary×width.
    words: Vec<f32>,
    /// positions×width, with the row of token type 0 added, which every token has.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    bias: Option<DistanceBias>,
}

#[derive(Debug)]
struct Layer {
    /// Queries, keys and values in one product.
    projection: Linear,
    mixed: Linear,
    mixed_norm: Norm,
    up: Linear,
    down: Linear,
    down_norm: Norm,
}

/// Memory of a forward pass: one for each thread, grown to the largest batch.
#[derive(Debug, Default)]
pub(super) struct Rows {
    hidden: Vec<f32>,
    /// What attention mixed, then what the feed-forward part adds.
    narrow: Vec<f32>,
    /// Queries, keys and values, then what attention adds, then the inner rows.
    wide: Vec<f32>,
    pub(super) buffers: Buffers,
}

impl Stack {
    pub(super) fn load(
        config: Config,
        weights: &mut Weights,
        precision: Precision,
    ) -> Result<Self, LoadError> {
        const WORDS: &str = "embeddings.word_embeddings.weight";
        let prefix =
            weights.prefix_of(WORDS).ok_or_else(|| LoadError::Tensor { name: WORDS.to_owned() })?;
        let mut parts = Tensors { weights, prefix, config, precision };
        let words = parts.table("embeddings.word_embeddings.weight", config.vocabulary)?;
        let mut positions =
            parts.table("embeddings.position_embeddings.weight", config.positions)?;
        if let Some(types) = config.token_types {
            let types = parts.table("embeddings.token_type_embeddings.weight", types)?;
            for row in positions.chunks_exact_mut(config.width) {
                row.iter_mut().zip(&types).for_each(|(value, more)| *value += more);
            }
        }
        let norm = parts.norm("embeddings.LayerNorm")?;
        let layers =
            (0..config.layers).map(|n| Layer::load(&mut parts, n)).collect::<Result<_, _>>()?;
        let bias = match config.family {
            Family::MpNet => Some(distance::load(&mut parts)?),
            Family::Bert | Family::Roberta | Family::DistilBert => None,
        };
        Ok(Self { config, words, positions, norm, layers, bias })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The weights as the file has them; none if they were made into integers.
    pub(super) fn parts(&self, pooling: Pooling) -> Option<Parts<'_>> {
        let Self { config, words, positions, norm, layers, bias } = self;
        Some(Parts {
            width: config.width,
            inner: config.inner,
            heads: config.heads,
            activation: config.activation,
            pooling,
            sequence_max: config.tokens_max(),
            words,
            positions: &positions[config.first_position * config.width..],
            norm,
            layers: layers.iter().map(Layer::parts).collect::<Option<_>>()?,
            bias: bias.as_ref(),
        })
    }

    pub(super) fn width(&self) -> usize {
        self.config.width
    }

    /// One row of `width` values for each token, sequence after sequence.
    ///
    /// Panics if an id or a position lies outside the tables, or a sequence is empty.
    pub(super) fn forward<'a>(
        &self,
        kernels: Kernels,
        sequences: &[&[u32]],
        rows: &'a mut Rows,
    ) -> &'a [f32] {
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.len()).collect();
        let (tokens, width) = (lengths.iter().sum::<usize>(), self.config.width);
        let Rows { hidden, narrow, wide, buffers } = rows;
        let inner = self.config.inner;
        hidden.resize(tokens * width, 0.0);
        narrow.resize(tokens * width, 0.0);
        wide.resize(tokens * inner.max(3 * width), 0.0);
        self.embed(sequences, hidden);
        kernels.norm(hidden, None, &self.norm);
        let heads = (self.config.heads, self.bias.as_ref());
        for layer in &self.layers {
            let projected = &mut wide[..3 * tokens * width];
            kernels.linear(&layer.projection, hidden, projected, (None, buffers));
            kernels.attend((projected, &lengths), heads, narrow, buffers);
            let update = &mut wide[..tokens * width];
            kernels.linear(&layer.mixed, narrow, update, (None, buffers));
            kernels.norm(hidden, Some(update), &layer.mixed_norm);
            let inner = &mut wide[..tokens * inner];
            kernels.linear(&layer.up, hidden, inner, (Some(self.config.activation), buffers));
            kernels.linear(&layer.down, inner, narrow, (None, buffers));
            kernels.norm(hidden, Some(narrow), &layer.down_norm);
        }
        hidden
    }

    fn embed(&self, sequences: &[&[u32]], hidden: &mut [f32]) {
        let width = self.config.width;
        let first = self.config.first_position * width;
        let mut rows = hidden.chunks_exact_mut(width);
        for ids in sequences {
            let positions = self.positions[first..].chunks_exact(width);
            assert!(
                ids.len() <= positions.len(),
                "a sequence is no longer than the position table"
            );
            for ((&id, position), row) in ids.iter().zip(positions).zip(&mut rows) {
                let word = &self.words[id as usize * width..][..width];
                for ((value, word), position) in row.iter_mut().zip(word).zip(position) {
                    *value = word + position;
                }
            }
        }
    }
}

/// The tensors of a model by the names that its family gives them.
pub(super) struct Tensors<'a> {
    weights: &'a mut Weights,
    prefix: String,
    pub(super) config: Config,
    precision: Precision,
}

impl Tensors<'_> {
    /// Shape: rows×width.
    fn table(&mut self, name: &str, rows: usize) -> Result<Vec<f32>, LoadError> {
        self.floats(name, &[rows, self.config.width])
    }

    pub(super) fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        self.weights.floats(&format!("{}{name}", self.prefix), shape)
    }

    fn norm(&mut self, name: &str) -> Result<Norm, LoadError> {
        // Files of 2018 and 2019 call scale and shift gamma and beta.
        let old = self.weights.has(&format!("{}{name}.gamma", self.prefix));
        let (scale, shift) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let width = self.config.width;
        let scale = self.floats(&format!("{name}.{scale}"), &[width])?;
        let shift = self.floats(&format!("{name}.{shift}"), &[width])?;
        Ok(Norm::new(scale, shift, self.config.epsilon))
    }

    /// Layers that take one input, one below the other.
    fn linear(
        &mut self,
        names: &[String],
        [outputs, inputs]: [usize; 2],
    ) -> Result<Linear, LoadError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            let part = self.floats(&format!("{name}.weight"), &[outputs, inputs])?;
            if weights.is_empty() {
                weights = part;
            } else {
                weights.extend(part);
            }
            bias.extend(self.floats(&format!("{name}.bias"), &[outputs])?);
        }
        Ok(Linear::new(&weights, &bias, self.precision))
    }
}

/// Names of a layer's parts, after its own.
struct Names {
    layer: &'static str,
    projection: [&'static str; 3],
    mixed: &'static str,
    mixed_norm: &'static str,
    up: &'static str,
    down: &'static str,
    down_norm: &'static str,
}

impl Names {
    fn of(family: Family) -> Self {
        let bert = Self {
            layer: "encoder.layer",
            projection: ["attention.self.query", "attention.self.key", "attention.self.value"],
            mixed: "attention.output.dense",
            mixed_norm: "attention.output.LayerNorm",
            up: "intermediate.dense",
            down: "output.dense",
            down_norm: "output.LayerNorm",
        };
        match family {
            Family::Bert | Family::Roberta => bert,
            Family::MpNet => Self {
                projection: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
                mixed: "attention.attn.o",
                mixed_norm: "attention.LayerNorm",
                ..bert
            },
            Family::DistilBert => Self {
                layer: "transformer.layer",
                projection: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
                mixed: "attention.out_lin",
                mixed_norm: "sa_layer_norm",
                up: "ffn.lin1",
                down: "ffn.lin2",
                down_norm: "output_layer_norm",
            },
        }
    }
}

impl Layer {
    fn parts(&self) -> Option<LayerParts<'_>> {
        Some(LayerParts {
            projection: LinearParts::of(&self.projection)?,
            mixed: LinearParts::of(&self.mixed)?,
            mixed_norm: &self.mixed_norm,
            up: LinearParts::of(&self.up)?,
            down: LinearParts::of(&self.down)?,
            down_norm: &self.down_norm,
        })
    }

    fn load(parts: &mut Tensors<'_>, number: usize) -> Result<Self, LoadError> {
        let names = Names::of(parts.config.family);
        let (width, inner) = (parts.config.width, parts.config.inner);
        let name = |part: &str| format!("{}.{number}.{part}", names.layer);
        Ok(Self {
            projection: parts.linear(&names.projection.map(name), [width, width])?,
            mixed: parts.linear(&[name(names.mixed)], [width, width])?,
            mixed_norm: parts.norm(&name(names.mixed_norm))?,
            up: parts.linear(&[name(names.up)], [inner, width])?,
            down: parts.linear(&[name(names.down)], [width, inner])?,
            down_norm: parts.norm(&name(names.down_norm))?,
        })
    }
}
