//! Against the expected vectors.

use std::fs;

use encoder::{
    kernels::{Isa, Kernels},
    transformer::{Memory, Options, Precision, Side, Transformer},
};
use serde_json::{Value, json};

use crate::folder::{FAMILIES, Folder, LIBRARY, models};

const POOLINGS: [&str; 4] = ["cls", "mean", "max", "mean_sqrt_len_tokens"];

pub(crate) fn expected() -> Value {
    serde_json::from_slice(&fs::read(models().join("expected.json")).unwrap()).unwrap()
}

pub(crate) fn texts() -> Vec<String> {
    serde_json::from_value(expected()["texts"].clone()).unwrap()
}

pub(crate) fn embed(model: &Transformer, text: &str) -> Vec<f32> {
    let tokens = model.tokens(Side::Document, text).unwrap();
    model.embed(&[&tokens], &mut Memory::default()).remove(0)
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    encoder::kernels::dot_f32(a, b)
}

fn pooled(family: &str, pooling: &str) -> Folder {
    let folder = Folder::copy(family);
    folder.edit("1_Pooling/config.json", |config| {
        *config = json!({ "word_embedding_dimension": 24, "pooling_mode": pooling });
    });
    folder
}

#[test]
fn every_family_and_pooling_gives_the_vectors_of_the_reference() {
    for family in FAMILIES {
        for pooling in POOLINGS {
            let folder = pooled(family, pooling);
            let vectors = &expected()["families"][family]["vectors"][pooling];
            for isa in Isa::ALL {
                let Some(kernels) = Kernels::on(isa) else { continue };
                let model = folder.load().unwrap().with_kernels(kernels);
                for (text, vector) in texts().iter().zip(vectors.as_array().unwrap()) {
                    let vector: Vec<f32> = serde_json::from_value(vector.clone()).unwrap();
                    let got = embed(&model, text);
                    let worst = got.iter().zip(&vector).map(|(a, b)| (a - b).abs());
                    let worst = worst.fold(0.0, f32::max);
                    assert!(worst < 3e-6, "{family} {pooling} {}: off by {worst}", isa.name());
                }
            }
        }
    }
}

#[test]
fn the_integer_precisions_stay_near_the_floats() {
    for family in FAMILIES {
        let folder = Folder::copy(family);
        let float = folder.load().unwrap();
        for (precision, least) in [(Precision::I16, 0.9999), (Precision::I8, 0.99)] {
            let model = folder.load_with(Options { precision, ..Options::default() }).unwrap();
            for text in texts() {
                let near = cosine(&embed(&model, &text), &embed(&float, &text));
                assert!(near > least && near < 1.0, "{family} {}: {near}", precision.name());
            }
        }
    }
}

/// Floats too, wherever multiplication and addition are fused: on x86-64 everywhere but on the portable path.
#[test]
fn every_instruction_set_gives_the_same_bits() {
    for family in FAMILIES {
        let folder = Folder::copy(family);
        for precision in Precision::ALL {
            let on = |isa| {
                let model = folder.load_with(Options { precision, ..Options::default() }).unwrap();
                let model = model.with_kernels(Kernels::on(isa)?);
                Some(texts().iter().map(|text| embed(&model, text)).collect::<Vec<_>>())
            };
            if let (Some(narrow), Some(wide)) = (on(Isa::Avx2), on(Isa::Avx512)) {
                assert_eq!(narrow, wide, "{family} {}", precision.name());
            }
        }
    }
}

#[test]
fn a_text_is_cut_at_the_longest_length_and_says_by_how_much() {
    for family in FAMILIES {
        let model = Folder::copy(family).load().unwrap();
        let lengths = expected()["families"][family]["tokens"].clone();
        for (text, length) in texts().iter().zip(lengths.as_array().unwrap()) {
            let tokens = model.tokens(Side::Document, text).unwrap();
            assert_eq!(tokens.len(), length.as_u64().unwrap() as usize, "{family}");
            let (whole, counted) = (tokens.len() + tokens.cut(), model.count(text) + 2);
            let more = if LIBRARY.contains(&family) { 6 } else { 0 };
            assert!((whole..=whole + more).contains(&counted), "{family}: {text}: {counted}");
        }
        let longest = texts().iter().map(|text| model.count(text)).max().unwrap();
        assert!(longest > model.tokens_max() && model.tokens_max() == 28, "{family}");
    }
}

#[test]
fn a_text_of_which_the_model_knows_nothing_has_no_vector() {
    let model = Folder::copy("bert").load().unwrap();
    for text in ["", " \n", "\u{0}", "zebra", "ภาษาไทย"] {
        assert_eq!(model.tokens(Side::Document, text), None, "{text:?}");
    }
    assert!(model.tokens(Side::Document, "zebra cat").is_some());
}

#[test]
fn prompts_are_put_before_the_text_of_their_side() {
    let folder = Folder::copy("bert");
    let prompts = json!({ "prompts": { "query": "one ", "passage": "two " } });
    std::fs::write(folder.path("config_sentence_transformers.json"), prompts.to_string()).unwrap();
    let model = folder.load().unwrap();
    let plain = Folder::copy("bert").load().unwrap();
    for (side, text) in [(Side::Query, "one cat"), (Side::Document, "two cat")] {
        assert_eq!(model.tokens(side, "cat"), plain.tokens(side, text), "{side:?}");
    }
    assert_eq!(model.tokens_max(), plain.tokens_max() - 1);
    let own = Options { query_prompt: Some("red ".into()), ..Options::default() };
    let model = folder.load_with(own).unwrap();
    assert_eq!(model.tokens(Side::Query, "cat"), plain.tokens(Side::Query, "red cat"));
}

#[test]
fn a_dense_module_is_applied_after_pooling() {
    let folder = Folder::copy("bert");
    let dense = folder.path("3_Dense");
    std::fs::create_dir(&dense).unwrap();
    let config = json!({ "in_features": 24, "out_features": 3, "bias": false,
        "activation_function": "torch.nn.modules.activation.Tanh" });
    std::fs::write(dense.join("config.json"), config.to_string()).unwrap();
    // Takes dimensions 0, 1 and 2, each ten times.
    let mut data = vec![0u8; 3 * 24 * 4];
    for row in 0..3 {
        data[(row * 24 + row) * 4..][..4].copy_from_slice(&10f32.to_le_bytes());
    }
    let header = json!({ "linear.weight":
        { "dtype": "F32", "shape": [3, 24], "data_offsets": [0, data.len()] } });
    let header = header.to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    std::fs::write(dense.join("model.safetensors"), file).unwrap();
    let plain = folder.load().unwrap();
    folder.edit("modules.json", |modules| {
        modules.as_array_mut().unwrap().push(
            json!({ "idx": 3, "path": "3_Dense", "type": "sentence_transformers.models.Dense" }),
        );
    });
    let model = folder.load().unwrap();
    assert_eq!(model.dimensions(), 3);
    assert_ne!(model.fingerprint(), plain.fingerprint());
    for text in texts() {
        // The tiny model pools to vectors of another length than 1, so compare directions by signs.
        let (vector, before) = (embed(&model, &text), embed(&plain, &text));
        assert!(vector.iter().zip(&before).all(|(v, b)| v.signum() == b.signum()));
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-6);
    }
}
