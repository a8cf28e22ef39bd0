//! How fast a transformer makes vectors on this processor, in what memory, and the vectors themselves.
//!
//! `cargo run --release -p gristmill-encoder --example transformer -- DIR [KEY=VALUE...]` with the keys `precision`
//! (f32, i16, i8), `isa` (portable, avx2, avx512), `threads`, `budget` (tokens of a batch), `passages`, `rounds`,
//! `texts` (a JSON list, by default the passages of models/builtin/eval.json.gz) and `out` (a file for the vectors,
//! little-endian `f32`). One line of JSON comes out.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    collections::HashMap,
    error::Error,
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use encoder::{
    Transformer,
    kernels::{Isa, Kernels},
    transformer::{Memory, Options, Precision, Side, Tokens},
};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

const EVALUATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin/eval.json.gz");

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder of a model")?;
    let given: HashMap<String, String> = arguments
        .map(|pair| pair.split_once('=').map(|(key, value)| (key.into(), value.into())))
        .collect::<Option<_>>()
        .ok_or("expected KEY=VALUE")?;
    let text = |key: &str, absent: &str| given.get(key).cloned().unwrap_or(absent.to_owned());
    let number = |key: &str, absent: &str| text(key, absent).parse::<usize>();

    // Before the model, so that memory for reading them is not on top of it.
    let mut texts = texts(&text("texts", EVALUATION))?;
    texts.truncate(number("passages", "2000")?);
    let precision = Precision::from_name(&text("precision", "f32")).ok_or("no such precision")?;
    let options = Options { precision, ..Options::default() };
    let started = Instant::now();
    let mut model = Transformer::load(Path::new(&folder), options)?;
    let load_seconds = started.elapsed().as_secs_f64();
    if let Some(isa) = given.get("isa") {
        model = model.with_kernels(kernels(isa)?);
    }
    let passages: Vec<Tokens> = texts
        .iter()
        .map(|text| model.tokens(Side::Document, text).ok_or("a text without tokens"))
        .collect::<Result<_, _>>()?;
    let batches = batches(&passages, number("budget", "512")?);
    let tokens: usize = passages.iter().map(Tokens::len).sum();
    let threads = number("threads", "1")?;
    // The first batch brings memory and caches into the state in which they stay.
    embed(&model, &batches[..1], threads);
    for _ in 0..number("rounds", "1")? {
        let (cpu, wall) = (cpu_seconds()?, Instant::now());
        let vectors = embed(&model, &batches, threads);
        let (cpu, wall) = (cpu_seconds()? - cpu, wall.elapsed().as_secs_f64());
        println!(
            "{}",
            json!({
                "precision": precision.name(), "isa": model.kernels().isa().name(),
                "processor": processor()?, "threads": threads, "passages": passages.len(),
                "tokens": tokens, "cut": passages.iter().filter(|p| p.cut() > 0).count(),
                "tokens_per_cpu_second": (tokens as f64 / cpu).round(),
                "tokens_per_second": (tokens as f64 / wall).round(),
                "load_seconds": load_seconds, "peak_megabytes": peak_megabytes()?,
            })
        );
        if let Some(out) = given.get("out") {
            let bytes: Vec<u8> =
                vectors.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
            fs::write(out, bytes)?;
        }
    }
    Ok(())
}

/// Each thread takes the next batch that nobody has taken; the vectors come back in the order of the passages.
fn embed(model: &Transformer, batches: &[Vec<&Tokens>], threads: usize) -> Vec<Vec<f32>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut memory, mut done) = (Memory::default(), Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(at) else { return done };
            done.push((at, model.embed(batch, &mut memory)));
        }
    };
    let mut all = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().flat_map(|worker| worker.join().expect("no worker panics"));
        done.collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().flat_map(|(_, vectors)| vectors).collect()
}

/// In the order of arrival; a batch ends before the passage that would exceed the budget.
fn batches(passages: &[Tokens], budget: usize) -> Vec<Vec<&Tokens>> {
    let (mut batches, mut size) = (vec![Vec::new()], 0);
    for passage in passages {
        if size + passage.len() > budget && size > 0 {
            batches.push(Vec::new());
            size = 0;
        }
        size += passage.len();
        batches.last_mut().expect("one is there").push(passage);
    }
    batches
}

fn kernels(name: &str) -> Result<Kernels, Box<dyn Error>> {
    let isa = match name {
        "portable" => Isa::Portable,
        "avx2" => Isa::Avx2,
        "avx512" => Isa::Avx512,
        _ => return Err("no such instruction set".into()),
    };
    Ok(Kernels::on(isa).ok_or("this processor lacks the instruction set")?)
}

fn texts(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let file = fs::File::open(path).map_err(|error| format!("{path}: {error}"))?;
    let value: Value = if Path::new(path).extension().is_some_and(|ending| ending == "gz") {
        serde_json::from_reader(GzDecoder::new(file))?
    } else {
        serde_json::from_reader(file)?
    };
    let list = value.as_array().or(value["pool"].as_array()).ok_or("no list of texts")?;
    let text = |entry: &Value| entry.as_str().or(entry["text"].as_str()).map(str::to_owned);
    Ok(list.iter().filter_map(text).collect())
}

/// Time on a processor of all threads, also those that have ended.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

fn peak_megabytes() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok((kilobytes / 1024.0).round())
}

fn processor() -> Result<String, Box<dyn Error>> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let field = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.split_once(": ")).map(|(_, v)| v)
    };
    let of = |name| field(name).unwrap_or("?").to_owned();
    Ok(format!("{}, family {} model {}", of("model name"), of("cpu family"), of("model\t")))
}
