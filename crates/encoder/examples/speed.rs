//! How fast texts become vectors, and vectors are scanned, on this processor: per second of CPU time, so that
//! other programs on the machine do not count.
//!
//! `cargo run --release -p gristmill-encoder --example speed [EVAL.json.gz]`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{error::Error, fs, hint::black_box};

use encoder::{
    Builtin, Scratch,
    kernels::{Isa, Kernels},
};
use flate2::read::GzDecoder;
use serde_json::Value;

const EVALUATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin/eval.json.gz");

/// Megabytes of text (10⁶ bytes) per CPU second that tokenising and pooling together shall reach.
const GOAL: f64 = 30.0;

/// Rounds of each measurement; the best one counts, because disturbances only slow down.
const ROUNDS: usize = 5;

/// CPU seconds of a round: the kernel keeps the count in steps of up to 10 ms.
const ROUND_SECONDS: f64 = 0.3;

/// Vectors of a scan: 25 MB, more than the caches of a core.
const VECTORS: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| EVALUATION.to_owned());
    let texts = texts(&path)?;
    let megabytes = texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    let model = Builtin::load();
    let tokens: usize = texts.iter().map(|text| model.count(text)).sum();
    println!("{}: {megabytes:.2} MB in {} texts, {tokens} tokens", processor()?, texts.len());

    let seconds = best(|| texts.iter().map(|text| model.count(text)).sum::<usize>())?;
    println!("{:<14} counts tokens   {:7.1} MB text per CPU second", "", megabytes / seconds);
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::on) {
        measure(kernels, &texts, megabytes)?;
    }
    Ok(())
}

fn measure(kernels: Kernels, texts: &[String], megabytes: f64) -> Result<(), Box<dyn Error>> {
    let isa = kernels.isa().name();
    let model = Builtin::load().with_kernels(kernels);
    let mut scratch = Scratch::default();
    let seconds = best(|| texts.iter().filter_map(|text| model.embed(text, &mut scratch)).count())?;
    println!(
        "{isa:<14} embeds          {:7.1} MB text per CPU second (goal {GOAL})",
        megabytes / seconds
    );

    let codes: Vec<i8> =
        (0..VECTORS * Builtin::DIMENSIONS).map(|at| ((at * 0x9e37_79b9) >> 7) as i8).collect();
    let (query, mut out) = (&codes[..Builtin::DIMENSIONS], vec![0; VECTORS]);
    let seconds = best(|| {
        kernels.scan_i8(query, &codes, Builtin::DIMENSIONS, &mut out);
        black_box(&out).len()
    })?;
    println!(
        "{isa:<14} scans           {:7.1} million vectors per CPU second",
        VECTORS as f64 / 1e6 / seconds
    );
    Ok(())
}

/// CPU seconds that `work` takes, in the fastest round.
fn best(mut work: impl FnMut() -> usize) -> Result<f64, Box<dyn Error>> {
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (start, mut times) = (cpu_seconds()?, 0);
        let mut taken = 0.0;
        while taken < ROUND_SECONDS {
            black_box(work());
            times += 1;
            taken = cpu_seconds()? - start;
        }
        fastest = fastest.min(taken / f64::from(times));
    }
    Ok(fastest)
}

/// Time on a processor of the first thread, the only one here.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let line = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = line.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

fn processor() -> Result<String, Box<dyn Error>> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Ok(name.map_or_else(|| "unnamed processor".to_owned(), |(_, name)| name.to_owned()))
}

fn texts(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let file = fs::File::open(path).map_err(|error| format!("{path}: {error}"))?;
    let json: Value = serde_json::from_reader(GzDecoder::new(file))?;
    let passages = json["pool"].as_array().ok_or("no list pool")?;
    Ok(passages.iter().filter_map(|passage| passage["text"].as_str().map(str::to_owned)).collect())
}
