//! The Postgres store beside what the server can do at best, in one run on one server.
//!
//! `cargo bench -p gristmill-stores --bench postgres -- ingest` writes the same rows through the store (documents
//! gated, fenced, replaced whole) and with `psql \copy … (FORMAT binary)` into the same tables, interleaved;
//! `-- search --rows 300000` builds the index and compares searches with plain SQL. The numbers are ratios of one
//! run; a busy machine changes both sides. `--rounds N` sets how often.
#![expect(clippy::unwrap_used, reason = "a failing step fails the measurement")]
#![expect(clippy::print_stdout, reason = "the result is what it prints")]

mod ingest;
mod processor;
mod rows;
mod search;

use postgres_server::{Release, Server};
use stores::{Access, FullText, PostgresStore};
use types::embedding::ModelId;
use types::seam::Store as _;

const DIMENSIONS: usize = 256;
/// Chunks of a document.
const CHUNKS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |flag: &str| -> Option<usize> {
        let at = arguments.iter().position(|argument| argument == flag)?;
        Some(arguments[at + 1].parse().unwrap())
    };
    let server = Server::start(Release::Sixteen, &["shared_buffers=1GB", "max_wal_size=1GB"]);
    if arguments.iter().any(|argument| argument == "search") {
        search::measure(&server, number("--rows").unwrap_or(50_000));
    } else {
        let (rows, rounds) = (number("--rows").unwrap_or(20_000), number("--rounds").unwrap_or(7));
        for batch in [2000, 200] {
            ingest::measure(&server, (rows, batch), rounds);
        }
    }
}

/// Over the server's socket, as `psql` goes.
fn url(server: &Server, database: &str) -> String {
    let folder = server.folder().display().to_string().replace('/', "%2F");
    format!("postgres://gristmill@{folder}:{}/{database}", server.port())
}

fn open(url: &str, full_text: FullText) -> PostgresStore {
    let store = PostgresStore::open(url, Access::Create, full_text).unwrap();
    let model =
        ModelId { provider: "bench".to_owned(), model: String::new(), dimensions: DIMENSIONS };
    store.bind_model(&model).unwrap();
    store
}

/// Bytes of tables and indexes.
fn sizes(server: &Server, database: &str) -> String {
    server.sql(
        database,
        "SELECT string_agg(c.relname || ': ' || pg_total_relation_size(c.oid) / greatest(1, (SELECT count(*) FROM gristmill.chunk))
           || ' bytes a chunk', ', ' ORDER BY c.relname) FROM pg_class c
         WHERE c.relnamespace='gristmill'::regnamespace AND c.relname IN ('chunk', 'vector_1', 'chunk_words', 'vector_1_near')",
    )
}

/// The middle one.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
