//! Models of any size for the tests, with weights from a seed: the tiny ones of `encoder` fit into one tile.
#![forbid(unsafe_code)]

use std::{fs, path::Path};

use encoder::{Transformer, transformer::Options};
use serde_json::{Value, json};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) inner: usize,
    pub(crate) positions: usize,
}

/// A family's names of tensors, as far as they are needed here.
struct Names {
    model_type: &'static str,
    projections: [&'static str; 3],
    mixed: &'static str,
    mixed_norm: &'static str,
}

const BERT: Names = Names {
    model_type: "bert",
    projections: ["attention.self.query", "attention.self.key", "attention.self.value"],
    mixed: "attention.output.dense",
    mixed_norm: "attention.output.LayerNorm",
};

const MPNET: Names = Names {
    model_type: "mpnet",
    projections: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    mixed: "attention.attn.o",
    mixed_norm: "attention.LayerNorm",
};

/// Ids of the tokenizer that is borrowed from the tiny model.
const VOCABULARY: usize = 35;
const BUCKETS: usize = 32;

/// Values between -1 and 1, always the same ones.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

struct File {
    seeded: Seeded,
    header: serde_json::Map<String, Value>,
    data: Vec<u8>,
}

impl File {
    /// Values around `middle`, at most `most` away.
    fn tensor(&mut self, name: String, shape: &[usize], (middle, most): (f32, f32)) {
        let start = self.data.len();
        for _ in 0..shape.iter().product() {
            self.data.extend((middle + most * self.seeded.next()).to_le_bytes());
        }
        let offsets = [start, self.data.len()];
        self.header
            .insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets }));
    }

    /// Outputs about as large as inputs of about 1.
    fn linear(&mut self, name: &str, [outputs, inputs]: [usize; 2]) {
        let most = (3.0 / inputs as f32).sqrt();
        self.tensor(format!("{name}.weight"), &[outputs, inputs], (0.0, most));
        self.tensor(format!("{name}.bias"), &[outputs], (0.0, 0.2));
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.tensor(format!("{name}.weight"), &[width], (1.0, 0.3));
        self.tensor(format!("{name}.bias"), &[width], (0.0, 0.2));
    }

    fn layer(&mut self, number: usize, names: &Names, sizes: Sizes) {
        let Sizes { width, inner, .. } = sizes;
        let of = |part: &str| format!("encoder.layer.{number}.{part}");
        for part in names.projections {
            self.linear(&of(part), [width, width]);
        }
        self.linear(&of(names.mixed), [width, width]);
        self.norm(&of(names.mixed_norm), width);
        self.linear(&of("intermediate.dense"), [inner, width]);
        self.linear(&of("output.dense"), [width, inner]);
        self.norm(&of("output.LayerNorm"), width);
    }
}

pub(crate) fn bert(sizes: Sizes) -> Transformer {
    made(&BERT, sizes)
}

pub(crate) fn mpnet(sizes: Sizes) -> Transformer {
    made(&MPNET, sizes)
}

/// Two layers, pooled by the mean.
fn made(names: &Names, sizes: Sizes) -> Transformer {
    let Sizes { width, heads, inner, positions } = sizes;
    let mut file = File { seeded: Seeded(7), header: serde_json::Map::new(), data: Vec::new() };
    let table = |rows| [rows, width];
    file.tensor("embeddings.word_embeddings.weight".into(), &table(VOCABULARY), (0.0, 1.0));
    file.tensor("embeddings.position_embeddings.weight".into(), &table(positions), (0.0, 0.5));
    file.norm("embeddings.LayerNorm", width);
    if names.model_type == "mpnet" {
        let bias = "encoder.relative_attention_bias.weight";
        file.tensor(bias.into(), &[BUCKETS, heads], (0.0, 2.0));
    } else {
        file.tensor("embeddings.token_type_embeddings.weight".into(), &table(2), (0.0, 0.2));
    }
    for number in 0..2 {
        file.layer(number, names, sizes);
    }
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = json!({
        "model_type": names.model_type, "vocab_size": VOCABULARY, "hidden_size": width,
        "num_attention_heads": heads, "num_hidden_layers": 2, "intermediate_size": inner,
        "max_position_embeddings": positions, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "relative_attention_num_buckets": BUCKETS,
    });
    fs::write(at("config.json"), config.to_string()).unwrap();
    let header = Value::Object(file.header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(file.data);
    fs::write(at("model.safetensors"), bytes).unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models/bert");
    fs::copy(tiny.join("tokenizer.json"), at("tokenizer.json")).unwrap();
    Transformer::load(folder.path(), Options::default()).unwrap()
}
