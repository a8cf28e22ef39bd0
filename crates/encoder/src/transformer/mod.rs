//! Transformers of the BERT kind: a sentence-transformers folder becomes an encoder of texts.
//!
//! Sequences of a batch lie one after another without padding, and every kernel works on each row or sequence
//! for itself. So a vector has the same bits alone and in any batch, in any order and on any thread.
#![forbid(unsafe_code)]

mod error;
mod json;
mod config;
mod weights;
mod stack;
mod distance;
mod pooling;
mod parts;
mod sentence;
mod tokens;
pub mod budget;

use std::path::Path;

use config::Config;
use sentence::{Casing, Sentence};
use stack::{Rows, Stack};
use tokens::Tokenizer;
use weights::Weights;

pub use crate::kernels::Precision;
pub use error::{LoadError, SUPPORTED};
pub use parts::{LayerParts, LinearParts, Parts};
pub use pooling::Pooling;
pub use tokens::Tokens;

use crate::kernels::Kernels;

/// Changes whenever the same folder gives other vectors than before.
const REVISION: &str = "gristmill transformer 1";

/// A loaded model. Shared between threads, each with a [`Memory`] of its own.
#[derive(Debug)]
pub struct Transformer {
    kernels: Kernels,
    precision: Precision,
    tokenizer: Tokenizer,
    stack: Stack,
    sentence: Sentence,
    fingerprint: String,
}

/// What a text is embedded as: some models put different words before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Query,
    Document,
}

/// What the user decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    pub precision: Precision,
    /// What to put before a query; none: what the folder says.
    pub query_prompt: Option<String>,
    /// What to put before a document; none: what the folder says.
    pub document_prompt: Option<String>,
}

/// Memory of a thread that embeds; grows to its largest batch.
#[derive(Debug, Default)]
pub struct Memory {
    rows: Rows,
    dense: Vec<f32>,
}

impl Transformer {
    /// Loads the folder. Nothing in it is believed before it is checked, and none of it is code.
    pub fn load(folder: &Path, options: Options) -> Result<Self, LoadError> {
        let config = Config::read(folder)?;
        let mut sentence = Sentence::read(folder, &config)?;
        if let Some(prompt) = options.query_prompt {
            sentence.prompts.query = prompt;
        }
        if let Some(prompt) = options.document_prompt {
            sentence.prompts.document = prompt;
        }
        let (tokenizer, identity) = Tokenizer::read(folder, config.vocabulary)?;
        let mut weights = Weights::open(folder)?;
        let fingerprint =
            fingerprint(&identity, &config, &mut sentence, options.precision, &mut weights)?;
        drop(identity);
        let stack = Stack::load(config, &mut weights, options.precision)?;
        let precision = options.precision;
        let kernels = Kernels::detected();
        let model = Self { kernels, precision, tokenizer, stack, sentence, fingerprint };
        model.room(folder)?;
        Ok(model)
    }

    /// The same model on another instruction set.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    pub fn precision(&self) -> Precision {
        self.precision
    }

    pub fn dimensions(&self) -> usize {
        self.sentence.dense.last().map_or(self.stack.width(), |dense| dense.layer.outputs())
    }

    /// Tokens of the longest text, as [`Self::count`] counts: without marks and prompts.
    pub fn tokens_max(&self) -> usize {
        self.sentence.tokens_max - self.around()
    }

    /// A hash of the weights, the tokenizer, the precision and every setting that the vectors depend on.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What the folder leaves open and was decided here.
    pub fn notes(&self) -> &[&'static str] {
        &self.sentence.notes
    }

    /// Size of `text` in the model's tokens, never below what [`Self::tokens`] makes of it.
    pub fn count(&self, text: &str) -> usize {
        match self.sentence.lower_case {
            Casing::Kept => self.tokenizer.count(text),
            Casing::Lower => self.tokenizer.count(&text.to_lowercase()),
        }
    }

    /// None if there is nothing in the text that the model knows: then it has no vector.
    pub fn tokens(&self, side: Side, text: &str) -> Option<Tokens> {
        let prompt = match side {
            Side::Query => &self.sentence.prompts.query,
            Side::Document => &self.sentence.prompts.document,
        };
        match self.sentence.lower_case {
            Casing::Kept => self.tokenizer.encode((prompt, text), self.sentence.tokens_max),
            Casing::Lower => {
                let (prompt, text) = (prompt.to_lowercase(), text.to_lowercase());
                self.tokenizer.encode((&prompt, &text), self.sentence.tokens_max)
            }
        }
    }

    /// One vector of length 1 for each text, in their order; all in one batch.
    ///
    /// A vector is finite for every sane model, but weights can be made so that it is not: check it.
    pub fn embed(&self, texts: &[&Tokens], memory: &mut Memory) -> Vec<Vec<f32>> {
        let sequences: Vec<&[u32]> = texts.iter().map(|tokens| tokens.ids()).collect();
        let rows = self.pooled(&sequences, memory);
        self.vectors(rows, memory)
    }

    /// Shape: sequences × width of the layers, one row for each sequence, before dense layers and lengths.
    ///
    /// Panics if a sequence is empty or longer than the model takes, or an id is beyond the vocabulary.
    pub fn pooled(&self, sequences: &[&[u32]], memory: &mut Memory) -> Vec<f32> {
        let width = self.stack.width();
        let mut hidden = self.stack.forward(self.kernels, sequences, &mut memory.rows);
        let mut pooled = vec![0.0; sequences.len() * width];
        for (ids, vector) in sequences.iter().zip(pooled.chunks_exact_mut(width)) {
            let (tokens, rest) = hidden.split_at(ids.len() * width);
            self.sentence.pooling.pool(tokens, vector);
            hidden = rest;
        }
        pooled
    }

    /// The vectors of pooled rows, wherever those were made.
    pub fn vectors(&self, mut pooled: Vec<f32>, memory: &mut Memory) -> Vec<Vec<f32>> {
        let Memory { rows, dense } = memory;
        let texts = pooled.len() / self.stack.width();
        for step in &self.sentence.dense {
            dense.resize(texts * step.layer.outputs(), 0.0);
            let how = (step.activation, &mut rows.buffers);
            self.kernels.linear(&step.layer, &pooled, dense, how);
            pooled.clone_from(dense);
        }
        pooled.chunks_exact(self.dimensions()).map(|vector| self.unit(vector)).collect()
    }

    /// Ids that the model knows: all below this.
    pub fn vocabulary(&self) -> usize {
        self.stack.config().vocabulary
    }

    /// Tokens of the longest sequence, marks included.
    pub fn sequence_max(&self) -> usize {
        self.sentence.tokens_max
    }

    /// The weights, for a device to copy; none if they were made into integers.
    pub fn parts(&self) -> Option<Parts<'_>> {
        self.stack.parts(self.sentence.pooling)
    }

    fn unit(&self, vector: &[f32]) -> Vec<f32> {
        let length = self.kernels.dot_f32(vector, vector).sqrt();
        vector.iter().map(|value| value / length).collect()
    }

    /// Tokens of a sequence that are not its text's.
    fn around(&self) -> usize {
        let prompts = &self.sentence.prompts;
        let prompt =
            self.tokenizer.count(&prompts.query).max(self.tokenizer.count(&prompts.document));
        self.tokenizer.marks() + prompt
    }

    /// Errors: marks and prompts leave no room for a text.
    fn room(&self, folder: &Path) -> Result<(), LoadError> {
        if self.sentence.tokens_max > self.around() {
            return Ok(());
        }
        Err(LoadError::Setting {
            path: folder.join("sentence_bert_config.json"),
            key: "max_seq_length",
            found: self.sentence.tokens_max.to_string(),
            expected: format!("more than the {} tokens of marks and prompt", self.around()),
        })
    }
}

fn fingerprint(
    tokenizer: &[u8],
    config: &Config,
    sentence: &mut Sentence,
    precision: Precision,
    weights: &mut Weights,
) -> Result<String, LoadError> {
    let mut hash = blake3::Hasher::new();
    let Sentence { pooling, tokens_max, lower_case, prompts, dense, .. } = sentence;
    // Each part ends where its length says, so that no two lists of parts are one text.
    for part in [
        REVISION.to_owned(),
        precision.name().to_owned(),
        format!("{config:?} {pooling:?} {tokens_max} {lower_case:?} {prompts:?}"),
    ] {
        hash.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hash.update(&(tokenizer.len() as u64).to_le_bytes()).update(tokenizer);
    weights.hash(&mut hash)?;
    for step in dense {
        step.hash(&mut hash)?;
    }
    Ok(hash.finalize().to_hex().to_string())
}
