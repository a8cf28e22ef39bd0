//! Rows a second into a store, as a share of appending the same bytes to a file, and of a loop of inserts that does
//! nothing else.
//!
//! `cargo run --release -p gristmill-stores --example write_rate [ROWS] [ROUNDS]`. All three are written in
//! turns on the same disk, one durable write per batch; the median of the rounds counts.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

mod bare;

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;
use stores::{Access, FullText, SqliteOptions, SqliteStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Finish, Segment, SourceId, VersionKey};
use types::record::{Chunk, Record, Vector};
use types::seam::{Repair, Store as _};

const DIMENSIONS: usize = 384;
/// Chunks of one document.
const CHUNKS: usize = 20;
/// Words of the vocabulary; the nth is about n times as rare as the first.
const VOCABULARY: f64 = 60_000.0;
const TEXT_BYTES: usize = 594;

/// Weyl sequence through a mixer: enough for words and vectors.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 27)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        while text.len() < TEXT_BYTES {
            // Zipf: the logarithm of the rank is even.
            let rank = VOCABULARY.powf(self.unit()) as u64;
            let word = rank * 2_654_435_761 % (1 << 24);
            write!(text, "w{word:x} ").expect("writing to a string cannot fail");
        }
        text
    }

    fn vector(&mut self) -> Embedding {
        let values = (0..DIMENSIONS).map(|_| self.unit() as f32 - 0.5).collect();
        Embedding::new(values, DIMENSIONS).expect("random numbers are finite and not all zero")
    }
}

fn document(random: &mut Random, source: SourceId, number: usize) -> Change {
    let name = format!("folder/document{number}.md");
    let records = (0..CHUNKS as u32).map(|seq| record(random, seq)).collect();
    let hash = Hash(*blake3::hash(name.as_bytes()).as_bytes());
    let label = Label { domain: "d".to_owned(), category: "c".to_owned() };
    Change::Segment(Segment {
        source,
        file: name.clone(),
        name,
        key: VersionKey { content: hash, pipeline: hash },
        run: 1,
        first: 0,
        records,
        finish: Some(Finish {
            total: CHUNKS as u32,
            title: Some("A title".to_owned()),
            label,
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }),
    })
}

fn record(random: &mut Random, seq: u32) -> Record {
    let text = random.text();
    let hash = blake3::hash(text.as_bytes());
    let [text_hash, id] = [0, 16]
        .map(|at| hash.as_bytes()[at..at + 16].try_into().expect("a BLAKE3 has twice 16 bytes"));
    let chunk = Chunk {
        seq,
        id,
        text_hash,
        tokens: 120,
        label: OwnLabel::default(),
        chapter: Some("Chapter one".to_owned()),
        section: Some("Chapter one > Section two".to_owned()),
        page: Some(seq),
        span: Span { start: u64::from(seq) * 594, end: u64::from(seq) * 594 + 594 },
        weight: 1.0,
        metadata: Metadata(format!(r#"{{"number":{seq},"of":"{seq:0>80}"}}"#)),
        text,
    };
    Record { chunk, vector: Vector::Present(random.vector()) }
}

fn batches(rows: usize, batch: usize) -> Vec<Vec<Change>> {
    let mut random = Random(7);
    let documents = (0..rows / CHUNKS).map(|n| document(&mut random, SourceId(1), n));
    let mut batches: Vec<Vec<Change>> = Vec::new();
    for document in documents {
        match batches.last_mut() {
            Some(last) if last.len() * CHUNKS < batch => last.push(document),
            _ => batches.push(vec![document]),
        }
    }
    batches
}

/// The bytes that the rows hold, without any structure.
fn payload(changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for change in changes {
        let Change::Segment(segment) = change else { continue };
        for Record { chunk, vector } in &segment.records {
            bytes.extend_from_slice(&chunk.id);
            bytes.extend_from_slice(&chunk.text_hash);
            bytes.extend_from_slice(chunk.text.as_bytes());
            bytes.extend_from_slice(chunk.metadata.0.as_bytes());
            if let Vector::Present(embedding) = vector {
                bytes.extend(embedding.values().iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
    bytes
}

fn append(path: &Path, payloads: &[Vec<u8>]) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let mut file = File::create(path)?;
    for payload in payloads {
        file.write_all(payload)?;
        file.sync_data()?;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Seconds.
struct Times {
    write: f64,
    tidy: f64,
    verify: f64,
}

fn store(
    path: &Path,
    full_text: FullText,
    batches: Vec<Vec<Change>>,
) -> Result<Times, Box<dyn Error>> {
    let store = SqliteStore::open(path, Access::Create, SqliteOptions { full_text })?;
    let (provider, model) = ("bench".to_owned(), String::new());
    store.bind_model(&ModelId { provider, model, dimensions: DIMENSIONS })?;
    store.source("/bench")?;
    let begun = Instant::now();
    for changes in batches {
        store.apply(&changes)?;
    }
    let write = begun.elapsed().as_secs_f64();
    store.tidy()?;
    let tidy = begun.elapsed().as_secs_f64() - write;
    let found = store.verify(Repair::No)?;
    assert!(found.is_empty(), "{:?}", found.first());
    Ok(Times { write, tidy, verify: begun.elapsed().as_secs_f64() - write - tidy })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let rows = arguments.next().transpose()?.unwrap_or(20_000);
    let rounds = arguments.next().transpose()?.unwrap_or(5);
    println!("{rows} rows, {rounds} rounds");
    for (full_text, batch) in
        [(FullText::Off, 200), (FullText::Off, 2000), (FullText::On, 200), (FullText::On, 2000)]
    {
        let (mut raw, mut kept, mut share, mut of_bare) = (vec![], vec![], vec![], vec![]);
        let (mut tidy, mut verify, mut size) = (vec![], vec![], 0.0);
        for _ in 0..rounds {
            let folder = tempfile::tempdir_in(".")?;
            let changes = batches(rows, batch);
            let payloads: Vec<_> = changes.iter().map(|changes| payload(changes)).collect();
            let bytes: usize = payloads.iter().map(Vec::len).sum();
            let append = append(&folder.path().join("raw"), &payloads)?;
            let bare = bare::write(&folder.path().join("bare.db"), full_text, &changes)?;
            let path = folder.path().join("kb.db");
            let stored = store(&path, full_text, changes)?;
            raw.push(rows as f64 / append);
            kept.push(rows as f64 / stored.write);
            share.push(append / stored.write);
            of_bare.push(bare / stored.write);
            tidy.push(stored.tidy);
            verify.push(stored.verify);
            size = std::fs::metadata(&path)?.len() as f64 / bytes as f64;
        }
        println!(
            "full text {full_text:?}, batch {batch}: append {:.0} rows/s, store {:.0} rows/s, share {:.3}, {:.2} of a \
             bare loop, file {size:.2} of the payload; tidy {:.2} s, verify {:.2} s",
            median(raw),
            median(kept),
            median(share),
            median(of_bare),
            median(tidy),
            median(verify)
        );
    }
    Ok(())
}
