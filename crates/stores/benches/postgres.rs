//! The Postgres store beside what the server can do at best, in one run on one server.
//!
//! `cargo bench -p gristmill-stores --bench postgres -- ingest` writes the same rows through the store (documents
//! gated, fenced, replaced whole) and with `psql \copy … (FORMAT binary)` into the same tables, interleaved;
//! `-- search --rows 1000000` builds the index and compares searches with plain SQL. The numbers are ratios of one
//! run; a busy machine changes both sides.
#![expect(clippy::unwrap_used, reason = "a failing step fails the measurement")]
#![expect(clippy::print_stdout, reason = "the result is what it prints")]

use postgres_server::{Release, Server};
use std::fs;
use std::process::Command;
use std::time::Instant;
use stores::{Access, FullText, PostgresStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Finish, Segment, SourceId, VersionKey};
use types::query::{Filter, Mode, Query};
use types::record::{Chunk, Record, Vector};
use types::seam::Store as _;

const DIMENSIONS: usize = 256;
/// Chunks of a document.
const CHUNKS: usize = 20;
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows = arguments.iter().position(|argument| argument == "--rows");
    let rows = rows.map(|at| arguments[at + 1].parse().unwrap());
    let server = Server::start(Release::Sixteen, &["shared_buffers=1GB"]);
    if arguments.iter().any(|argument| argument == "search") {
        search(&server, rows.unwrap_or(50_000));
    } else {
        for batch in [2000, 200] {
            ingest(&server, rows.unwrap_or(10_000), batch);
        }
    }
}

/// Rows per second of both, and their ratio, round by round.
fn ingest(server: &Server, rows: usize, batch: usize) {
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let database = server.database();
        let url = server.url(&database);
        let batches = batches(rows, batch);
        let store = open(&url);
        store.source("/books").unwrap();
        let begun = Instant::now();
        for changes in &batches {
            store.apply(changes).unwrap();
        }
        let ours = rows as f64 / begun.elapsed().as_secs_f64();
        if round == 0 {
            println!("{}", sizes(server, &database));
        }
        drop(store);
        let best = rows as f64 / copied(server, &database);
        println!(
            "batch {batch}: store {ours:.0} rows/s, psql {best:.0} rows/s, ratio {:.2}",
            ours / best
        );
        ratios.push(ours / best);
        server.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
    }
    ratios.sort_by(f64::total_cmp);
    println!("batch {batch}: median ratio {:.2} of {ROUNDS} rounds", ratios[ROUNDS / 2]);
}

/// Seconds that `psql` takes for the rows of the store, into the same tables of another schema.
fn copied(server: &Server, database: &str) -> f64 {
    let second = open(&format!("{}?schema=second", server.url(database)));
    drop(second);
    let tables = ["chunk", "vector_1"];
    let files = tables.map(|table| server.folder().join(format!("{table}.bin")));
    for (table, file) in tables.iter().zip(&files) {
        psql(
            server,
            database,
            &format!(r"\copy gristmill.{table} TO '{}' (FORMAT binary)", file.display()),
        );
    }
    let begun = Instant::now();
    for (table, file) in tables.iter().zip(&files) {
        psql(
            server,
            database,
            &format!(r"\copy second.{table} FROM '{}' (FORMAT binary)", file.display()),
        );
    }
    let seconds = begun.elapsed().as_secs_f64();
    for file in &files {
        fs::remove_file(file).unwrap();
    }
    seconds
}

fn psql(server: &Server, database: &str, command: &str) {
    let said = Command::new(server.programs().join("psql"))
        .args(["-X", "-q", "-h"])
        .arg(server.folder())
        .args(["-p", &server.port().to_string(), "-U", "gristmill", "-d", database, "-c", command])
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

fn sizes(server: &Server, database: &str) -> String {
    server.sql(
        database,
        "SELECT string_agg(c.relname || ': ' || pg_total_relation_size(c.oid) / greatest(1, (SELECT count(*) FROM gristmill.chunk))
           || ' bytes a chunk', ', ' ORDER BY c.relname) FROM pg_class c
         WHERE c.relnamespace='gristmill'::regnamespace AND c.relname IN ('chunk', 'vector_1', 'chunk_words', 'vector_1_near')",
    )
}

/// Latencies and recall of the index against comparing all, through the store and in plain SQL.
fn search(server: &Server, rows: usize) {
    let database = server.database();
    let store = open(&server.url(&database));
    store.source("/books").unwrap();
    for changes in &batches(rows, 2000) {
        store.apply(changes).unwrap();
    }
    let queries: Vec<Vec<f32>> = (0..200).map(|n| vector(rows + 7 * n)).collect();
    let exact: Vec<Vec<String>> = queries.iter().map(|query| found(&store, query)).collect();
    let begun = Instant::now();
    store.build_index().unwrap();
    println!(
        "index over {rows} vectors built in {:.1} s; {}",
        begun.elapsed().as_secs_f64(),
        sizes(server, &database)
    );
    let (mut hits, mut times) = (0, Vec::new());
    for (query, exact) in queries.iter().zip(&exact) {
        let begun = Instant::now();
        let near = found(&store, query);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        hits += exact.iter().filter(|text| near.contains(text)).count();
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let recall = hits as f64 / exact.iter().map(Vec::len).sum::<usize>() as f64;
    println!("store: p50 {:.2} ms, p99 {:.2} ms, recall@10 {recall:.3}", at(0.5), at(0.99));
}

fn found(store: &PostgresStore, vector: &[f32]) -> Vec<String> {
    let query = Query {
        mode: Mode::Semantic,
        words: String::new(),
        vector: Some(vector.to_vec()),
        k: 10,
        filter: Filter::default(),
    };
    store.search(&query).unwrap().into_iter().map(|hit| hit.text).collect()
}

fn open(url: &str) -> PostgresStore {
    let store = PostgresStore::open(url, Access::Create, FullText::On).unwrap();
    let model =
        ModelId { provider: "bench".to_owned(), model: String::new(), dimensions: DIMENSIONS };
    store.bind_model(&model).unwrap();
    store
}

/// Changes of transactions of about `batch` chunks.
fn batches(rows: usize, batch: usize) -> Vec<Vec<Change>> {
    let documents: Vec<usize> = (0..rows / CHUNKS).collect();
    documents
        .chunks(batch / CHUNKS)
        .map(|some| some.iter().map(|n| document(*n)).collect())
        .collect()
}

fn document(number: usize) -> Change {
    let hash = Hash(*blake3::hash(&number.to_le_bytes()).as_bytes());
    let name = format!("{number}.md");
    Change::Segment(Segment {
        source: SourceId(1),
        file: name.clone(),
        name,
        key: VersionKey { content: hash, pipeline: hash },
        run: 1,
        first: 0,
        records: (0..CHUNKS).map(|seq| record(number, seq)).collect(),
        finish: Some(Finish {
            total: CHUNKS as u32,
            title: None,
            label: Label { domain: "d".to_owned(), category: "c".to_owned() },
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }),
    })
}

/// About 600 bytes of words out of some thousands, often ones more often.
fn text(number: usize) -> String {
    let mut random = Random(number as u64 ^ 0x5851_f42d_4c95_7f2d);
    let words: Vec<String> = (0..95)
        .map(|_| {
            let rank = random.unit() * random.unit() * random.unit();
            format!("w{}", (rank * 60_000.0) as u32)
        })
        .collect();
    words.join(" ")
}

fn record(document: usize, seq: usize) -> Record {
    let number = document * CHUNKS + seq;
    let text = format!("{number} {}", text(number));
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let chunk = Chunk {
        seq: seq as u32,
        id: hash[16..].try_into().unwrap(),
        text_hash: hash[..16].try_into().unwrap(),
        tokens: 100,
        label: OwnLabel::default(),
        chapter: Some("A chapter".to_owned()),
        section: Some("A chapter > a section".to_owned()),
        page: Some(7),
        span: Span { start: 0, end: 600 },
        weight: 1.0,
        metadata: Metadata::default(),
        text,
    };
    Record { chunk, vector: Vector::Present(Embedding::new(vector(number), DIMENSIONS).unwrap()) }
}

/// Around one of 3,000 centres, as texts of one subject lie.
fn vector(number: usize) -> Vec<f32> {
    let mut centre = Random((number % 3000) as u64 + 1);
    let mut noise = Random(number as u64 ^ 0x2545_f491_4f6c_dd1d);
    (0..DIMENSIONS).map(|_| (centre.unit() - 0.5 + 0.6 * (noise.unit() - 0.5)) as f32).collect()
}

/// Xorshift, mixed at the start so that neighbouring seeds differ.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut x = self.0;
        x ^= x >> 29;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x >> 11) as f64 / (1_u64 << 53) as f64
    }
}
