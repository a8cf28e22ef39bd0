//! A million chunks of 256 dimensions in one file: how long a search takes, and what it misses.
//!
//! `cargo run --release -p gristmill-benches --bin search_million DIR [CHUNKS [GRISTMILL]]`
//!
//! Makes DIR/million.db unless it is there (some 3 GB), then asks it. With the path of the binary, one-shot
//! processes are timed too. Words are drawn from a Zipf distribution over 60,000, vectors lie in clusters
//! around a common direction with uneven spread.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use encoder::Builtin;
use encoder::kernels::{Kernels, dot_f32};
use rusqlite::Connection;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use stores::{Access, SqliteOptions, SqliteStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Finish, Segment, VersionKey};
use types::query::{Filter, Mode, Query};
use types::record::{Chunk, Record, Vector};
use types::seam::Store;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DIMS: usize = Builtin::DIMENSIONS;
const CHUNKS: usize = 1_000_000;
/// Chunks of a document, which is one segment.
const DOCUMENT: usize = 200;
/// Documents of a transaction.
const BATCH: usize = 10;
const WORDS: f64 = 60_000.0;
const WORDS_PER_CHUNK: usize = 90;
const CLUSTER: usize = 300;
const QUERIES: usize = 300;
const EXACT_QUERIES: usize = 100;
const ONE_SHOTS: usize = 15;
const K: usize = 10;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        PathBuf::from(arguments.next().ok_or("usage: search_million DIR [CHUNKS [GRISTMILL]]")?);
    let chunks = arguments.next().map_or(Ok(CHUNKS), |n| n.parse())?;
    let path = folder.join("million.db");
    println!("{}, {}", processor()?, Kernels::detected().isa().name());
    if !path.exists() {
        fill(&path, chunks)?;
    }
    let asked = Asked::new(chunks);
    first_search(&path, &asked)?;
    let store = SqliteStore::open(&path, Access::Read, SqliteOptions::default())?;
    latencies(&store, &asked)?;
    println!("recall@{K} against exact cosines: {:.4}", recall(&store, &path, &asked)?);
    if let Some(binary) = arguments.next() {
        one_shots(&binary, &path, &asked)?;
    }
    Ok(())
}

/// What is asked: nothing of it is in the store.
struct Asked {
    vectors: Vec<Vec<f32>>,
    words: Vec<String>,
}

impl Asked {
    fn new(chunks: usize) -> Self {
        let space = Space::new(chunks);
        let mut dice = Dice(99);
        let vectors = (0..QUERIES).map(|_| space.vector(&mut dice)).collect();
        let words = (0..QUERIES).map(|_| words_to_ask(&mut dice)).collect();
        Self { vectors, words }
    }

    fn query(&self, mode: Mode, i: usize) -> Query {
        Query {
            mode,
            words: self.words[i].clone(),
            vector: Some(self.vectors[i].clone()),
            k: K,
            filter: Filter::default(),
        }
    }
}

fn fill(path: &Path, chunks: usize) -> Outcome<()> {
    let begun = Instant::now();
    let store = SqliteStore::open(path, Access::Create, SqliteOptions::default())?;
    store.bind_model(&ModelId {
        provider: "builtin".to_owned(),
        model: String::new(),
        dimensions: DIMS,
    })?;
    let source = store.source("bench")?;
    let run = store.begin_run("bench")?;
    let space = Space::new(chunks);
    let mut dice = Dice(7);
    for first in (0..chunks).step_by(DOCUMENT * BATCH) {
        let documents = (first..chunks.min(first + DOCUMENT * BATCH)).step_by(DOCUMENT);
        let changes = documents.map(|from| {
            let to = chunks.min(from + DOCUMENT);
            let records = (from..to).map(|i| record(i, from, &space, &mut dice)).collect();
            document(source, run, from, records)
        });
        store.apply(&changes.collect::<Vec<_>>())?;
    }
    let written = begun.elapsed();
    store.tidy()?;
    println!(
        "made {chunks} chunks in {:.0} s, tidied in {:.0} s, {} MB",
        written.as_secs_f64(),
        begun.elapsed().saturating_sub(written).as_secs_f64(),
        store.counts()?.bytes / 1_000_000
    );
    Ok(())
}

fn document(
    source: types::ledger::SourceId,
    run: i64,
    from: usize,
    records: Vec<Record>,
) -> Change {
    let name = format!("d{:06}.txt", from / DOCUMENT);
    let label = Label { domain: format!("d{}", from / DOCUMENT % 20), category: "c".to_owned() };
    Change::Segment(Segment {
        source,
        file: name.clone(),
        name,
        key: VersionKey { content: Hash([1; 32]), pipeline: Hash([2; 32]) },
        run,
        first: 0,
        finish: Some(Finish {
            total: records.len() as u32,
            title: None,
            label,
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }),
        records,
    })
}

/// Chunk `i`, the `i + 1`st row of the store: its id says so.
fn record(i: usize, first: usize, space: &Space, dice: &mut Dice) -> Record {
    let text: Vec<String> = (0..WORDS_PER_CHUNK).map(|_| word(dice.rank(1.0))).collect();
    let vector = Embedding::new(space.vector(dice), DIMS).expect("a sum of normals is not zero");
    let id = (i as u128 + 1).to_le_bytes();
    let chunk = Chunk {
        seq: (i - first) as u32,
        id,
        text: text.join(" "),
        text_hash: id,
        tokens: WORDS_PER_CHUNK as u32,
        label: OwnLabel::default(),
        chapter: None,
        section: None,
        page: None,
        span: Span::default(),
        weight: 1.0,
        metadata: Metadata::default(),
    };
    Record { chunk, vector: Vector::Present(vector) }
}

/// Opens the file anew for each search, as a command does.
fn first_search(path: &Path, asked: &Asked) -> Outcome<()> {
    for mode in [Mode::Semantic, Mode::Keyword, Mode::Hybrid] {
        let mut times = Vec::new();
        for i in 0..ONE_SHOTS {
            let begun = Instant::now();
            let store = SqliteStore::open(path, Access::Read, SqliteOptions::default())?;
            store.search(&asked.query(mode, i))?;
            times.push(begun.elapsed());
        }
        report(&format!("open and search, {}", mode.as_str()), times);
    }
    Ok(())
}

fn latencies(store: &SqliteStore, asked: &Asked) -> Outcome<()> {
    for mode in [Mode::Semantic, Mode::Keyword, Mode::Hybrid] {
        for i in 0..3 {
            store.search(&asked.query(mode, i))?;
        }
        let mut times = Vec::new();
        for i in 0..QUERIES {
            let query = asked.query(mode, i);
            let begun = Instant::now();
            store.search(&query)?;
            times.push(begun.elapsed());
        }
        report(&format!("open store, {}", mode.as_str()), times);
    }
    let mut times = Vec::new();
    for words in &asked.words {
        let begun = Instant::now();
        store.spell(&mistyped(words))?;
        times.push(begun.elapsed());
    }
    report("spelling of four mistyped words", times);
    Ok(())
}

/// Share of the exact nearest that semantic search gives.
fn recall(store: &SqliteStore, path: &Path, asked: &Asked) -> Outcome<f64> {
    let queries = &asked.vectors[..EXACT_QUERIES];
    let mut best: Vec<Vec<(f32, i64)>> = vec![Vec::new(); queries.len()];
    let conn = Connection::open(path)?;
    let mut statement = conn.prepare("SELECT chunk, v FROM vector")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let chunk: i64 = row.get(0)?;
        let (values, _) = row.get_ref(1)?.as_blob()?.as_chunks::<4>();
        let vector: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let norm = dot_f32(&vector, &vector).sqrt();
        for (query, best) in queries.iter().zip(&mut best) {
            let score = dot_f32(query, &vector) / norm;
            if best.len() < K || score > best[K - 1].0 {
                let at = best.partition_point(|(other, _)| *other >= score);
                best.insert(at, (score, chunk));
                best.truncate(K);
            }
        }
    }
    let mut found = 0;
    for (i, best) in best.iter().enumerate() {
        let hits = store.search(&asked.query(Mode::Semantic, i))?;
        let ids: Vec<i64> =
            hits.iter().map(|hit| u128::from_le_bytes(hit.chunk_id) as i64).collect();
        found += best.iter().filter(|(_, chunk)| ids.contains(chunk)).count();
    }
    Ok(found as f64 / (K * queries.len()) as f64)
}

fn one_shots(binary: &str, path: &Path, asked: &Asked) -> Outcome<()> {
    for mode in [Mode::Semantic, Mode::Hybrid] {
        let mut times = Vec::new();
        for words in &asked.words[..ONE_SHOTS] {
            let begun = Instant::now();
            let done = Command::new(binary)
                .args(["search", words, "--json", "--mode", mode.as_str(), "--store"])
                .arg(format!("sqlite:{}", path.display()))
                .output()?;
            times.push(begun.elapsed());
            if !done.status.success() {
                return Err(String::from_utf8_lossy(&done.stderr).into());
            }
        }
        report(&format!("one process, {}", mode.as_str()), times);
    }
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let place = ((times.len() - 1) as f64 * share).round() as usize;
        times[place].as_secs_f64() * 1e3
    };
    println!("{what:<34} p50 {:7.1} ms  p99 {:7.1} ms  ({} times)", at(0.5), at(0.99), times.len());
}

fn processor() -> Outcome<String> {
    let about = std::fs::read_to_string("/proc/cpuinfo")?;
    let name = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{}, {cores} threads", name.map_or("unknown processor", |(_, name)| name)))
}

/// Where vectors lie.
struct Space {
    common: Vec<f32>,
    /// Spread along each axis.
    widths: Vec<f32>,
    centres: Vec<Vec<f32>>,
}

impl Space {
    fn new(chunks: usize) -> Self {
        let mut dice = Dice(1);
        let widths: Vec<f32> = (0..DIMS).map(|d| 1.0 / (1.0 + d as f32 / 40.0)).collect();
        let mut spread = || widths.iter().map(|width| width * dice.normal()).collect::<Vec<f32>>();
        let common = spread();
        let centres = (0..(chunks / CLUSTER).max(1)).map(|_| spread()).collect();
        Self { common, widths, centres }
    }

    fn vector(&self, dice: &mut Dice) -> Vec<f32> {
        let centre = &self.centres[dice.below(self.centres.len())];
        let values = self.common.iter().zip(centre).zip(&self.widths);
        let sum: Vec<f32> = values
            .map(|((common, centre), width)| common + centre + 0.7 * width * dice.normal())
            .collect();
        let norm = dot_f32(&sum, &sum).sqrt();
        sum.iter().map(|value| value / norm).collect()
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// About normal, with variance 1: four uniform numbers.
    fn normal(&mut self) -> f32 {
        let drawn = self.next();
        let sum: u64 = (0..4).map(|part| (drawn >> (16 * part)) & 0xffff).sum();
        (sum as f32 / 65_536.0 - 2.0) * 3.0_f32.sqrt()
    }

    /// Rank of a word, from `least`: probability falls as 1 / rank.
    fn rank(&mut self, least: f64) -> usize {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (least * (WORDS / least).powf(uniform)) as usize
    }
}

/// The word of a rank: two syllables at least.
fn word(rank: usize) -> String {
    const CONSONANTS: &[u8] = b"tnsrldmkpbgfvzjh";
    const VOWELS: &[u8] = b"aeiou";
    let mut rest = rank;
    let mut word = String::new();
    while rest > 0 || word.len() < 4 {
        word.push(char::from(CONSONANTS[rest % 16]));
        word.push(char::from(VOWELS[rest / 16 % 5]));
        rest /= 80;
    }
    word
}

/// Two words of any rank and two that are no stop words.
fn words_to_ask(dice: &mut Dice) -> String {
    let ranks = [dice.rank(1.0), dice.rank(1.0), dice.rank(100.0), dice.rank(100.0)];
    ranks.map(word).join(" ")
}

fn mistyped(words: &str) -> String {
    let swapped = words.split(' ').map(|word| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.swap(1, 2);
        letters.into_iter().collect::<String>()
    });
    swapped.collect::<Vec<_>>().join(" ")
}
