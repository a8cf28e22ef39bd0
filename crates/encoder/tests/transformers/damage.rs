//! What is missing, wrong or hostile in a folder is named, and nothing panics.

use std::fs;

use encoder::transformer::{LoadError, SUPPORTED};
use proptest::prelude::*;
use serde_json::json;

use crate::folder::{FAMILIES, Folder};

fn message(folder: &Folder) -> String {
    let error = folder.load().unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn a_missing_file_is_named() {
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let folder = Folder::copy("bert");
        fs::remove_file(folder.path(file)).unwrap();
        assert!(matches!(folder.load(), Err(LoadError::Missing { .. })), "{file}");
        assert!(message(&folder).contains(file.rsplit('/').next().unwrap()), "{file}");
    }
    let folder = Folder::copy("roberta");
    fs::remove_file(folder.path("model-00002-of-00002.safetensors")).unwrap();
    assert!(message(&folder).contains("model-00002-of-00002.safetensors is missing"));
}

#[test]
fn other_types_of_model_are_refused_by_name() {
    for found in ["modernbert", "nomic_bert", "deberta-v2", "new", "t5", ""] {
        let folder = Folder::copy("bert");
        folder.edit("config.json", |config| config["model_type"] = found.into());
        let message = message(&folder);
        assert!(message.contains(&format!("{found:?}")), "{message}");
        assert!(SUPPORTED.iter().all(|name| message.contains(name)), "{message}");
    }
}

#[test]
fn settings_that_are_not_understood_are_refused_with_file_and_key() {
    for (file, key, value) in [
        ("config.json", "hidden_size", json!(0)),
        ("config.json", "hidden_size", json!(1e18)),
        ("config.json", "num_attention_heads", json!(5)),
        ("config.json", "hidden_act", json!("swish")),
        ("config.json", "position_embedding_type", json!("relative_key")),
        ("config.json", "max_position_embeddings", json!(2)),
        ("config.json", "vocab_size", json!(7)),
        ("1_Pooling/config.json", "pooling_mode", json!("lasttoken")),
        ("1_Pooling/config.json", "pooling_mode_max_tokens", json!(true)),
        ("1_Pooling/config.json", "include_prompt", json!(false)),
        ("1_Pooling/config.json", "word_embedding_dimension", json!(768)),
        ("sentence_bert_config.json", "max_seq_length", json!(2)),
        ("tokenizer.json", "post_processor", json!(null)),
    ] {
        let folder = Folder::copy("bert");
        folder.edit(file, |config| config[key] = value.clone());
        let error = folder.load().unwrap_err();
        assert!(matches!(error, LoadError::Setting { .. }), "{file} {key}: {error}");
        let message = error.to_string();
        // A vocabulary with an id too large is told where the id stands.
        assert!(message.contains(key) || key == "vocab_size", "{message}");
    }
}

#[test]
fn a_tokenizer_that_cannot_be_used_is_refused_with_the_reason() {
    let unknown = json!({"type": "BPE", "unk_token": "none", "vocab": {"a": 0}, "merges": []});
    for (family, key, value, reason) in [
        ("bert", "normalizer", json!({"type": "Backwards"}), "normalizer"),
        ("bytes", "model", json!({"type": "BPE"}), "vocab"),
        ("bytes", "model", unknown, "Unk"),
        ("bytes", "model", json!({"type": "BPE", "dropout": 0.1}), "dropout"),
        ("unigram", "model", json!({"type": "Unigram", "vocab": [["a", 0.0]]}), "unk"),
        ("unigram", "pre_tokenizer", json!({"type": "Guess"}), "pre_tokenizer"),
    ] {
        let folder = Folder::copy(family);
        folder.edit("tokenizer.json", |file| file[key] = value.clone());
        let message = message(&folder);
        let told = message.to_lowercase().replace('_', "");
        assert!(message.contains("tokenizer.json"), "{message}");
        assert!(told.contains(&reason.to_lowercase().replace('_', "")), "{message}");
    }
    let folder = Folder::copy("bytes");
    folder.edit("config.json", |config| config["vocab_size"] = 300.into());
    assert!(message(&folder).contains("the id 419, vocab_size of config.json is 300"));
}

#[test]
fn unknown_modules_are_refused_by_name() {
    let folder = Folder::copy("bert");
    folder.edit("modules.json", |modules| modules[1]["type"] = "x.models.WordWeights".into());
    assert!(message(&folder).contains("\"WordWeights\""));
    let folder = Folder::copy("bert");
    folder.edit("modules.json", |modules| modules[1]["path"] = "../elsewhere".into());
    assert!(matches!(folder.load(), Err(LoadError::Json { .. })));
}

#[test]
fn without_modules_the_mean_is_taken_and_said() {
    let folder = Folder::copy("bert");
    fs::remove_file(folder.path("modules.json")).unwrap();
    let model = folder.load().unwrap();
    assert_eq!(model.notes().len(), 1);
    assert!(Folder::copy("bert").load().unwrap().notes().is_empty());
}

#[test]
fn pickled_weights_are_refused_with_the_way_to_convert_them() {
    let folder = Folder::copy("bert");
    fs::rename(folder.path("model.safetensors"), folder.path("pytorch_model.bin")).unwrap();
    let error = folder.load().unwrap_err();
    assert!(matches!(error, LoadError::Pickle { .. }) && error.hint().contains("save_pretrained"));
}

/// Replaces text of the header by other text of the same length.
fn rewrite(folder: &Folder, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    folder.patch("model.safetensors", |bytes| {
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    });
}

#[test]
fn damaged_weights_are_told_apart() {
    let folder = Folder::copy("bert");
    rewrite(&folder, "[42, 24]", "[24, 42]");
    assert!(message(&folder).contains("has shape [24, 42], config.json asks for [42, 24]"));

    let folder = Folder::copy("bert");
    rewrite(&folder, "intermediate.dense.weight", "intermediate.dense.wXight");
    assert!(message(&folder).contains("no tensor bert.encoder.layer.0.intermediate.dense.weight"));

    let folder = Folder::copy("distilbert");
    rewrite(&folder, "\"F16\"", "\"F64\"");
    assert!(matches!(folder.load(), Err(LoadError::Format { .. })));

    let folder = Folder::copy("bert");
    folder.patch("model.safetensors", |bytes| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(matches!(folder.load(), Err(LoadError::NotFinite { .. })));

    for length in [0, 7, 8, 100, 20_000] {
        let folder = Folder::copy("bert");
        folder.patch("model.safetensors", |bytes| bytes.truncate(length));
        assert!(matches!(folder.load(), Err(LoadError::Format { .. })), "{length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever stands in a header, loading ends with a model or an error.
    #[test]
    fn a_changed_byte_never_panics(family in 0usize..4, at in any::<prop::sample::Index>(), byte: u8) {
        let family = FAMILIES[family];
        let folder = Folder::copy(family);
        let file = if family == "roberta" { "model-00001-of-00002.safetensors" } else { "model.safetensors" };
        folder.patch(file, |bytes| {
            let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
            bytes[at.index(header)] = byte;
        });
        if let Err(error) = folder.load() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
