//! Tests and measures the cards of this machine; fails if there is none, or if its vectors are not the processor's.
//!
//! `cargo run --release -p gristmill-encoder-cuda --example card -- [DIR] [KEY=VALUE...]` compares every family and
//! width of head on made-up models, then, with the folder of a model, all its passages, and measures. Keys: `which` (a
//! card's number; default all), `made` (0 leaves the made-up models out), `passages` (2000), `timed` (65536 passages,
//! those of models/builtin/eval.json.gz again and again; 0 measures nothing), `threads` (that tokenise), `rounds`,
//! `texts` (where to write the timed passages, a JSON list) and `out` (a file for the vectors of `passages`,
//! little-endian `f32`). One line of JSON for each step.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]
#![expect(clippy::unwrap_used, reason = "it is shared with the tests, which may fail")]

#[path = "../src/made.rs"]
mod made;

use std::{
    collections::HashMap,
    error::Error,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use encoder::{
    Transformer,
    device::Devices,
    kernels::dot_f32,
    transformer::{Memory, Options, Side, Tokens},
};
use encoder_cuda::Which;
use flate2::read::GzDecoder;
use made::Sizes;
use serde_json::{Value, json};

const EVALUATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin/eval.json.gz");
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../encoder/tests/models");

/// The least cosine to the processor.
const LEAST: f32 = 0.9999;

/// Texts that a thread takes at a time, as a call of the program has.
const CALL: usize = 1024;

struct Given {
    which: Which,
    keys: HashMap<String, String>,
}

impl Given {
    fn number(&self, key: &str, absent: usize) -> Result<usize, Box<dyn Error>> {
        self.keys.get(key).map_or(Ok(absent), |text| Ok(text.parse()?))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (pairs, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.contains('='));
    let keys: HashMap<String, String> =
        pairs.iter().filter_map(|pair| pair.split_once('=')).map(own).collect();
    let which = keys.get("which").map_or(Ok(Which::All), |text| text.parse().map(Which::One))?;
    let given = Given { which, keys };
    if given.number("made", 1)? > 0 {
        for (name, model) in made_up()? {
            check(&name, &model, &lengths(&model), &given)?;
        }
    }
    let Some(folder) = folders.first() else { return Ok(()) };
    let model = Transformer::load(Path::new(folder), Options::default())?;
    let texts = texts()?;
    passages(&model, &texts, &given)?;
    let timed = given.number("timed", 65_536)?;
    if timed == 0 {
        return Ok(());
    }
    let many: Vec<&String> = texts.iter().cycle().take(timed).collect();
    if let Some(path) = given.keys.get("texts") {
        fs::write(path, serde_json::to_vec(&many)?)?;
    }
    for _ in 0..given.number("rounds", 3)? {
        measure(&model, &many, &given)?;
    }
    Ok(())
}

fn own((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn made_up() -> Result<Vec<(String, Transformer)>, Box<dyn Error>> {
    let mut models = Vec::new();
    for family in ["bert", "roberta", "distilbert", "mpnet"] {
        let model = Transformer::load(&Path::new(TINY).join(family), Options::default())?;
        models.push((format!("tiny {family}"), model));
    }
    for (width, heads, inner) in
        [(64, 2, 96), (80, 5, 200), (128, 2, 32), (144, 2, 64), (384, 12, 1536), (768, 12, 3072)]
    {
        let sizes = Sizes { width, heads, inner, positions: 512 };
        models.push((format!("bert {width}/{heads}/{inner}"), made::bert(sizes)));
        models.push((format!("mpnet {width}/{heads}/{inner}"), made::mpnet(sizes)));
    }
    Ok(models)
}

/// Of sequences that end in every part of a tile.
fn lengths(model: &Transformer) -> Vec<usize> {
    let longest = model.parts().map_or(1, |parts| parts.sequence_max);
    let wanted = [1, 2, 7, 8, 15, 16, 17, 33, 63, 64, 65, 127, 128, 129, 200, 300, 500];
    wanted.into_iter().map(|length| length.min(longest)).collect()
}

/// Compares some sequences with the processor's vectors, and alone with in a batch.
fn check(
    name: &str,
    model: &Transformer,
    lengths: &[usize],
    given: &Given,
) -> Result<(), Box<dyn Error>> {
    let id = |seed: usize, at: usize| ((seed * 31 + at * 17 + at * at) % model.vocabulary()) as u32;
    let sequences: Vec<Vec<u32>> = lengths
        .iter()
        .enumerate()
        .map(|(seed, &length)| (0..length).map(|at| id(seed, at)).collect())
        .collect();
    let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    for mut device in encoder_cuda::open(model, given.which)?.devices {
        let together = device.pooled(&sequences)?;
        let mut alone = Vec::new();
        for ids in &sequences {
            alone.extend(device.pooled(&[ids])?);
        }
        let cosine = worst(model, &sequences, together.clone());
        let same = together == alone;
        println!(
            "{}",
            json!({ "model": name, "card": device.name(), "worst_cosine": cosine,
                "same_bits_alone_and_together": same })
        );
        if cosine < LEAST || !same {
            return Err(format!("{name} on {}: see above", device.name()).into());
        }
    }
    Ok(())
}

fn worst(model: &Transformer, sequences: &[&[u32]], rows: Vec<f32>) -> f32 {
    let mut memory = Memory::default();
    let theirs = model.vectors(rows, &mut memory);
    let ours = sequences.iter().flat_map(|ids| {
        let rows = model.pooled(&[ids], &mut memory);
        model.vectors(rows, &mut memory)
    });
    ours.collect::<Vec<_>>().iter().zip(&theirs).map(|(a, b)| dot_f32(a, b)).fold(1.0, f32::min)
}

fn tokenised(model: &Transformer, texts: &[&String]) -> Vec<Tokens> {
    texts.iter().filter_map(|text| model.tokens(Side::Document, text)).collect()
}

/// All passages against the processor, which takes a while.
fn passages(model: &Transformer, texts: &[String], given: &Given) -> Result<(), Box<dyn Error>> {
    let texts: Vec<&String> = texts.iter().take(given.number("passages", 2000)?).collect();
    let tokens = tokenised(model, &texts);
    let sequences: Vec<&[u32]> = tokens.iter().map(Tokens::ids).collect();
    for mut device in encoder_cuda::open(model, given.which)?.devices {
        let mut rows = Vec::new();
        for batch in sequences.chunks(100) {
            rows.extend(device.pooled(batch)?);
        }
        let vectors = model.vectors(rows.clone(), &mut Memory::default());
        let cosine = worst(model, &sequences, rows);
        println!(
            "{}",
            json!({ "passages": sequences.len(), "card": device.name(), "worst_cosine": cosine,
                "batch_tokens": device.tokens_max() })
        );
        if let Some(out) = given.keys.get("out") {
            let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
            fs::write(out, bytes)?;
        }
        if cosine < LEAST {
            return Err(format!("cosine {cosine} to the processor, {LEAST} is the least").into());
        }
    }
    Ok(())
}

fn measure(model: &Transformer, texts: &[&String], given: &Given) -> Result<(), Box<dyn Error>> {
    let cores = thread::available_parallelism()?.get();
    let threads = given.number("threads", cores)?;
    let devices = encoder_cuda::open(model, given.which)?.devices;
    let devices = Devices::new(devices, Arc::new(|text| println!("{}", json!({ "notice": text }))));
    let calls: Vec<&[&String]> = texts.chunks(CALL).collect();
    let tokens: Vec<Vec<Tokens>> = calls.iter().map(|call| tokenised(model, call)).collect();
    let count: usize = tokens.iter().flatten().map(Tokens::len).sum();
    // Memory on the card, and everything that is made when it is first needed.
    embed(model, &devices, &tokens[0]);
    let started = Instant::now();
    each(&tokens, threads, |call| embed(model, &devices, call));
    let forward = started.elapsed().as_secs_f64();
    let started = Instant::now();
    each(&calls, threads, |call| embed(model, &devices, &tokenised(model, call)));
    let whole = started.elapsed().as_secs_f64();
    let reports = devices.reports();
    println!(
        "{}",
        json!({
            "texts": texts.len(), "tokens": count, "threads": threads,
            "cards": reports.iter().map(|card| &card.name).collect::<Vec<_>>(),
            "tokens_per_second_tokenised_before": (count as f64 / forward).round(),
            "tokens_per_second": (count as f64 / whole).round(),
            "out_of_memory": reports.iter().map(|card| card.out_of_memory).sum::<u64>(),
        })
    );
    if reports.iter().any(|card| card.given_up.is_some()) {
        return Err("a card was given up".into());
    }
    Ok(())
}

/// Vectors of one call, batch after batch.
fn embed(model: &Transformer, devices: &Devices, tokens: &[Tokens]) {
    let sequences: Vec<&[u32]> = tokens.iter().map(Tokens::ids).collect();
    let (mut rest, mut memory) = (sequences.as_slice(), Memory::default());
    while let Some(pooled) = devices.pool_next(rest) {
        let vectors = model.vectors(pooled.rows, &mut memory);
        assert!(vectors.iter().flatten().all(|value| value.is_finite()), "vectors are finite");
        rest = &rest[pooled.texts..];
    }
}

/// Each thread takes the next call that nobody has taken.
fn each<T: Sync>(calls: &[T], threads: usize, work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(call);
                }
            });
        }
    });
}

fn texts() -> Result<Vec<String>, Box<dyn Error>> {
    let file = fs::File::open(EVALUATION).map_err(|error| format!("{EVALUATION}: {error}"))?;
    let value: Value = serde_json::from_reader(GzDecoder::new(file))?;
    let list = value["pool"].as_array().ok_or("no list of texts")?;
    let text = |entry: &Value| entry.as_str().or(entry["text"].as_str()).map(str::to_owned);
    Ok(list.iter().filter_map(text).collect())
}
