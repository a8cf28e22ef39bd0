//! A transformer from a folder, as a user names it: `--embedder local:DIR`. The models are the tiny ones of the
//! encoder's tests, whose words are few; no model is fetched.

use crate::support::{Answer, Desk, age, tree};
use std::path::{Path, PathBuf};

const PARAGRAPHS: [(&str, &str); 3] = [
    ("cats.md", "The cat sat on the red mat."),
    ("river.md", "The quick brown fox and the dog on the river."),
    ("house.md", "One house, two trees, three blue cats."),
];

/// A desk with documents in the model's few words, and a copy of a model.
fn desk(family: &str) -> (Desk, String) {
    let desk = Desk::new();
    for (name, text) in PARAGRAPHS {
        desk.write(name, text);
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models").join(family);
    let folder = desk.path().join("model");
    for (name, bytes) in tree(&models) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let spec = format!("local:{}", folder.display());
    (desk, spec)
}

fn weights(desk: &Desk) -> PathBuf {
    desk.path().join("model/model.safetensors")
}

#[test]
fn a_local_model_fills_a_store_and_searches_it_without_being_named_again() {
    for family in ["bert", "roberta", "distilbert", "mpnet"] {
        let (desk, spec) = desk(family);
        let result = desk.ingest(&["--embedder", &spec]).exits(0);
        let json = result.json();
        let name = json["embedder"].as_str().unwrap();
        assert!(name.starts_with("local:") && !name.contains("model"), "never the path: {name}");
        assert_eq!(json["dimensions"], 24);
        assert!(json["embedder_runs_on"].as_str().unwrap().starts_with("f32 on "), "{json}");
        assert_eq!(json["provider"]["requests"], 0);
        assert_eq!(result.number("chunks.embedded"), 3);
        assert_eq!(result.number("chunks.without_vector"), 0);
        for (document, text) in PARAGRAPHS {
            assert_eq!(
                desk.found(&[text, "--mode", "semantic", "-k", "1"]),
                [document],
                "{family}"
            );
        }
        let again = desk.ingest(&[]).exits(0);
        assert_eq!(again.number("documents.unchanged"), 3);
        assert_eq!(again.json()["embedder"], json["embedder"]);
        desk.verifies();
    }
}

/// Holds on any machine: whether there is a card or not, the result says what was used.
#[test]
fn the_result_says_what_documents_were_embedded_on() {
    let (desk, spec) = desk("bert");
    let file = desk.path().join("gristmill.toml");
    std::fs::write(&file, "[embed]\ndevice = \"cpu\"\n").unwrap();
    let json = desk.ingest(&["--embedder", &spec]).exits(0).json();
    assert_eq!(json["embedder_device"]["device"], "cpu");
    assert_eq!(json["embedder_device"]["why_not_cuda"], serde_json::Value::Null);
    std::fs::remove_file(&file).unwrap();
    desk.write("more.md", "Two foxes, one tree.");
    let result = desk.ingest(&[]).exits(0);
    let device = result.json()["embedder_device"].clone();
    if device["device"] == "cuda" {
        assert_eq!(device["cards"][0]["texts"], 1, "{device}");
    } else {
        let why = device["why_not_cuda"].as_str().unwrap();
        let told = format!("the model runs on the processor: {why}");
        assert!(result.stderr.contains(&told), "{result:?}");
    }
}

/// Puts a library in the place of NVIDIA's driver; its cards are this processor.
fn driver(desk: &Desk) -> PathBuf {
    let folder = desk.path().join("driver");
    std::fs::create_dir(&folder).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder-cuda/kernels/emulator");
    let built = std::process::Command::new("cc")
        .args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-fPIC", "-shared", "-I"])
        .arg(&sources)
        .args(["machine.c", "driver.c"].map(|file| sources.join(file)))
        .arg("-o")
        .arg(folder.join("libcuda.so.1"))
        .args(["-lm", "-lpthread"])
        .status();
    assert!(built.unwrap().success());
    folder
}

#[test]
fn a_store_filled_with_cards_is_searched_and_filled_without_them() {
    let (desk, spec) = desk("mpnet");
    let driver = driver(&desk);
    let ingest = |settings: &[(&str, &str)]| -> Answer {
        let mut command = desk.command(["ingest", "docs", "--json", "-q", "--embedder", &spec]);
        command.env("LD_LIBRARY_PATH", &driver);
        command.envs(settings.iter().copied()).output().unwrap().into()
    };
    let filled = ingest(&[("FAKE_CUDA_CARDS", "2")]).exits(0).json();
    let device = &filled["embedder_device"];
    assert_eq!(device["device"], "cuda", "{filled}");
    let texts = device["cards"].as_array().unwrap().iter().map(|card| &card["texts"]);
    let texts: u64 = texts.filter_map(serde_json::Value::as_u64).sum();
    // Those of the check whether the model tells texts apart come on top.
    assert!(texts >= 3 && filled["chunks"]["embedded"] == 3, "{filled}");
    assert_eq!(filled["embedder_runs_on"], "f16 on cuda:0 made up, cuda:1 made up");
    for (document, text) in PARAGRAPHS {
        assert_eq!(desk.found(&[text, "--mode", "semantic", "-k", "1"]), [document]);
    }
    // The same model, so nothing is embedded again; what is new may come from the processor.
    desk.write("more.md", "Two foxes, one tree.");
    let more = desk.ingest(&["--embedder", &spec]).exits(0);
    assert_eq!((more.number("documents.unchanged"), more.number("chunks.embedded")), (3, 1));
    // A card that errs makes no vector, one that fails loses none.
    for (name, setting, told) in [
        ("wrong", "FAKE_CUDA_WRONG", "cuda:0 is not used: its vectors have a cosine of "),
        ("fails", "FAKE_CUDA_LAUNCHES", "cuda:0 made up is not used any more: the driver says "),
    ] {
        desk.write(&format!("{name}.md"), "Three cats and a river.");
        let answer = ingest(&[(setting, "20")]).exits(0);
        assert_eq!(answer.json()["embedder_device"]["device"], "cpu", "{answer:?}");
        assert!(answer.stderr.contains(told), "{answer:?}");
        assert_eq!(answer.number("chunks.embedded"), 1);
    }
    desk.verifies();
}

#[test]
fn a_card_that_is_asked_for_by_name_must_be_there() {
    let (desk, spec) = desk("bert");
    let file = desk.path().join("gristmill.toml");
    // No machine has so many.
    std::fs::write(&file, "[embed]\ndevice = \"cuda:99\"\n").unwrap();
    let refused = desk.ingest(&["--embedder", &spec]).exits(2);
    assert!(refused.stdout.contains("embed.device: "), "{refused:?}");
    std::fs::write(&file, "[embed]\ndevice = \"gpu\"\n").unwrap();
    let refused = desk.ingest(&["--embedder", &spec]).exits(2);
    assert!(refused.stdout.contains("auto, cpu, cuda or cuda:N"), "{refused:?}");
}

#[test]
fn precision_and_prompts_are_remembered_by_the_store() {
    let (desk, spec) = desk("bert");
    let config = "[embed]\nprecision = \"i16\"\nquery_prompt = \"one \"\n";
    let file = desk.path().join("gristmill.toml");
    std::fs::write(&file, config).unwrap();
    let first = desk.ingest(&["--embedder", &spec]).exits(0).json();
    assert!(first["embedder_runs_on"].as_str().unwrap().starts_with("i16 on "), "{first}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(desk.ingest(&[]).exits(0).json()["embedder"], first["embedder"]);
    desk.search(&["red mat", "--mode", "semantic"]);
    // Another precision is another model.
    std::fs::write(&file, "[embed]\nprecision = \"f32\"\n").unwrap();
    let refused = desk.ingest(&["--embedder", &spec]).exits(2);
    assert!(refused.stdout.contains("gristmill migrate"), "{refused:?}");
}

#[test]
fn a_folder_whose_weights_changed_is_another_model() {
    let (desk, spec) = desk("bert");
    desk.ingest(&["--embedder", &spec]).exits(0);
    let mut bytes = std::fs::read(weights(&desk)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(weights(&desk), bytes).unwrap();
    let refused = desk.ingest(&[]).exits(2);
    assert!(refused.stdout.contains("gristmill migrate"), "{refused:?}");
    let refused = desk.run(["search", "cat", "--mode", "semantic"]).exits(2);
    assert!(refused.stderr.contains("the store holds vectors of local:"), "{refused:?}");
    // Words alone need no model.
    desk.search(&["cat", "--mode", "keyword"]);
}

#[test]
fn no_chunk_is_longer_than_the_model_takes() {
    let (desk, spec) = desk("bert");
    let text = "The cat sat on the red mat. Two dogs sat on the river. ".repeat(40);
    let path = desk.write("long.md", text);
    age(&path);
    let result = desk.ingest(&["--embedder", &spec]).exits(0);
    assert!(result.number("chunks.written") > 25, "{result:?}");
    assert_eq!(result.number("chunks.without_vector"), 0);
    assert_eq!(result.json()["failures"].as_array().unwrap().len(), 0);
}

#[test]
fn a_folder_that_is_no_model_is_refused_with_what_is_wrong() {
    let (desk, spec) = desk("bert");
    let refused = |spec: &str, said: &str| {
        let answer = desk.ingest(&["--embedder", spec]).exits(2);
        assert!(answer.stdout.contains(said), "expected {said:?}: {answer:?}");
        assert!(answer.json()["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    };
    refused("local:nowhere", "nowhere is no folder, and no model of that name was pulled");
    refused("local:", "the folder is missing after `local:`");
    let bytes = std::fs::read(weights(&desk)).unwrap();
    std::fs::write(weights(&desk), &bytes[..5000]).unwrap();
    refused(&spec, "model.safetensors");
    std::fs::remove_file(weights(&desk)).unwrap();
    refused(&spec, "model.safetensors is missing");
    let config = desk.path().join("model/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"bert\"", "\"modernbert\"")).unwrap();
    refused(&spec, "modernbert");
}

#[test]
fn a_store_migrates_to_a_local_model_and_remembers_how_it_is_used() {
    let (desk, spec) = desk("mpnet");
    desk.ingest(&[]).exits(0);
    std::fs::write(desk.path().join("gristmill.toml"), "[embed]\nprecision = \"i8\"\n").unwrap();
    let migrated = desk.run(["migrate", "--embedder", &spec, "--json", "-q"]).exits(0).json();
    assert_eq!(migrated["switched"], true, "{migrated}");
    std::fs::remove_file(desk.path().join("gristmill.toml")).unwrap();
    let again = desk.ingest(&[]).exits(0);
    assert_eq!(again.number("documents.unchanged"), 3);
    assert!(again.json()["embedder_runs_on"].as_str().unwrap().starts_with("i8 on "), "{again:?}");
    for (document, text) in PARAGRAPHS {
        assert_eq!(desk.found(&[text, "--mode", "semantic", "-k", "1"]), [document]);
    }
    desk.verifies();
}
