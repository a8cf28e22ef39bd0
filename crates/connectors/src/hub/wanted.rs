//! Which files of a model are needed, and whether it can be used at all.

use super::error::PullError;
use super::listing::{HubFile, Listing};
use encoder::transformer::SUPPORTED;
use serde_json::Value;

pub(super) const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const SHARDS: &str = "model.safetensors.index.json";

/// At the top of the folder, where they are there. The first are small and tell early that a model is of no use.
const SETTINGS: [&str; 11] = [
    CONFIG,
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    SHARDS,
];

/// In the folders of modules, such as `1_Pooling`.
const OF_MODULES: [&str; 2] = [CONFIG, WEIGHTS];

/// Larger than any encoder's; a hub must not fill a disk by lying.
const BYTES_MAX: u64 = 64 << 30;
const FILES_MAX: usize = 512;

const ANOTHER: &str = "use another model, for instance sentence-transformers/all-MiniLM-L6-v2";

/// What to fetch, in this order. Errors: there are no weights in safetensors, or too much of everything.
pub(super) fn of(listing: &Listing) -> Result<Vec<HubFile>, PullError> {
    let mut names: Vec<&str> = SETTINGS.into_iter().collect();
    let modules = listing.files.iter().map(|file| file.name.as_str());
    names.extend(modules.filter(|name| is_of_module(name)));
    if listing.find(WEIGHTS).is_some() {
        names.retain(|&name| name != SHARDS);
        names.push(WEIGHTS);
    } else {
        let all = listing.files.iter().map(|file| file.name.as_str());
        names.extend(all.filter(|name| is_shard(name)));
    }
    let files: Vec<HubFile> =
        names.into_iter().filter_map(|name| listing.find(name)).cloned().collect();
    if listing.find(CONFIG).is_none() {
        return Err(unsuitable("the model has no config.json", ANOTHER));
    }
    if !files.iter().any(|file| file.name == WEIGHTS || is_shard(&file.name)) {
        let reason = "the model has no weights in safetensors, only in files that are code";
        return Err(unsuitable(
            reason,
            "fetch it with transformers, then AutoModel.from_pretrained(REPO).save_pretrained(DIR)",
        ));
    }
    let bytes: u64 = files.iter().fold(0, |sum, file| file.bytes.saturating_add(sum));
    if bytes > BYTES_MAX || files.len() > FILES_MAX {
        let reason = format!("the model has {} files with {bytes} bytes", files.len());
        return Err(unsuitable(&reason, "the most are 512 files with 64 GiB"));
    }
    Ok(files)
}

/// Before the weights are fetched: whether this program knows the kind of model.
pub(super) fn check(config: &[u8]) -> Result<(), PullError> {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let kind = config["model_type"].as_str().unwrap_or_default();
    if SUPPORTED.contains(&kind) {
        return Ok(());
    }
    let reason =
        format!("model_type {kind:?} is not supported; supported are {}", SUPPORTED.join(", "));
    Err(unsuitable(&reason, ANOTHER))
}

fn unsuitable(reason: &str, hint: &'static str) -> PullError {
    PullError::Unsuitable { reason: reason.to_owned(), hint }
}

/// `1_Pooling/config.json`: a folder whose name is a number and a word.
fn is_of_module(name: &str) -> bool {
    let Some((folder, file)) = name.split_once('/') else { return false };
    let numbered = folder.split_once('_').is_some_and(|(number, word)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    numbered && OF_MODULES.contains(&file)
}

/// `model-00001-of-00002.safetensors`.
fn is_shard(name: &str) -> bool {
    let inner = name.strip_prefix("model-").and_then(|rest| rest.strip_suffix(".safetensors"));
    inner.and_then(|inner| inner.split_once("-of-")).is_some_and(|(number, of)| {
        [number, of].iter().all(|part| part.len() == 5 && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::*;

    fn listing(names: &[&str]) -> Listing {
        let checksum = Checksum::GitBlob("0".repeat(40));
        let file = |name: &&str| HubFile {
            name: (*name).to_owned(),
            bytes: 1,
            checksum: checksum.clone(),
        };
        Listing { commit: String::new(), files: names.iter().map(file).collect() }
    }

    fn names(listed: &[&str]) -> Vec<String> {
        of(&listing(listed)).unwrap().into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn only_what_is_needed_is_fetched_and_weights_come_last() {
        let listed = [
            "README.md",
            "model.safetensors",
            "pytorch_model.bin",
            "onnx/model.onnx",
            "config.json",
            "1_Pooling/config.json",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "../config.json",
            "..%2f/config.json",
            "a/b/config.json",
            "1_Pooling/../config.json",
            "tokenizer.json",
            "model-00001-of-00002.safetensors",
            "train_script.py",
        ];
        assert_eq!(
            names(&listed),
            [
                "config.json",
                "tokenizer.json",
                "1_Pooling/config.json",
                "2_Dense/model.safetensors",
                "model.safetensors"
            ]
        );
        let sharded = [
            "config.json",
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model-1-of-2.safetensors",
        ];
        assert_eq!(names(&sharded), &sharded[..4]);
    }

    #[test]
    fn a_model_that_cannot_be_used_is_refused_before_its_weights() {
        for (listed, reason) in [
            (vec!["config.json", "pytorch_model.bin"], "no weights in safetensors"),
            (vec!["model.safetensors"], "no config.json"),
        ] {
            let error = of(&listing(&listed)).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
        assert!(check(br#"{"model_type":"bert"}"#).is_ok());
        for config in [r#"{"model_type":"t5"}"#, "{}", "no JSON"] {
            assert!(check(config.as_bytes()).unwrap_err().to_string().contains("not supported"));
        }
    }
}
